// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * Entry points of the probe for kprobes and kretprobes, and of the record generator, which runs on
 * any kernel. A kretprobe gets the return value alone: a call's arguments are kept from its entry
 * (frames.bpf.h). What they attach to, and in which order, is in ipvscope_hooks.h.
 */
#include "track/frames.bpf.h"
#include "track/verdict.bpf.h"
#include "output/generate.bpf.h"
#include "programs.bpf.h"

#define CONTEXT_kprobe			    struct pt_regs
#define CONTEXT_kretprobe		    struct pt_regs
#define CONTEXT_raw_tp			    unsigned long long
#define DECLARE(name, type, function, need) DECLARE_PROGRAM(CONTEXT_##type, name, type, function)
IPVSCOPE_KPROBE_PROGRAMS(DECLARE)

int lookup_kprobe(struct pt_regs *context)
{
	const struct ip_vs_iphdr *iph = (void *)PT_REGS_PARM4(context);
	const struct sk_buff *skb = (void *)PT_REGS_PARM3(context);

	enter_function(context, FRAME_LOOKUP);
	/* At the entry already: the return may not be reported. */
	if (!none_pending(skb) && !BPF_CORE_READ(iph, hdr_flags))
		evict_unpaired(skb);
	return 0;
}

int lookup_kretprobe(struct pt_regs *context)
{
	struct frame call;

	void *conn = (void *)PT_REGS_RC(context);

	if (!leave_function(context, FRAME_LOOKUP, &call))
		return 0;
	if (counts_lookups)
		on_any_lookup((void *)call.arguments[0], call.arguments[1],
			      (void *)call.arguments[2], (void *)call.arguments[3], conn);
	if (may_be_notable((void *)call.arguments[0], (void *)call.arguments[2],
			   (void *)call.arguments[3], conn))
		on_notable_lookup(context, (void *)call.arguments[0], call.arguments[1],
				  (void *)call.arguments[2], (void *)call.arguments[3], conn);
	return 0;
}

static __always_inline void leave_hook(struct pt_regs *context)
{
	struct frame call;

	if (leave_function(context, FRAME_HOOK, &call) && !none_pending((void *)call.arguments[1]))
		on_verdict(context, (void *)call.arguments[1], PT_REGS_RC(context));
}

/* The netfilter hooks: one function since Linux 5.16, four wrappers before. */
#define HOOK(function)                                                                             \
	int function##_kprobe(struct pt_regs *context)                                             \
	{                                                                                          \
		enter_function(context, FRAME_HOOK);                                               \
		return 0;                                                                          \
	}                                                                                          \
	int function##_kretprobe(struct pt_regs *context)                                          \
	{                                                                                          \
		leave_hook(context);                                                               \
		return 0;                                                                          \
	}

HOOK(ip_vs_in_hook)
HOOK(ip_vs_remote_request4)
HOOK(ip_vs_remote_request6)
HOOK(ip_vs_local_request4)
HOOK(ip_vs_local_request6)

int BPF_KPROBE(expire_kprobe, struct ip_vs_conn *conn)
{
	on_expire(ctx, conn);
	return 0;
}

int service_kprobe(struct pt_regs *context)
{
	enter_function(context, FRAME_SERVICE);
	return 0;
}

int service_kretprobe(struct pt_regs *context)
{
	struct frame call;

	if (leave_function(context, FRAME_SERVICE, &call))
		on_service_lookup(context, (void *)call.arguments[4], (void *)PT_REGS_RC(context));
	return 0;
}

int schedule_kprobe(struct pt_regs *context)
{
	enter_function(context, FRAME_SCHEDULE);
	return 0;
}

int schedule_kretprobe(struct pt_regs *context)
{
	struct frame call;

	if (leave_function(context, FRAME_SCHEDULE, &call))
		on_schedule(context, (void *)call.arguments[0], (void *)call.arguments[1],
			    (void *)call.arguments[4], (void *)PT_REGS_RC(context),
			    (void *)call.arguments[3]);
	return 0;
}

#define ICMP(function)                                                                             \
	int function##_kprobe(struct pt_regs *context)                                             \
	{                                                                                          \
		enter_function(context, FRAME_ICMP);                                               \
		on_icmp_begin();                                                                   \
		return 0;                                                                          \
	}                                                                                          \
	int function##_kretprobe(struct pt_regs *context)                                          \
	{                                                                                          \
		struct frame call;                                                                 \
                                                                                                   \
		if (leave_function(context, FRAME_ICMP, &call))                                    \
			on_icmp_error(context, (void *)call.arguments[0], call.arguments[1],       \
				      call.arguments[2]);                                          \
		return 0;                                                                          \
	}

ICMP(__icmp_send)
ICMP(icmp6_send)

int push_kprobe(struct pt_regs *context)
{
	on_icmp_push();
	return 0;
}

int push6_kprobe(struct pt_regs *context)
{
	on_icmp_push();
	return 0;
}

int BPF_KPROBE(reset_kprobe, const struct sock *socket, struct sk_buff *skb)
{
	on_reset(skb);
	return 0;
}

int BPF_KPROBE(reset6_kprobe, const struct sock *socket, struct sk_buff *skb)
{
	on_reset(skb);
	return 0;
}

int BPF_PROG(freed_raw_tracepoint, struct sk_buff *skb, void *location)
{
	on_freed(ctx, skb, (__u64)(unsigned long)location, drop_reason(ctx));
	return 0;
}

SEC("raw_tp")
int generate_records(__u64 *context)
{
	generate(context[0], context[1], context[2]);
	return 0;
}
