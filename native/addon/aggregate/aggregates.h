// SPDX-License-Identifier: MIT
#pragma once

#include "../failure.h"
#include "grace_period.h"
#include "slots.h"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace ipvscope {

// Reads what the probe added up (native/bpf/output/aggregate.bpf.h) as records of several packets
// each.
//
// 1. Of the tables by which keys get known the probe adds to one side; the other is emptied here,
//    then they change places. Every program that was still at work on the old side is done when it
//    is emptied: that is waited for.
// 2. Nothing is ever taken from a table that is being added to: no count is lost.
class Aggregates {
public:
  static constexpr size_t kTables = 2; // by key, and without addresses
  static constexpr size_t kSlots = 2;  // place of the known keys in Source::used
  static constexpr size_t kStores = 3;

  struct Source {
    int tables[2][kTables]; // the maps of each side; the second has a value for each possible CPU
    int slot_keys;
    int slot_counts;
    uint32_t cpus;         // that slot_counts has room for
    uint32_t* active_side; // which side is added to
    bool* used;            // whether anything was added: even, odd, known
    uint64_t idle_ns;      // see Known
    int rings;             // the map of maps, and the ring of the first CPU: see Grace
    int first_ring;
    bool batch_operations; // false: as on a kernel without batch operations of maps (before
                           // Linux 5.6)
  };

  // `settled`: no program runs while it is read, so that none has to be waited for.
  Outcome Open(const Source& source, bool quiescent);
  // No program begins any more: waits until those that run are done.
  Outcome Quiesce();
  void Close(); // again is fine

  // Fills up to `most` records at `to`. 0: all that could be read has been told; the side that was
  // added to until now is read by a later call.
  Outcome Read(uint8_t* to, size_t most, size_t* records);

  // Whether there is anything that Read() has not told.
  bool has_unread() const { return fetched_ != 0 || used(0) || used(1) || used(kSlots); }

private:
  enum class Stage { kTables, kSlots, kDone };

  uint64_t completed();
  Outcome SwapSides();
  bool used(size_t store) const { return __atomic_load_n(&source_.used[store], __ATOMIC_RELAXED); }
  Outcome FetchFrom(const int* tables);
  Outcome FetchBatch(int table);
  Outcome FetchOneByOne(int table);
  size_t WriteFetched(uint8_t* to, size_t most);

  Source source_{};
  Stage stage_ = Stage::kTables;
  Slots slots_;
  GracePeriods grace_periods_;
  // Values that the kernel gives for an element of the table that is being read.
  size_t values_each() const { return table_ == 0 ? 1 : cpus_; }
  size_t cpus_ = 0; // that there could be
  // Elements taken from the idle side and not yet told.
  std::vector<uint8_t> keys_;
  std::vector<uint64_t> values_;
  size_t fetched_ = 0;
  size_t table_ = 0; // of the side, that they were taken from
  bool quiescent_ = false;
  uint64_t swapped_ = 0; // the grace period at whose end the idle side is added to no more
};

} // namespace ipvscope
