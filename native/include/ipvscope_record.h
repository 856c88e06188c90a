/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The record: describes one packet (or, if count > 1, several with the same aggregation key).
 *
 * This is the only definition. The probe fills it in, the addon copies it, and TypeScript's offsets
 * are generated from the BTF of the embedded object.
 *
 * Host byte order, unless a member's comment says network byte order. Every byte is written:
 * padding is named and zero, so that records of equal meaning are equal bit by bit. The members
 * from netns to the end are the aggregation key, whole 64-bit words; members that do not
 * distinguish rows of a table come before it.
 */
#ifndef IPVSCOPE_RECORD_H
#define IPVSCOPE_RECORD_H

#include <linux/types.h>

/* What was notable about the packet. */
enum ipvscope_kind {
	IPVSCOPE_KIND_REUSE = 1,
	IPVSCOPE_KIND_STALE = 2,
	IPVSCOPE_KIND_UNAVAILABLE = 3,
	IPVSCOPE_KIND_UNSCHEDULED = 4,
	IPVSCOPE_KIND_OVERLOAD = 5,
	IPVSCOPE_KIND_DRAINING = 6,
	IPVSCOPE_KIND_RETRANSMIT = 7,
	IPVSCOPE_KIND_RETRY = 8,
	/* A packet of a connection that IPVS has no entry for, answered with a reset. */
	IPVSCOPE_KIND_ORPHAN = 9,
	/* IPVS had a server for the packet, and the packet did not leave this node. */
	IPVSCOPE_KIND_UNSENT = 10,
	/* The entry is still opening, and the probe did not observe the packet that created it: a
	 * retransmission or port reuse. */
	IPVSCOPE_KIND_UNDETERMINED = 11,
	/* An opening packet found no entry and was scheduled: counted, never an event. It has no
	 * verdict. */
	IPVSCOPE_KIND_NEW = 12,
};

/* A bit beside those of kinds: every packet that was dropped or rejected, of whatever kind. */
enum ipvscope_detail {
	IPVSCOPE_DETAIL_DROPS = 1,
};

/* What the kernel did with the packet. */
enum ipvscope_verdict {
	IPVSCOPE_VERDICT_FORWARDED = 1,
	IPVSCOPE_VERDICT_RESCHEDULED = 2,
	IPVSCOPE_VERDICT_DROPPED = 3,
	IPVSCOPE_VERDICT_REJECTED = 4,
	IPVSCOPE_VERDICT_PASSED = 5,
};

/* The nf_conn attached to the packet at the time of the lookup. */
enum ipvscope_conntrack {
	IPVSCOPE_CONNTRACK_NONE = 0,
	IPVSCOPE_CONNTRACK_UNTRACKED = 1,
	IPVSCOPE_CONNTRACK_UNCONFIRMED = 2,
	IPVSCOPE_CONNTRACK_CONFIRMED = 3,
};

/* IP_VS_CONN_F_FWD_MASK of the entry (include/uapi/linux/ip_vs.h). */
enum ipvscope_forwarding {
	IPVSCOPE_FORWARDING_MASQUERADE = 0,
	IPVSCOPE_FORWARDING_LOCAL = 1,
	IPVSCOPE_FORWARDING_TUNNEL = 2,
	IPVSCOPE_FORWARDING_ROUTE = 3,
	IPVSCOPE_FORWARDING_BYPASS = 4,
};

/* Why the packet was dropped; for a retry: why the last dropped copy was. */
enum ipvscope_cause {
	IPVSCOPE_CAUSE_NONE = 0,
	/* The packet's conntrack entry kept ip_vs from scheduling it anew (ip_vs_in_hook()). */
	IPVSCOPE_CAUSE_CONNTRACK = 1,
	/* The entry's server is not in the table. */
	IPVSCOPE_CAUSE_UNAVAILABLE = 2,
	/* No server could be chosen: the service has none, */
	IPVSCOPE_CAUSE_NO_SERVER = 3,
	/* ... all of them have weight 0, */
	IPVSCOPE_CAUSE_NO_WEIGHT = 4,
	/* ... all that have weight are above their thresholds, */
	IPVSCOPE_CAUSE_OVERLOADED = 5,
	/* ... or some could be chosen, and the scheduler did not. */
	IPVSCOPE_CAUSE_SCHEDULER = 6,
	/* No entry could be created for the chosen server: conn_max (Linux 7.2), or no memory. */
	IPVSCOPE_CAUSE_CONN_LIMIT = 7,
	/* No server was chosen, for a reason that was not observed. */
	IPVSCOPE_CAUSE_UNSCHEDULED = 8,
	/* The SYN-flood defence (ip_vs_todrop()). */
	IPVSCOPE_CAUSE_OVERLOAD = 9,
	/* A transmit function of ip_vs could not send the packet (tx_error, ip_vs_xmit.c). */
	IPVSCOPE_CAUSE_TRANSMIT = 10,
	/* This node dropped the packet after IPVS had forwarded it. */
	IPVSCOPE_CAUSE_NODE = 11,
	/* For a delay: no earlier copy was dropped, and none was answered in time. */
	IPVSCOPE_CAUSE_UNANSWERED = 12,
};

/* net/netfilter/ipvs/ip_vs_<name>.c. */
enum ipvscope_scheduler {
	IPVSCOPE_SCHEDULER_UNKNOWN = 0,
	IPVSCOPE_SCHEDULER_RR = 1,
	IPVSCOPE_SCHEDULER_WRR = 2,
	IPVSCOPE_SCHEDULER_LC = 3,
	IPVSCOPE_SCHEDULER_WLC = 4,
	IPVSCOPE_SCHEDULER_LBLC = 5,
	IPVSCOPE_SCHEDULER_LBLCR = 6,
	IPVSCOPE_SCHEDULER_DH = 7,
	IPVSCOPE_SCHEDULER_SH = 8,
	IPVSCOPE_SCHEDULER_SED = 9,
	IPVSCOPE_SCHEDULER_NQ = 10,
	IPVSCOPE_SCHEDULER_FO = 11,
	IPVSCOPE_SCHEDULER_OVF = 12,
	IPVSCOPE_SCHEDULER_MH = 13,
	IPVSCOPE_SCHEDULER_TWOS = 14,
};

enum ipvscope_flag {
	/* TCP SYN without ACK, or SCTP INIT as the first chunk. */
	IPVSCOPE_FLAG_OPENING = 1,
	/* destination_address and destination_port are filled in: where the packet goes. */
	IPVSCOPE_FLAG_HAS_DESTINATION = 2,
	/* That server (IPVSCOPE_FLAG_SERVER_KNOWN) is still in the virtual service's table. */
	IPVSCOPE_FLAG_AVAILABLE = 4,
	/* ip_vs_conn_expire_now() was called on the entry while this packet was in the hook. */
	IPVSCOPE_FLAG_EXPIRED = 8,
	/* ip_vs_schedule() created a new entry for this packet: new_destination is filled in. */
	IPVSCOPE_FLAG_RESCHEDULED = 16,
	/* Dropped because of an unconfirmed conntrack entry: no kernel with commit f0a5e4d7a594
	   does that. */
	IPVSCOPE_FLAG_MISSING_FIX = 32,
	/* The weight of the server was 0 at the time of the lookup. */
	IPVSCOPE_FLAG_WEIGHT_ZERO = 64,
	/*
	 * The weight of the new server was 0 (a persistence template named it). The key must
	 * contain that server, so destination and new_destination are swapped.
	 */
	IPVSCOPE_FLAG_NEW_WEIGHT_ZERO = 128,
	/* The server chosen is the client itself. */
	IPVSCOPE_FLAG_HAIRPIN = 256,
	/* An entry was found or created for this packet: its members are filled in. */
	IPVSCOPE_FLAG_HAS_ENTRY = 512,
	/* The virtual service is known: virtual_address is filled in. */
	IPVSCOPE_FLAG_HAS_VIRTUAL = 1024,
	/* The table has the virtual service: service_port is its port there, 0 for one of every
	   port or of a fwmark. Otherwise service_port is the packet's. */
	IPVSCOPE_FLAG_SERVICE_FOUND = 2048,
	/* The entry has a server, its weight is filled in (absent: bypass, or an entry synchronised
	   from another director whose server is not in the table here). */
	IPVSCOPE_FLAG_SERVER_KNOWN = 4096,
};

/*
 * Upper bounds of the delay histogram's buckets, in milliseconds. A client retransmits after 1 s
 * (TCP) or 3 s (SCTP), then each time after twice as long: the bounds lie above these sums.
 */
enum ipvscope_delay_bound_ms {
	IPVSCOPE_DELAY_BOUND_MS_0 = 250,
	IPVSCOPE_DELAY_BOUND_MS_1 = 500,
	IPVSCOPE_DELAY_BOUND_MS_2 = 1000,
	IPVSCOPE_DELAY_BOUND_MS_3 = 1250,
	IPVSCOPE_DELAY_BOUND_MS_4 = 1500,
	IPVSCOPE_DELAY_BOUND_MS_5 = 2000,
	IPVSCOPE_DELAY_BOUND_MS_6 = 3500,
	IPVSCOPE_DELAY_BOUND_MS_7 = 7500,
	IPVSCOPE_DELAY_BOUND_MS_8 = 15500,
	IPVSCOPE_DELAY_BOUND_MS_9 = 31500,
	IPVSCOPE_DELAY_BOUND_MS_10 = 63500,
};

/* Why a packet has no record of its own, or one with less detail. A counter per CPU each. */
enum ipvscope_loss {
	/* The ring buffer had no room for the record: it was aggregated instead. */
	IPVSCOPE_LOSS_RING_FULL = 0,
	/* A packet in flight could not be remembered between lookup and verdict. */
	IPVSCOPE_LOSS_PENDING_FULL = 1,
	/* A packet in flight was not observed to leave the hook (a run was skipped). */
	IPVSCOPE_LOSS_UNPAIRED = 2,
	/* The transport header was outside the linear part of the packet. */
	IPVSCOPE_LOSS_UNREADABLE = 3,
	/* A dropped opening packet could not be remembered: its retry will be missing, or have too
	   few drops. */
	IPVSCOPE_LOSS_RETRY_FULL = 4,
	/* A record could not be aggregated, not even in an overflow bucket. */
	IPVSCOPE_LOSS_AGGREGATION_FULL = 5,
	/* A record was aggregated in an overflow bucket: counted, but without addresses. */
	IPVSCOPE_LOSS_OVERFLOW = 6,
	/* An opening packet was evicted while copies of it might still come: they will be
	   undetermined, or have no delay. */
	IPVSCOPE_LOSS_OPENING_EVICTED = 7,
	/* No losses, but counted beside them: packets at the lookup that match the session's
	   filter, if it has one; */
	IPVSCOPE_LOSS_NONE_LOOKED_UP = 8,
	/* ... of them opening ones. */
	IPVSCOPE_LOSS_NONE_LOOKED_UP_OPENING = 9,
	/* A record in a ring had an unexpected size. Counted by the session, not the probe. */
	IPVSCOPE_LOSS_MISFIT = 10,
};

#define IPVSCOPE_LOSS_CAUSES 11

/* In place of a CPU's number: an aggregated record. Of its members only time, count, delay_us and
 * the aggregation key are filled in. */
enum ipvscope_cpu {
	IPVSCOPE_CPU_SEVERAL = 0xffff,
};

/*
 * 136 bytes, aligned to 8. Addresses and ports: network byte order; an IPv4 address takes the first
 * 4 bytes, the rest is zero. In an overflow bucket netns, fwmark, addresses, ports and families are
 * zero.
 */
struct ipvscope_record {
	__u64 time_ns;	     /* CLOCK_MONOTONIC at the lookup; aggregated: when it was read */
	__u32 count;	     /* packets this record stands for, at least 1 */
	__u32 expires_in_ms; /* remaining lifetime of the entry found; 0 when overdue */
	__u32 delay_us; /* from the first copy of this opening packet to this one; 0: this is the
			   first; aggregated: the sum */
	__u32 drops;	/* retry: copies dropped before this packet */
	__s32 weight;	/* of the server, at the lookup */
	__u16 cpu;	/* or IPVSCOPE_CPU_SEVERAL */
	__u8 new_destination_family;
	__u8 conntrack_state; /* TCP_CONNTRACK_* or SCTP_CONNTRACK_*, if there is an nf_conn */
	__u8 client_address[16];
	__u8 new_destination_address[16];
	__be16 client_port;
	__be16 new_destination_port;
	__be16 virtual_port; /* of the packet */
	__u16 drop_reason;   /* enum skb_drop_reason of the running kernel; 0: none given */
	/* Where no server could be chosen: servers of the service (65535: at least so many), */
	__u16 servers;
	__u16 servers_with_weight; /* those with a weight above 0, */
	__u16 servers_overloaded;  /* those above their thresholds (IP_VS_DEST_F_OVERLOAD) */
	__u8 conntrack;		   /* enum ipvscope_conntrack */
	__u8 reserved;		   /* zero */
	/* The aggregation key begins here. */
	__u32 netns;  /* inode number of the network namespace */
	__u32 fwmark; /* of the virtual service; 0: a service by address */
	__u8 kind;
	__u8 verdict;
	__u8 conn_state; /* IP_VS_{TCP,UDP,SCTP}_S_* of the entry at the lookup */
	__u8 protocol;	 /* IPPROTO_* */
	__u8 family;	 /* AF_INET or AF_INET6, of client and virtual address */
	__u8 destination_family;
	__u8 forwarding;
	__u8 delay_bucket; /* how many of enum ipvscope_delay_bound_ms the delay exceeds */
	__u16 flags;	   /* enum ipvscope_flag */
	__u8 cause;	   /* enum ipvscope_cause */
	__u8 scheduler;	   /* enum ipvscope_scheduler, where no server could be chosen */
	__u8 virtual_address[16];
	__u8 destination_address[16]; /* where the packet goes, by its entry */
	__be16 service_port;
	__be16 destination_port;
};

/* The aggregation key inside the record, in bytes. */
enum ipvscope_key {
	IPVSCOPE_KEY_OFFSET = 80,
	IPVSCOPE_KEY_SIZE = 56,
};

/* Which programs a session loads (native/addon/session/programs.h). */
enum ipvscope_variant {
	IPVSCOPE_VARIANT_TRAMPOLINE = 0,
	IPVSCOPE_VARIANT_KPROBE = 1,
	IPVSCOPE_VARIANT_GENERATOR = 2,
};

#endif
