// SPDX-License-Identifier: MIT
#pragma once

#include "../failure.h"

#include <atomic>
#include <cstdint>
#include <thread>

namespace ipvscope {

// Periods at whose end every program is done that ran at their beginning: however long it was kept
// from its CPU. The kernel says so, no clock: who changes a map of maps waits for the programs that
// run (kernel/bpf/syscall.c, maybe_wait_bpf_programs(): synchronize_rcu()).
//
// 1. They are numbered from 1. One is under way at a time.
// 2. A thread of its own waits, since that may take long on a busy machine.
class GracePeriods {
public:
  GracePeriods() = default;
  ~GracePeriods();
  GracePeriods(const GracePeriods&) = delete;
  GracePeriods& operator=(const GracePeriods&) = delete;

  // A map of maps, and the map that its first element is: it is given it anew.
  void Open(int maps, int first);
  void Close(); // waits for the one under way; again is fine

  // Begins one, unless one is under way. A failure is that of the one before, and another try may
  // succeed.
  Outcome Start();
  // The number of the next that begins: what happens now is over when that one is.
  uint64_t next() const { return started_ + 1; }
  // The number of the last that is over.
  uint64_t completed();
  // Waits for a whole one here.
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
  int error_ = 0;                      // errno of the last that was collected or ended
};

} // namespace ipvscope
