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
class Coalesced {
public:
  static constexpr size_t kTables = 2; // by key, and without addresses
  static constexpr size_t kKnown = 2;  // place of the known keys in Source::used
  static constexpr size_t kPlaces = 3;

  struct Source {
    int tables[2][kTables]; // the maps of each side; the second has a value for each possible CPU
    int known_keys;
    int known_counts;
    uint32_t cpus;    // that known_counts has room for
    uint32_t* active; // which side is added to
    bool* used;       // whether anything was added: even, odd, known
    uint64_t idle_ns; // see Known
    int rings;        // the map of maps, and the ring of the first CPU: see Grace
    int first_ring;
    bool batches; // false: as on a kernel without batch operations of maps (before Linux 5.6)
  };

  // `settled`: no program runs while it is read, so that none has to be waited for.
  Outcome Open(const Source& source, bool settled);
  // No program begins any more: waits until those that run are done.
  Outcome Settle();
  void Close(); // again is fine

  // Fills up to `most` records at `to`. 0: all that could be read has been told; the side that was
  // added to until now is read by a later call.
  Outcome Read(uint8_t* to, size_t most, size_t* records);

  // Whether there is anything that Read() has not told.
  bool waiting() const { return held_ != 0 || used(0) || used(1) || used(kKnown); }

private:
  enum class Stage { kTables, kKnown, kDone };

  uint64_t over();
  Outcome Turn();
  bool used(size_t place) const { return __atomic_load_n(&source_.used[place], __ATOMIC_RELAXED); }
  Outcome Fetch(const int* tables);
  Outcome TakeBatch(int table);
  Outcome TakeSingly(int table);
  size_t TellHeld(uint8_t* to, size_t most);

  Source source_{};
  Stage stage_ = Stage::kTables;
  Known known_;
  Grace grace_;
  // Values that the kernel gives for an element of the table that is being read.
  size_t values_each() const { return table_ == 0 ? 1 : cpus_; }
  size_t cpus_ = 0; // that there could be
  // Elements taken from the idle side and not yet told.
  std::vector<uint8_t> keys_;
  std::vector<uint64_t> values_;
  size_t held_ = 0;
  size_t table_ = 0; // of the side, that they were taken from
  bool settled_ = false;
  uint64_t swapped_ = 0; // the grace period at whose end the idle side is added to no more
};

} // namespace ipvscope
