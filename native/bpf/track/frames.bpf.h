/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Keeps a function's arguments until it returns: a kretprobe gets the return value alone.
 *
 * A call is identified by its stack pointer, which no other call has at the same time, whatever
 * nests, interrupts or migrates. A return that the kernel did not report (all instances of the
 * kretprobe were in use) leaves its frame behind: the next call at the same address finds and
 * counts it.
 */
#ifndef IPVSCOPE_FRAMES_BPF_H
#define IPVSCOPE_FRAMES_BPF_H

#include "../output/emit.bpf.h"

enum frame_function {
	FRAME_LOOKUP = 1,
	FRAME_HOOK,
	FRAME_SERVICE,
	FRAME_SCHEDULE,
	FRAME_ICMP,
};

struct frame_key {
	__u64 stack;
	__u64 function; /* enum frame_function */
};

struct frame {
	__u64 arguments[5];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, struct frame_key);
	__type(value, struct frame);
} frames SEC(".maps");

/* Bytes that a return pops: at a function's first instruction the stack pointer is at the return
 * address, if the architecture pushes one. */
#if defined(bpf_target_x86)
#define RETURN_ADDRESS_ON_STACK 8
#else
#define RETURN_ADDRESS_ON_STACK 0
#endif

static __always_inline void enter_function(struct pt_regs *context, enum frame_function function)
{
	struct frame_key key = {.stack = PT_REGS_SP(context), .function = function};
	struct frame frame = {{PT_REGS_PARM1(context), PT_REGS_PARM2(context),
			       PT_REGS_PARM3(context), PT_REGS_PARM4(context),
			       PT_REGS_PARM5(context)}};

	if (!bpf_map_update_elem(&frames, &key, &frame, BPF_NOEXIST))
		return;
	/* The map is full, or a call's return was not reported. A tracked packet whose hook's
	 * return was not reported is counted elsewhere (pending.bpf.h). */
	if (bpf_map_update_elem(&frames, &key, &frame, BPF_EXIST))
		count_loss(IPVSCOPE_LOSS_PENDING_FULL);
	else if (function != FRAME_HOOK)
		count_loss(IPVSCOPE_LOSS_UNPAIRED);
}

/* Returns the call's arguments; false where its entry was not recorded. */
static __always_inline bool leave_function(struct pt_regs *context, enum frame_function function,
					   struct frame *frame)
{
	struct frame_key key = {
		.stack = PT_REGS_SP(context) - RETURN_ADDRESS_ON_STACK,
		.function = function,
	};
	struct frame *known = bpf_map_lookup_elem(&frames, &key);

	if (!known)
		return false;
	*frame = *known;
	bpf_map_delete_elem(&frames, &key);
	return true;
}

#endif
