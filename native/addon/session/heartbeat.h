// SPDX-License-Identifier: MIT
#pragma once

#include "../failure.h"

#include <chrono>
#include <cstdint>
#include <netinet/in.h>

namespace ipvscope {

// Sends the session's own packets through the real hook of ip_vs, to prove that attached programs
// run: kernel switches can stop them silently (kernel.ftrace_enabled, debugfs kprobes/enabled). The
// packets stay in a network namespace of their own.
//
// There a connection entry names a removed server. ip_vs drops its packets in LOCAL_OUT
// (ip_vs_core.c, "the destination server is not available"), and the sender gets EPERM at once
// (net/netfilter/core.c, nf_hook_slow()): when Beat() returns, the packet has passed lookup and
// hook, and the programs there have run or never will. Creating the entry takes a loaded scheduler.
// Without one the packet finds a virtual service without a server, and is dropped as well
// (ip_vs_leave()); that does not prove the lookup.
//
// 1. Open() once; the destructor closes. The socket alone keeps the namespace alive: with it
//    everything disappears, also when the process is killed.
// 2. The hook is registered only while the namespace has a virtual service, and a service keeps the
//    module ip_vs from being unloaded (ip_vs_use_count_inc()). Unless it may stay, the service
//    exists only during each beat.
// 3. The namespace takes CAP_SYS_ADMIN, a service CAP_NET_ADMIN, a beat with a permanent service
//    nothing.
class Heartbeat {
public:
  Heartbeat() = default;
  ~Heartbeat() { Close(); }
  Heartbeat(const Heartbeat&) = delete;
  Heartbeat& operator=(const Heartbeat&) = delete;

  // Creates the namespace. `service_stays`: the module is kept anyway. ERR_HEARTBEAT.
  Outcome Open(bool service_stays);
  void Close(); // idempotent
  // Returns the inode number of the namespace; 0 where there is none.
  uint32_t netns() const { return netns_; }

  // Sends one packet. A failure says why there is none for the probe to observe. ERR_HEARTBEAT.
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
