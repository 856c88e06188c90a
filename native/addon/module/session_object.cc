// SPDX-License-Identifier: MIT
#include "session_object.h"

#include "../log.h"

#include <netinet/in.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "ipvscope_services.h"

namespace ipvscope {
namespace {

// EndpointFilter in src/native/event-filter.ts.
ipvscope_endpoint_filter ReadFilter(const Napi::Value& given) {
  ipvscope_endpoint_filter filter{};
  const Napi::Object object = given.As<Napi::Object>();
  filter.port = htons(static_cast<uint16_t>(object.Get("port").As<Napi::Number>().Uint32Value()));
  filter.port_zero = object.Get("portZero").ToBoolean().Value() ? 1 : 0;
  const Napi::Uint8Array address = object.Get("address").As<Napi::Uint8Array>();
  const size_t bytes = std::min(address.ByteLength(), sizeof(filter.address));
  if (bytes == 0) {
    return filter;
  }
  filter.family = bytes == sizeof(in_addr) ? AF_INET : AF_INET6;
  const uint32_t length = object.Get("prefixLength").As<Napi::Number>().Uint32Value();
  auto* mask = reinterpret_cast<uint8_t*>(filter.mask);
  for (uint32_t bit = 0; bit < length && bit < bytes * 8; bit++) {
    mask[bit / 8] |= static_cast<uint8_t>(0x80U >> (bit % 8));
  }
  memcpy(filter.address, address.Data(), bytes);
  for (size_t word = 0; word < std::size(filter.address); word++) {
    filter.address[word] &= filter.mask[word];
  }
  return filter;
}

// Reads an array of at most IPVSCOPE_FILTER_MOST elements, or undefined; returns how many.
template <typename Element, typename Read>
uint32_t ReadArray(const Napi::Value& given, Element* elements, Read read) {
  if (!given.IsArray()) {
    return 0;
  }
  const Napi::Array array = given.As<Napi::Array>();
  const uint32_t count = std::min<uint32_t>(array.Length(), IPVSCOPE_FILTER_MOST);
  for (uint32_t i = 0; i < count; i++) {
    elements[i] = read(array.Get(i));
  }
  return count;
}

// EventFilter in src/native/event-filter.ts.
void ReadFilters(const Napi::Object& given, ipvscope_filter* filter) {
  const auto number = [](const Napi::Value& value) { return value.ToNumber().Uint32Value(); };
  filter->clients = ReadArray(given.Get("client"), filter->client, ReadFilter);
  filter->virtual_services = ReadArray(given.Get("virtual"), filter->virtual_service, ReadFilter);
  filter->destinations = ReadArray(given.Get("destination"), filter->destination, ReadFilter);
  filter->fwmarks = ReadArray(given.Get("fwmark"), filter->fwmark, number);
  filter->namespaces = ReadArray(given.Get("netns"), filter->netns, number);
  const Napi::Value protocols = given.Get("protocols");
  filter->protocols = protocols.IsNumber() ? number(protocols) : 0;
}

} // namespace

void Throw(Napi::Env env, const Failure& failure) {
  Napi::Error error = Napi::Error::New(env, failure.message);
  error.Set("code", failure.code);
  error.Set("step", failure.step);
  if (failure.error != 0) {
    error.Set("errno", static_cast<double>(failure.error));
  }
  if (!failure.hint.empty()) {
    error.Set("hint", failure.hint);
  }
  if (!failure.log.empty()) {
    error.Set("log", failure.log);
  }
  throw error;
}

Napi::Function SessionObject::Define(Napi::Env env) {
  return DefineClass(env, "Session",
                     {
                         InstanceMethod<&SessionObject::Open>("open"),
                         InstanceMethod<&SessionObject::Start>("start"),
                         InstanceMethod<&SessionObject::Drain>("drain"),
                         InstanceMethod<&SessionObject::ArmWakeup>("rearm"),
                         InstanceMethod<&SessionObject::ReadAggregates>("readAggregates"),
                         InstanceMethod<&SessionObject::HasAggregates>("hasAggregates"),
                         InstanceMethod<&SessionObject::Programs>("programs"),
                         InstanceMethod<&SessionObject::Losses>("losses"),
                         InstanceMethod<&SessionObject::SetServices>("setServices"),
                         InstanceMethod<&SessionObject::KernelMemory>("kernelMemory"),
                         InstanceMethod<&SessionObject::Beat>("beat"),
                         InstanceMethod<&SessionObject::Generate>("generate"),
                         InstanceMethod<&SessionObject::Detach>("detach"),
                         InstanceMethod<&SessionObject::Close>("close"),
                     });
}

// new Session(buffer: Uint8Array), whose length is a multiple of the record's size.
SessionObject::SessionObject(const Napi::CallbackInfo& info)
    : Napi::ObjectWrap<SessionObject>(info),
      buffer_(Napi::Persistent(info[0].As<Napi::Uint8Array>())) {}

// open(config: SessionConfig in src/native/addon.ts)
void SessionObject::Open(const Napi::CallbackInfo& info) {
  Log::Install();
  const Napi::Object given = info[0].As<Napi::Object>();
  const auto number = [&given](const char* name) {
    return given.Get(name).As<Napi::Number>().Uint32Value();
  };
  Session::Config config{};
  config.ring_bytes = number("ringBytes");
  config.detail = number("detail");
  config.services = number("services");
  config.variant = static_cast<Variant>(number("variant"));
  config.btf_file = given.Get("types").As<Napi::String>().Utf8Value();
  config.verifier_log = given.Get("verifierLog").As<Napi::Boolean>().Value();
  ReadFilters(given.Get("filter").As<Napi::Object>(), &config.filter);
  config.quiescent = given.Get("settled").As<Napi::Boolean>().Value();
  config.batch_operations = given.Get("batches").As<Napi::Boolean>().Value();
  config.key_idle_ns = uint64_t{number("keyIdleMs")} * 1'000'000;
  if (Outcome failure = session_.Open(config)) {
    Throw(info.Env(), *failure);
  }
}

// start(onWake: () => void)
void SessionObject::Start(const Napi::CallbackInfo& info) {
  MustBeOpen(info.Env());
  if (poller_.running()) {
    Throw(info.Env(), Failure{"ERR_PROBE_STARTED", "ring", EALREADY, "started already", {}});
  }
  on_wake_ = Napi::Persistent(info[0].As<Napi::Function>());
  const int descriptor = session_.rings().descriptor();
  const int error = poller_.Start(info.Env(), descriptor, [this] { OnReadable(); });
  if (error != 0) {
    Throw(info.Env(),
          Failure{"ERR_PROBE_RING", "ring", -error, "cannot poll the ring buffers", {}});
  }
  Ref();
}

void SessionObject::OnReadable() {
  const Napi::HandleScope scope(Env());
  session_.rings().AckWakeup();
  // napi_make_callback runs microtasks afterwards; an exception goes to the process's handler.
  napi_value result = nullptr;
  napi_value receiver = Value();
  const napi_status status =
      napi_make_callback(Env(), nullptr, receiver, on_wake_.Value(), 0, nullptr, &result);
  if (status == napi_pending_exception) {
    napi_value exception = nullptr;
    napi_get_and_clear_last_exception(Env(), &exception);
    napi_fatal_exception(Env(), exception);
  }
}

// drain(): number of records now in the buffer; 0 when the rings are empty
Napi::Value SessionObject::Drain(const Napi::CallbackInfo& info) {
  MustBeOpen(info.Env());
  Napi::Uint8Array buffer = buffer_.Value();
  // A buffer that was transferred to another thread has length 0.
  const size_t records =
      session_.rings().Drain(buffer.Data(), buffer.ByteLength() / sizeof(ipvscope_record));
  return Napi::Number::New(info.Env(), static_cast<double>(records));
}

// rearm(): false where something has come that nobody was woken for
Napi::Value SessionObject::ArmWakeup(const Napi::CallbackInfo& info) {
  MustBeOpen(info.Env());
  return Napi::Boolean::New(info.Env(), session_.rings().ArmWakeup());
}

// hasAggregates(): whether anything was aggregated that readAggregates() has not yet returned
Napi::Value SessionObject::HasAggregates(const Napi::CallbackInfo& info) {
  MustBeOpen(info.Env());
  return Napi::Boolean::New(info.Env(), session_.aggregates().has_unread());
}

// readAggregates(): number of records of several packets now in the buffer; 0 when all were read
Napi::Value SessionObject::ReadAggregates(const Napi::CallbackInfo& info) {
  MustBeOpen(info.Env());
  Napi::Uint8Array buffer = buffer_.Value();
  size_t records = 0;
  const size_t most = buffer.ByteLength() / sizeof(ipvscope_record);
  if (Outcome failure = session_.aggregates().Read(buffer.Data(), most, &records)) {
    Throw(info.Env(), *failure);
  }
  return Napi::Number::New(info.Env(), static_cast<double>(records));
}

Napi::Value SessionObject::Programs(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  MustBeOpen(env);
  std::vector<Programs::State> programs;
  if (Outcome failure = session_.ReadPrograms(&programs)) {
    Throw(env, *failure);
  }
  Napi::Array list = Napi::Array::New(env, programs.size());
  for (uint32_t i = 0; i < programs.size(); i++) {
    Napi::Object entry = Napi::Object::New(env);
    entry.Set("name", programs[i].name);
    entry.Set("id", programs[i].id);
    entry.Set("function", programs[i].function);
    entry.Set("variant", programs[i].variant);
    entry.Set("attached", programs[i].attached);
    if (programs[i].counts_skipped_runs) {
      entry.Set("skippedRuns", static_cast<double>(programs[i].skipped_runs));
    }
    entry.Set("verifiedInstructions", programs[i].verified_instructions);
    entry.Set("verifierLog", programs[i].verifier_log);
    list.Set(i, entry);
  }
  return list;
}

// losses(): number[] by enum ipvscope_loss
Napi::Value SessionObject::Losses(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  MustBeOpen(env);
  Session::Losses losses{};
  if (Outcome failure = session_.ReadLosses(&losses)) {
    Throw(env, *failure);
  }
  Napi::Array list = Napi::Array::New(env, losses.size());
  for (uint32_t cause = 0; cause < losses.size(); cause++) {
    list.Set(cause, static_cast<double>(losses[cause]));
  }
  return list;
}

// setServices(keys: Uint8Array): how many of these ipvscope_service_key found no room
Napi::Value SessionObject::SetServices(const Napi::CallbackInfo& info) {
  MustBeOpen(info.Env());
  const Napi::Uint8Array keys = info[0].As<Napi::Uint8Array>();
  size_t left_out = 0;
  const size_t count = keys.ByteLength() / sizeof(ipvscope_service_key);
  if (Outcome failure = session_.services().Set(keys.Data(), count, &left_out)) {
    Throw(info.Env(), *failure);
  }
  return Napi::Number::New(info.Env(), static_cast<double>(left_out));
}

// kernelMemory(): bytes
Napi::Value SessionObject::KernelMemory(const Napi::CallbackInfo& info) {
  MustBeOpen(info.Env());
  return Napi::Number::New(info.Env(), static_cast<double>(session_.KernelMemory()));
}

// beat(): whether the probe observed the heartbeat's packet
Napi::Value SessionObject::Beat(const Napi::CallbackInfo& info) {
  MustBeOpen(info.Env());
  bool seen = false;
  if (Outcome failure = session_.Beat(&seen)) {
    Throw(info.Env(), *failure);
  }
  return Napi::Boolean::New(info.Env(), seen);
}

// generate(first, count, keys)
void SessionObject::Generate(const Napi::CallbackInfo& info) {
  MustBeOpen(info.Env());
  const auto first = static_cast<uint64_t>(info[0].As<Napi::Number>().Int64Value());
  const uint32_t count = info[1].As<Napi::Number>().Uint32Value();
  const uint32_t keys = info[2].As<Napi::Number>().Uint32Value();
  if (Outcome failure = session_.Generate(first, count, keys)) {
    Throw(info.Env(), *failure);
  }
}

void SessionObject::Detach(const Napi::CallbackInfo& info) {
  if (Outcome failure = session_.Detach()) {
    Throw(info.Env(), *failure);
  }
}

void SessionObject::Close(const Napi::CallbackInfo&) {
  StopPolling();
  session_.Close();
}

void SessionObject::StopPolling() {
  if (poller_.running()) {
    poller_.Stop();
    on_wake_.Reset();
    Unref();
  }
}

void SessionObject::MustBeOpen(Napi::Env env) const {
  if (!session_.is_open()) {
    Throw(env, Failure{"ERR_PROBE_CLOSED", "use", 0, "the session is not open", {}});
  }
}

} // namespace ipvscope
