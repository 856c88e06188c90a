// SPDX-License-Identifier: MIT
/*
 * The addon that most programs would have: ring_buffer__consume() calls a JavaScript function with
 * an object for every record. callback-consumer.ts has the other end; its arguments are what they
 * have to be.
 *
 *   open(object: string, ringBytes: number): void
 *   generate(first: number, records: number, keys: number): void
 *   consume(onRecord: (record: object) => void): number
 */
#include <arpa/inet.h>
#include <string.h>

#define NAPI_VERSION 8
#include <node_api.h>

#include "generator.h"

/* Of one environment: one session each. */
struct session {
	struct generator generator;
	napi_env env;
	napi_value on_record, receiver; /* while consume() runs */
};

/* An exception is pending already where the function called JavaScript. */
static bool is_ok(napi_env env, napi_status status, const char *what)
{
	bool pending = false;

	if (status == napi_ok)
		return true;
	if (napi_is_exception_pending(env, &pending) == napi_ok && !pending)
		napi_throw_error(env, "ERR_BENCH_CALLBACK", what);
	return false;
}

static napi_value throw_errno(napi_env env, const char *what, int error)
{
	char message[192];

	snprintf(message, sizeof(message), "%s: %s", what, strerror(-error));
	napi_throw_error(env, "ERR_BENCH_CALLBACK", message);
	return NULL;
}

static struct session *session_of(napi_env env)
{
	void *session = NULL;

	return is_ok(env, napi_get_instance_data(env, &session), "no session") ? session : NULL;
}

static bool set_number(napi_env env, napi_value object, const char *name, double number)
{
	napi_value value;

	return is_ok(env, napi_create_double(env, number, &value), name) &&
	       is_ok(env, napi_set_named_property(env, object, name, value), name);
}

/* `address:port`; what there is of IPv6 is not made by the generator. */
static bool set_endpoint(napi_env env, napi_value object, const char *name, int family,
			 const __u8 *address, __be16 port)
{
	char host[INET6_ADDRSTRLEN], text[INET6_ADDRSTRLEN + 8];
	napi_value value;
	int length;

	if (!inet_ntop(family, address, host, sizeof(host)))
		return is_ok(env, napi_generic_failure, name);
	length = snprintf(text, sizeof(text), "%s:%u", host, ntohs(port));
	return is_ok(env, napi_create_string_latin1(env, text, length, &value), name) &&
	       is_ok(env, napi_set_named_property(env, object, name, value), name);
}

static bool describe(napi_env env, const struct ipvscope_record *record, napi_value *object)
{
	return is_ok(env, napi_create_object(env, object), "object") &&
	       set_number(env, *object, "count", record->count) &&
	       set_number(env, *object, "weight", record->weight) &&
	       set_number(env, *object, "netns", record->netns) &&
	       set_number(env, *object, "fwmark", record->fwmark) &&
	       set_number(env, *object, "kind", record->kind) &&
	       set_number(env, *object, "verdict", record->verdict) &&
	       set_number(env, *object, "connState", record->conn_state) &&
	       set_number(env, *object, "protocol", record->protocol) &&
	       set_number(env, *object, "forwarding", record->forwarding) &&
	       set_number(env, *object, "conntrack", record->conntrack) &&
	       set_number(env, *object, "flags", record->flags) &&
	       set_endpoint(env, *object, "client", record->family, record->client_address,
			    record->client_port) &&
	       set_endpoint(env, *object, "virtual", record->family, record->virtual_address,
			    record->virtual_port) &&
	       set_endpoint(env, *object, "destination", record->destination_family,
			    record->destination_address, record->destination_port);
}

static int call(const struct session *session, const struct ipvscope_record *record)
{
	napi_value object, result;

	if (!describe(session->env, record, &object))
		return -1;
	return is_ok(session->env,
		     napi_call_function(session->env, session->receiver, session->on_record, 1,
					&object, &result),
		     "call")
		       ? 0
		       : -1;
}

/* libbpf's callback; less than 0 ends the consuming. */
static int on_record(void *context, void *data, size_t size)
{
	const struct session *session = context;
	napi_handle_scope scope;
	int result;

	if (size != sizeof(struct ipvscope_record)) {
		napi_throw_error(session->env, "ERR_BENCH_CALLBACK", "a record of another size");
		return -1;
	}
	if (!is_ok(session->env, napi_open_handle_scope(session->env, &scope), "scope"))
		return -1;
	result = call(session, data);
	if (!is_ok(session->env, napi_close_handle_scope(session->env, scope), "scope"))
		return -1;
	return result;
}

static napi_value open_session(napi_env env, napi_callback_info info)
{
	struct session *session = session_of(env);
	napi_value arguments[2];
	size_t count = 2;
	char path[4096];
	__u32 bytes;
	int error;

	if (!session ||
	    !is_ok(env, napi_get_cb_info(env, info, &count, arguments, NULL, NULL), "arguments") ||
	    !is_ok(env, napi_get_value_string_utf8(env, arguments[0], path, sizeof(path), &count),
		   "object") ||
	    !is_ok(env, napi_get_value_uint32(env, arguments[1], &bytes), "ringBytes"))
		return NULL;
	error = generator_open(&session->generator, path, bytes, on_record, session);
	return error ? throw_errno(env, session->generator.what, error) : NULL;
}

static napi_value generate(napi_env env, napi_callback_info info)
{
	struct session *session = session_of(env);
	napi_value arguments[3];
	size_t count = 3;
	int64_t first;
	__u32 records, keys;
	int error;

	if (!session ||
	    !is_ok(env, napi_get_cb_info(env, info, &count, arguments, NULL, NULL), "arguments") ||
	    !is_ok(env, napi_get_value_int64(env, arguments[0], &first), "first") ||
	    !is_ok(env, napi_get_value_uint32(env, arguments[1], &records), "records") ||
	    !is_ok(env, napi_get_value_uint32(env, arguments[2], &keys), "keys"))
		return NULL;
	error = generator_run(session->generator.program, first, records, keys);
	return error ? throw_errno(env, "cannot run the generator", error) : NULL;
}

static napi_value consume(napi_env env, napi_callback_info info)
{
	struct session *session = session_of(env);
	napi_value result = NULL;
	bool pending = false;
	size_t count = 1;
	int consumed;

	if (!session || !is_ok(env, napi_get_undefined(env, &session->receiver), "receiver") ||
	    !is_ok(env, napi_get_cb_info(env, info, &count, &session->on_record, NULL, NULL),
		   "arguments"))
		return NULL;
	session->env = env;
	consumed = ring_buffer__consume(session->generator.ring);
	if (!is_ok(env, napi_is_exception_pending(env, &pending), "exception") || pending)
		return NULL;
	if (consumed < 0)
		return throw_errno(env, "cannot consume", consumed);
	if (!is_ok(env, napi_create_int32(env, consumed, &result), "result"))
		return NULL;
	return result;
}

static void close_session(napi_env env, void *data, void *hint)
{
	struct session *session = data;

	(void)env;
	(void)hint;
	ring_buffer__free(session->generator.ring);
	bpf_object__close(session->generator.object);
	free(session);
}

NAPI_MODULE_INIT()
{
	const napi_property_descriptor functions[] = {
		{.utf8name = "open", .method = open_session, .attributes = napi_enumerable},
		{.utf8name = "generate", .method = generate, .attributes = napi_enumerable},
		{.utf8name = "consume", .method = consume, .attributes = napi_enumerable},
	};
	struct session *session = calloc(1, sizeof(*session));

	if (!session) {
		napi_throw_error(env, "ERR_BENCH_CALLBACK", "no memory");
		return NULL;
	}
	if (!is_ok(env, napi_set_instance_data(env, session, close_session, NULL), "session")) {
		free(session);
		return NULL;
	}
	if (!is_ok(env,
		   napi_define_properties(env, exports, sizeof(functions) / sizeof(*functions),
					  functions),
		   "exports"))
		return NULL;
	return exports;
}
