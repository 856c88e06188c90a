/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Tracks packets between lookup and verdict: when a program may use what another one noted about a
 * packet. How programs share the store is described in ../../include/ipvscope_pending.h.
 *
 * A packet in the hook is identified by {skb, task}. The skb alone is not enough: transmission
 * frees it, and its address may carry another packet before the outer hook returns. The task alone
 * is not enough: softirq packets interrupt a local client's call on the same CPU, in the same task.
 * The CPU is not usable: LOCAL_OUT runs in process context, where a task migrates. Functions
 * without an skb argument find their task's packet by the entry (conn) or by the IP header
 * description on the hook's own stack (iph).
 *
 * {skb, task} is not enough either. The kernel skips a run of a program while another run of it is
 * in progress on the CPU (__bpf_prog_enter_recur(), kernel/bpf/trampoline.c): a task was preempted
 * in it, or interrupted by the softirq that the packet is in. If the kernel skips packet 1's
 * verdict and packet 2's lookup, the verdict of packet 2, in the same task and with an sk_buff at
 * the same address, would find the record of packet 1. So each record carries the epoch that it was
 * created in, and only programs of that epoch find it:
 *
 *   A. An epoch is a stretch of time in which a task, or one softirq on top of it, has a CPU
 *      without interruption: {task, its start, its context switches, softirqs of the CPU}.
 *   B. Throughout an epoch the same runs lie suspended below it on the CPU: those of preempted
 *      tasks, and those that the softirq interrupted. So each program either runs for every packet
 *      of the epoch, or is skipped for every one.
 *   C. A record in the store shows that the lookup runs in its epoch. A verdict that finds it shows
 *      that the verdict runs in it, too. So had the record's packet left the hook, its record would
 *      be gone; had another packet come since, at the same address, its lookup would have evicted
 *      the record. The record belongs to the packet of the verdict.
 *   D. One case remains: another sk_buff at the address of one that was freed before its hook
 *      returned (a tunnel sends a copy), and that takes no lookup (an ICMP error about the copy).
 *      Its bytes differ (is_same_packet()).
 *   E. A task that is switched out between a packet's lookup and verdict ends the epoch: the packet
 *      is counted as unpaired. That is rare unless tasks compete for a CPU, and by (B) unavoidable.
 *
 * A kprobe's program is not preempted, and a task that is switched out between two of them is found
 * again: kprobes have a single epoch. Either all of them are skipped together (bpf_prog_active), or
 * one return is not reported (kretprobe instances ran out); the lookup's entry evicts what is left
 * at this address, and is_same_packet() is checked as well.
 *
 * Not covered: an observation (expire, service, schedule, ICMP error, kfree_skb) whose own run was
 * skipped. Where something else reveals that (is_seen_whole()), the packet is unpaired. Otherwise a
 * dropped packet may be reported without its ICMP error, and one that could not be transmitted as
 * forwarded.
 */
#ifndef IPVSCOPE_PENDING_BPF_H
#define IPVSCOPE_PENDING_BPF_H

#include "../kernel/describe.bpf.h"
#include "../output/emit.bpf.h"
#include "../../include/ipvscope_pending.h"

/* What the kernel did with the packet since the lookup. */
enum observation {
	/* ip_vs_conn_expire_now() on the entry found */
	OBSERVED_EXPIRE = 1,
	/* ip_vs_service_find() for this packet: it is about to be scheduled */
	OBSERVED_SERVICE_LOOKUP = 2,
	/* ip_vs_schedule() returned an entry */
	OBSERVED_SCHEDULED = 4,
	/* ip_vs_schedule() returned none */
	OBSERVED_SCHEDULE_FAILED = 8,
	/* an ICMP error about this packet was sent */
	OBSERVED_ICMP_ERROR = 16,
	/* freed as dropped by a transmit function of ip_vs */
	OBSERVED_FREED = 32,
	/* one of the last two, on an sk_buff at this address that may be another packet */
	OBSERVED_DOUBT = 64,
};

/* fentry and fexit use the slots; kprobes only the buckets, as counters. */
struct ipvscope_pending_store pending;

/* The address of `pending` in the kernel: the verifier allows the difference of two pointers, but
 * no pointer as a number. */
__u64 pending_address;

/* Of kprobes only. Not LRU: that would evict live packets. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, struct ipvscope_pending_key);
	__type(value, struct ipvscope_pending);
} pending_packets SEC(".maps");

/* A packet on its way into or out of that map. No other program interrupts a kprobe's. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct ipvscope_pending);
} pending_scratch SEC(".maps");

/* A packet that this program has exclusively: in a slot, or at a key of the map. */
struct pending_claim {
	struct ipvscope_pending_ref in;
	struct ipvscope_pending_key key;
};

/* Returns a number that identifies a pointer in all programs. */
static __always_inline __u64 id_of(const void *name)
{
	__u64 id = (__u64)(unsigned long)name;

	/* The verifier lets a program shift the difference of two pointers, but no pointer. */
	if (TYPED_ARGUMENTS)
		asm volatile("%0 -= %1" : "+r"(id) : "r"(&pending));
	return id;
}

/* Returns the pointer that a number identifies. */
static __always_inline __u64 pointer_of(__u64 id)
{
	return TYPED_ARGUMENTS ? id + *(volatile __u64 *)&pending_address : id;
}

/* Prepares pointer_of(); called by programs that store numbers. */
static __always_inline void note_pending_address(void)
{
	if (!pending_address)
		*(void *volatile *)&pending_address = &pending;
}

/* Whether no packet is pending in the sk_buff's bucket: the early exit, nearly always true. */
static __always_inline bool none_pending(const struct sk_buff *skb)
{
	volatile __u64 *words = pending.buckets[ipvscope_pending_bucket_of(id_of(skb))].words;

	return !(words[0] | words[1]);
}

static __always_inline bool no_named_iph(const struct ip_vs_iphdr *iph)
{
	volatile __u64 *words = pending.names[ipvscope_pending_name_bucket_of(id_of(iph))].words;

	return !(words[0] | words[1]);
}

/* THREAD_SIZE of x86-64. Where stacks are larger, other code counts as a softirq, too: that only
 * ends more epochs. */
#define STACK_BYTES	 16384
#define EPOCH_OF_SOFTIRQ (1ULL << 63)

#ifdef IPVSCOPE_NO_KSYMS
static __always_inline __u32 softirqs_here(void)
{
	return 0;
}
#else
extern const struct kernel_stat kstat __ksym __weak;

static __always_inline __u32 softirqs_here(void)
{
	const struct kernel_stat *here;
	__u32 sum = 0;

	if (!&kstat)
		return 0;
	here = bpf_this_cpu_ptr(&kstat);
#pragma unroll
	for (int i = 0; i < NR_SOFTIRQS; i++)
		sum += here->softirqs[i];
	return sum;
}
#endif

/* Whether the program runs on its task's own stack; an interrupting softirq has its own. */
static __always_inline bool on_own_stack(const void *context, const struct task_struct *task)
{
	__u64 here = id_of(context) + *(volatile __u64 *)&pending_address;

	return here - (__u64)(unsigned long)task->stack < STACK_BYTES;
}

/* Reads the current epoch, see (A). */
static __always_inline void read_epoch(const void *context, struct ipvscope_pending_epoch *epoch)
{
	const struct task_struct *task;

	if (TYPED_ARGUMENTS) {
		task = bpf_get_current_task_btf();
		epoch->task = id_of(task);
		epoch->task_start = task->start_time;
		epoch->count = task->nvcsw + task->nivcsw;
		if (!on_own_stack(context, task))
			epoch->count = EPOCH_OF_SOFTIRQ | epoch->count << 32 | softirqs_here();
		return;
	}
	epoch->task = bpf_get_current_task();
	epoch->task_start = 0;
	epoch->count = 0;
	task = (const void *)(unsigned long)epoch->task;
	/* A BTF file may lack it (--btf). */
	if (bpf_core_field_exists(task->start_time))
		epoch->task_start = BPF_CORE_READ(task, start_time);
}

static __always_inline struct ipvscope_pending *
claim_in_map(enum ipvscope_pending_name kind, __u64 name,
	     const struct ipvscope_pending_epoch *epoch, bool any_epoch,
	     struct pending_claim *claim)
{
	struct ipvscope_pending *packet;

	claim->key.task = epoch->task;
#pragma unroll
	for (__u64 depth = 0; depth < IPVSCOPE_PENDING_DEPTH; depth++) {
		claim->key.depth = depth;
		packet = bpf_map_lookup_elem(&pending_packets, &claim->key);
		if (packet && ipvscope_pending_is_named(packet, kind, name) &&
		    ipvscope_pending_is_of(packet, epoch, any_epoch))
			return packet;
	}
	return NULL;
}

/*
 * Returns the packet of this task and epoch that has the name, exclusively until keep_pending() or
 * discard_pending(); NULL where there is none.
 */
static __always_inline struct ipvscope_pending *claim_pending(const void *context,
							      enum ipvscope_pending_name kind,
							      const void *pointer,
							      struct pending_claim *claim)
{
	__u64 name = id_of(pointer);
	struct ipvscope_pending_epoch epoch;

	read_epoch(context, &epoch);
	return TYPED_ARGUMENTS
		       ? ipvscope_pending_find(&pending, kind, name, &epoch, false, &claim->in)
		       : claim_in_map(kind, name, &epoch, false, claim);
}

/* Puts a claimed packet back, for other programs to find. */
static __always_inline void keep_pending(const struct pending_claim *claim)
{
	if (TYPED_ARGUMENTS)
		ipvscope_pending_publish(&pending, claim->in.slot, claim->in.live);
}

static __always_inline void count_in_map(const struct ipvscope_pending *packet, __u64 by)
{
	__sync_fetch_and_add(&pending.buckets[ipvscope_pending_bucket_of(packet->skb)].words[0],
			     by);
	if (packet->iph)
		__sync_fetch_and_add(
			&pending.names[ipvscope_pending_name_bucket_of(packet->iph)].words[0], by);
}

static __always_inline struct ipvscope_pending *scratch(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&pending_scratch, &zero);
}

/*
 * Takes a claimed packet out of the store, so that its record can be emitted. Returns NULL, and
 * then end_pending() must not be called, where it cannot: the session evicted the packet, or an
 * observation may be missing.
 */
static __always_inline struct ipvscope_pending *withdraw_pending(struct ipvscope_pending *packet,
								 const struct pending_claim *claim)
{
	struct ipvscope_pending *copy;

	if (TYPED_ARGUMENTS) {
		if (ipvscope_pending_withdraw(&pending, &claim->in))
			return packet;
		ipvscope_pending_release(&pending, claim->in.slot);
		count_loss(IPVSCOPE_LOSS_UNPAIRED);
		return NULL;
	}
	copy = scratch();
	if (!copy)
		return NULL;
	__builtin_memcpy(copy, packet, sizeof(*copy));
	/* On failure the packet stays: the next lookup or the session counts it. */
	if (bpf_map_delete_elem(&pending_packets, &claim->key))
		return NULL;
	count_in_map(copy, -1);
	return copy;
}

/* Frees the slot after withdraw_pending(). */
static __always_inline void end_pending(const struct pending_claim *claim)
{
	if (TYPED_ARGUMENTS)
		ipvscope_pending_release(&pending, claim->in.slot);
}

/*
 * Evicts, and counts as unpaired, a packet of this task and address of any epoch: a new packet has
 * arrived at that address.
 */
static __always_inline void evict_unpaired(const struct sk_buff *skb)
{
	struct ipvscope_pending_epoch epoch = {};
	struct ipvscope_pending *packet;
	struct pending_claim claim;
	__u64 name;

	if (none_pending(skb))
		return;
	name = id_of(skb);
	if (TYPED_ARGUMENTS) {
		epoch.task = id_of(bpf_get_current_task_btf());
		packet =
			ipvscope_pending_find(&pending, PENDING_SKB, name, &epoch, true, &claim.in);
	} else {
		epoch.task = bpf_get_current_task();
		packet = claim_in_map(PENDING_SKB, name, &epoch, true, &claim);
	}
	if (!packet)
		return;
	if (!withdraw_pending(packet, &claim))
		return;
	end_pending(&claim);
	count_loss(IPVSCOPE_LOSS_UNPAIRED);
}

static __always_inline struct ipvscope_pending *acquire_slot(const struct sk_buff *skb,
							     const struct ip_vs_iphdr *iph,
							     const struct ip_vs_conn *conn,
							     struct pending_claim *claim)
{
	__u64 iph_name = iph ? id_of(iph) : 0;
	__u64 conn_name = conn ? id_of(conn) : 0;
	struct ipvscope_pending *packet;
	int stolen;

	/* Only the packet of a task that was switched out is in the hook for so long (E). */
	packet = ipvscope_pending_begin(&pending, id_of(skb), iph_name, conn_name, bpf_jiffies64(),
					kernel_hz / 8 + 2, &claim->in, &stolen);
	if (!packet)
		count_loss(IPVSCOPE_LOSS_PENDING_FULL);
	else if (stolen)
		count_loss(IPVSCOPE_LOSS_UNPAIRED);
	return packet;
}

/*
 * Allocates a packet with an empty record and its names, exclusively until publish_pending() or
 * abandon_pending(). Returns NULL, and counts the loss, where there is no room. iph, conn: NULL
 * where the packet is not to be found by them.
 */
static __always_inline struct ipvscope_pending *
acquire_pending(const void *context, const struct sk_buff *skb, const struct ip_vs_iphdr *iph,
		const struct ip_vs_conn *conn, struct pending_claim *claim)
{
	struct ipvscope_pending *packet;
	struct ipvscope_pending_epoch epoch;

	if (TYPED_ARGUMENTS) {
		note_pending_address();
		packet = acquire_slot(skb, iph, conn, claim);
		if (!packet)
			return NULL;
	} else {
		packet = scratch();
		if (!packet)
			return NULL;
		__builtin_memset(packet, 0, sizeof(*packet));
		packet->skb = id_of(skb);
		packet->iph = id_of(iph);
		packet->conn = id_of(conn);
	}
	read_epoch(context, &epoch);
	packet->task = epoch.task;
	packet->task_start = epoch.task_start;
	packet->epoch = epoch.count;
	return packet;
}

/* Lets other programs find the packet. */
static __always_inline void publish_pending(const struct ipvscope_pending *packet,
					    struct pending_claim *claim)
{
	long error = 0;

	if (TYPED_ARGUMENTS) {
		ipvscope_pending_publish(&pending, claim->in.slot, claim->in.live);
		return;
	}
	claim->key.task = packet->task;
#pragma unroll
	for (__u64 depth = 0; depth < IPVSCOPE_PENDING_DEPTH; depth++) {
		claim->key.depth = depth;
		error = bpf_map_update_elem(&pending_packets, &claim->key, packet, BPF_NOEXIST);
		if (!error) {
			count_in_map(packet, 1);
			return;
		}
		/* Any other error: the map is full. */
		if (error != -EEXIST)
			break;
	}
	count_loss(IPVSCOPE_LOSS_PENDING_FULL);
}

/* Frees an allocated packet instead of publishing it. */
static __always_inline void abandon_pending(const struct pending_claim *claim)
{
	if (!TYPED_ARGUMENTS)
		return;
	ipvscope_pending_withdraw(&pending, &claim->in);
	ipvscope_pending_release(&pending, claim->in.slot);
}

/* Frees a claimed packet instead of keeping it. The caller accounts for it. */
static __always_inline void discard_pending(struct ipvscope_pending *packet,
					    const struct pending_claim *claim)
{
	if (TYPED_ARGUMENTS)
		abandon_pending(claim);
	else
		withdraw_pending(packet, claim);
}

/*
 * Reads bytes 4 to 7 of a header: IPv4's identification and flags; TCP's sequence number, SCTP's
 * verification tag, UDP's length and checksum. And bytes 0 and 1.
 */
static __always_inline bool read_word(const void *header, __be16 *first, __u32 *word)
{
	const struct tcphdr *loadable = loadable_header(header);
	__u32 words[2] = {};

	if (loadable) {
		__be16 source = loadable->source;
		__u32 id = loadable->seq;

		/* As load_tcp_flags(). */
		barrier_var(source);
		barrier_var(id);
		*first = source;
		*word = id;
		return true;
	}
	if (bpf_probe_read_kernel(words, sizeof(words), header))
		return false;
	*first = words[0];
	*word = words[1];
	return true;
}

/* Stores what is_same_packet() compares. */
static __always_inline void describe_identity(struct ipvscope_pending *packet,
					      const struct sk_buff *skb,
					      const struct transport *transport)
{
	const void *start = PEEK(skb, data);
	__be16 ignored;

	packet->length = PEEK(skb, len);
	packet->transport = packet->length - transport->length;
	read_word(start, &ignored, &packet->network_word);
	read_word(transport->start, &packet->source_port, &packet->transport_word);
}

/*
 * Whether an sk_buff at the packet's address is the packet: compares bytes that neither NAT nor a
 * tunnel's outer headers change. The sk_buff must not be freed.
 */
static __always_inline bool is_same_packet(const struct ipvscope_pending *packet,
					   const struct sk_buff *skb)
{
	__u32 in_front = PEEK(skb, len) - packet->length;
	const void *start = PEEK(skb, data) + in_front;
	__u32 network_word = 0, transport_word = 0;
	__be16 ignored, source_port = 0;

	/* More than the longest tunnel's headers, IPv6 with GUE and its options. */
	if (in_front > 256)
		return false;
	if (!read_word(start, &ignored, &network_word) ||
	    !read_word(start + packet->transport, &source_port, &transport_word))
		return false;
	transport_word ^= packet->transport_word;
	/* NAT changes UDP's checksum. */
	if (packet->record.protocol == IPPROTO_UDP)
		transport_word &= bpf_htonl(0xffff0000);
	/* In IPv6 the word contains the hop limit. */
	if (packet->record.family != AF_INET)
		network_word = packet->network_word;
	return !transport_word && source_port == packet->source_port &&
	       network_word == packet->network_word;
}

#endif
