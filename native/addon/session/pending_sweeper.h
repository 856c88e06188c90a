// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <vector>

#include "ipvscope_pending.h"

namespace ipvscope {

// Gives up packets that were never seen to leave the hook (a program that was skipped did not see
// it). Each would make others pay that share its place, and the slot be lost.
class PendingSweeper {
public:
  struct Source {
    int map; // of those without a slot
    ipvscope_pending_store* store;
  };

  void Open(const Source& source);

  // To be called now and then. Returns how many were given up; none of them has a record.
  uint64_t Sweep();
  // The same of all there are, once no program runs any more.
  uint64_t SweepAll();

private:
  struct Seen {
    uint32_t slot;
    uint64_t word;
  };

  uint64_t SweepSlots();
  uint64_t SweepMap(uint64_t limit_ns);

  Source source_{};
  std::vector<Seen> seen_; // slots that were live at the last sweep
  uint64_t swept_ns_ = 0;  // when that was
};

} // namespace ipvscope
