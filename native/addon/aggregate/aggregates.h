// SPDX-License-Identifier: MIT
#pragma once

#include "../failure.h"
#include "grace_period.h"
#include "slots.h"

#include <cstddef>
#include <cstdint>
#include <vector>

#include "ipvscope_aggregates.h"

namespace ipvscope {

// Reads what the probe aggregated (native/bpf/output/aggregate.bpf.h) as records of several packets
// each.
//
// 1. The probe adds to the maps of one side. The other side is emptied here, then the sides swap.
//    An idle side is read once a grace period has elapsed: no program adds to it any more.
// 2. Nothing is taken from a map that is being added to: no count is lost.
class Aggregates {
public:
  // The maps of one side.
  struct Side {
    int by_key;
    int overflow; // without addresses; a value for each possible CPU
  };
  struct Source {
    Side sides[2]; // even, odd
    int slot_keys;
    int slot_counts;
    uint32_t cpus;         // that slot_counts has room for
    uint32_t* active_side; // which side the probe adds to
    bool* used;            // by enum ipvscope_aggregate_store: whether anything was added
    uint64_t key_idle_ns;  // see Slots
    int ring_map;          // the map of maps, and the ring of the first CPU: see GracePeriods
    int first_ring;
    bool batch_operations; // false: as on a kernel without them (before Linux 5.6)
  };

  // `quiescent`: no program runs while aggregates are read, so that no grace period is needed.
  // ERR_PROBE_READ, ERR_PROBE_RING.
  Outcome Open(const Source& source, bool quiescent);
  // Waits until the programs that run have ended; for when no new one starts. ERR_PROBE_READ.
  Outcome Quiesce();
  void Close(); // idempotent

  // Writes up to `most` records at `to`. 0: all that could be read has been reported; the side that
  // was added to until now is read by a later call. ERR_PROBE_READ.
  Outcome Read(uint8_t* to, size_t most, size_t* records);

  // Whether there is anything that Read() has not reported.
  bool has_unread() const;

private:
  enum class Stage { kMaps, kSlots, kDone };
  enum class Kind { kByKey, kOverflow };

  uint64_t completed();
  Outcome SwapSides();
  bool used(size_t store) const { return __atomic_load_n(&source_.used[store], __ATOMIC_RELAXED); }
  Outcome FetchFrom(const Side& side);
  Outcome FetchBatch(int map);
  Outcome FetchOneByOne(int map);
  size_t WriteFetched(uint8_t* to, size_t most);
  // Values that the kernel gives for an element of the map that is being read.
  size_t values_per_element() const { return kind_ == Kind::kByKey ? 1 : possible_cpus_; }

  Source source_{};
  Stage stage_ = Stage::kMaps;
  Slots slots_;
  GracePeriods grace_periods_;
  size_t possible_cpus_ = 0;
  // Elements taken from the idle side and not yet reported.
  std::vector<uint8_t> keys_;
  std::vector<ipvscope_aggregate> values_;
  size_t fetched_ = 0;
  Kind kind_ = Kind::kByKey; // of the map that they were taken from
  bool quiescent_ = false;
  uint64_t swapped_ = 0; // the grace period after which nothing adds to the idle side
};

} // namespace ipvscope
