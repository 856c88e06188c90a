// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <vector>

#include "ipvscope_pending.h"

namespace ipvscope {

// Evicts packets that were not observed to leave the hook (a skipped run). Each would occupy a
// slot, and slow down the packets that share its bucket.
class PendingSweeper {
public:
  struct Source {
    int map; // packets of kprobes, which have no slots
    ipvscope_pending_store* store;
  };

  void Open(const Source& source);

  // Evicts old packets; called at intervals. Returns how many: their packets are counted as
  // unpaired.
  uint64_t Sweep();
  // Evicts all packets, once no program runs any more.
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
