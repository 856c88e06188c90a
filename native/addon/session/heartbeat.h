// SPDX-License-Identifier: MIT
#pragma once

#include "../failure.h"

#include <chrono>
#include <cstdint>
#include <netinet/in.h>

namespace ipvscope {

// Packets of the probe's own through the real hook of ip_vs: it has to see them whatever the
// kernel's switches say (kernel.ftrace_enabled, debugfs kprobes/enabled). Nobody else's packets
// meet them: they are sent in a network namespace of their own.
//
// There a connection entry names a server that is gone. ip_vs drops its packets in LOCAL_OUT
// (ip_vs_core.c, "the destination server is not available"), and the sender is told so at once
// (EPERM, net/netfilter/core.c, nf_hook_slow()): when Beat() returns, the packet has gone through
// lookup and hook for certain, and the programs there have run or never will. Where no scheduler
// is loaded, which the entry takes, the packet meets a virtual service without a server instead
// and is dropped as well (ip_vs_leave()); lookup alone is then not proven.
//
// 1. Open() once; the destructor closes. The socket alone keeps the namespace: with it goes
//    everything, also when the process is killed.
// 2. The hook is there only while the namespace has a virtual service, and a service keeps the
//    module ip_vs from being unloaded (ip_vs_use_count_inc()). Unless it may stay, it lives for the
//    moment of each beat.
// 3. The namespace takes CAP_SYS_ADMIN, a service CAP_NET_ADMIN, a beat with one that stays
// nothing.
class Heartbeat {
public:
  Heartbeat() = default;
  ~Heartbeat() { Close(); }
  Heartbeat(const Heartbeat&) = delete;
  Heartbeat& operator=(const Heartbeat&) = delete;

  // `service_stays`: the module is kept anyway.
  Outcome Open(bool service_stays);
  void Close(); // again is fine
  // The inode number of the namespace; 0 where there is none.
  uint32_t netns() const { return netns_; }

  // Sends one packet. A failure says why there is none that the probe would have to see.
  Outcome Beat();

private:
  Outcome MakeNamespace();
  bool EntryIsOld() const;
  int MakeEntry();
  int AddService(const char* scheduler);
  int DeleteService();
  int Send() const;

  int socket_ = -1;
  uint32_t netns_ = 0;
  bool service_stays_ = false;
  bool has_service_ = false;
  bool has_entry_ = false;
  std::chrono::steady_clock::time_point entry_made_;
};

} // namespace ipvscope
