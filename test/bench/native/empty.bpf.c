// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * Two programs that do nothing, on the two functions of ip_vs whose return every packet runs a
 * program of the probe (native/include/ipvscope_hooks.h): the floor of what hooks there cost.
 */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

SEC("fexit/ip_vs_conn_in_get_proto")
int empty_lookup(void *context)
{
	return 0;
}

SEC("fexit/ip_vs_in_hook")
int empty_verdict(void *context)
{
	return 0;
}
