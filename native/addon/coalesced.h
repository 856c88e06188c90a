// SPDX-License-Identifier: MIT
#pragma once

#include "failure.h"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace ipvscope {

// Reads what the probe added up (native/bpf/coalesce.bpf.h) as records of several packets each.
//
// 1. The probe adds to one of two tables; the other is emptied here, then they change places. A
//    program that was still at work on the old one is long done when it is emptied next.
// 2. Nothing is ever taken from a table that is being added to: no count is lost.
class Coalesced {
public:
  struct Tables {
    int descriptors[2]; // the two maps
    uint32_t* active;   // which of them is added to
    bool* used;         // by table: whether anything was added
  };

  Outcome Open(const Tables& tables);

  // Fills up to `most` records at `to`. 0: the table that was idle is empty, and the other one now
  // is idle.
  Outcome Read(uint8_t* to, size_t most, size_t* records);

  // Whether there is anything that Read() has not told.
  bool waiting() const { return held_ != 0 || tables_.used[0] || tables_.used[1]; }

private:
  Outcome Fetch(int descriptor);

  Tables tables_{};
  size_t cpus_ = 0;
  // Elements taken from the idle table and not yet told.
  std::vector<uint8_t> keys_;
  std::vector<uint64_t> values_;
  size_t held_ = 0;
};

} // namespace ipvscope
