// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * Compiled against a kernel's headers for its debug information alone (src/btf/build-btf.ts): the
 * types that native/bpf/kernel/kernel.bpf.h names.
 */
#include <linux/netfilter.h>
#include <linux/skbuff.h>
#include <net/ip_vs.h>
#include <net/net_namespace.h>
#include <net/netfilter/nf_conntrack.h>

struct sk_buff* sk_buff_types;
struct nf_hook_state* nf_hook_state_types;
struct nf_conn* nf_conn_types;
struct netns_ipvs* netns_ipvs_types;
struct ip_vs_iphdr* ip_vs_iphdr_types;
struct ip_vs_conn* ip_vs_conn_types;
struct ip_vs_dest* ip_vs_dest_types;
struct ip_vs_service* ip_vs_service_types;
