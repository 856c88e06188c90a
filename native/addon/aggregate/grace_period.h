// SPDX-License-Identifier: MIT
#pragma once

#include "../failure.h"

#include <atomic>
#include <cstdint>
#include <thread>

namespace ipvscope {

// RCU grace periods: when one has elapsed, every program that ran when it started has ended,
// however long it was off its CPU. No clock is involved: an update of a map of maps returns after a
// grace period (kernel/bpf/syscall.c, maybe_wait_bpf_programs(): synchronize_rcu()).
//
// 1. They are numbered from 1. One is in progress at a time.
// 2. A separate thread waits: on a busy machine a grace period can take long.
class GracePeriods {
public:
  GracePeriods() = default;
  ~GracePeriods();
  GracePeriods(const GracePeriods&) = delete;
  GracePeriods& operator=(const GracePeriods&) = delete;

  // `maps`: a map of maps; `first`: its first element, which is written again each time.
  void Open(int maps, int first);
  void Close(); // waits for the one in progress; idempotent

  // Starts one, unless one is in progress. Reports the failure of the one before it; a later call
  // may succeed. ERR_PROBE_READ.
  Outcome Start();
  // Returns the number of the next one to start: what programs do now has ended when it elapses.
  uint64_t next() const { return started_ + 1; }
  // Returns the number of the last one that has elapsed.
  uint64_t completed();
  // Starts one and waits for it on this thread. ERR_PROBE_READ.
  Outcome Wait();

private:
  int Synchronize() const;
  void SynchronizeHere();
  void RecordCompletion();
  bool HasFinished();
  Outcome TakeError();

  int maps_ = -1;
  int first_ = -1;
  uint64_t started_ = 0;
  uint64_t completed_ = 0;
  std::thread thread_;
  std::atomic<bool> finished_ = false; // set by the thread, after error_
  int error_ = 0;                      // errno of the last one, until it is reported
};

} // namespace ipvscope
