/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What the two sets of programs share. */
#ifndef IPVSCOPE_PROGRAMS_BPF_H
#define IPVSCOPE_PROGRAMS_BPF_H

#include "kernel/kernel.bpf.h"
#include "../include/ipvscope_hooks.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* Puts a program into the section that its row of the table names. */
#define DECLARE_PROGRAM(context_type, name, type, function)                                        \
	SEC(#type "/" #function) int name(context_type *context);

/* Returns the third argument of kfree_skb's tracepoint (since Linux 5.17); 0: no reason given. */
static __always_inline __u16 drop_reason(const unsigned long long *arguments)
{
	__u32 reason;

	if (!bpf_core_type_exists(enum skb_drop_reason))
		return 0;
	reason = arguments[2];
	if (reason == bpf_core_enum_value(enum skb_drop_reason, SKB_DROP_REASON_NOT_SPECIFIED))
		return 0;
	return reason;
}

#endif
