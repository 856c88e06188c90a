// SPDX-License-Identifier: MIT
#pragma once

#include "../failure.h"

#include <cstddef>
#include <cstdint>
#include <vector>

#include "ipvscope_aggregates.h"

namespace ipvscope {

// Interns keys: gives each a slot that the probe counts its packets in
// (native/include/ipvscope_aggregates.h), and reads the counts in place.
//
// 1. Counts only grow; a record reports the difference to the last reading. So nothing is lost,
//    whenever they are read.
// 2. An idle key's slot is reclaimed when a new key collides with it: first the key is cleared,
//    then a grace period elapses, then the rest of its count is reported, then the slot is free.
// 3. A new key is written without its kind first, and completed after a grace period: no program
//    compares a half-written key.
class Slots {
public:
  Slots() = default;
  ~Slots();
  Slots(const Slots&) = delete;
  Slots& operator=(const Slots&) = delete;

  // Maps the two BPF maps, with counts for `cpus` CPUs. `used`: whether any count grew
  // (aggregate.bpf.h). `idle_ns`: a key without a packet for so long may lose its slot.
  // ERR_PROBE_RING.
  Outcome Open(int keys, int counts, uint32_t cpus, bool* used, uint64_t idle_ns);
  void Close(); // idempotent

  // Gives the key a slot, if one of its two is free, or reclaims an idle one for later. `next`: the
  // next grace period to start.
  void Intern(const uint8_t* key, uint64_t now_ns, uint64_t next);

  // Whether a slot waits for a grace period.
  bool in_transition() const { return in_transition_ != 0; }

  // Starts a reading. `completed`: the last grace period that has elapsed.
  void StartReading(uint64_t completed);
  // Writes up to `most` records at `to`; less than `most`: the reading is complete.
  size_t Read(uint8_t* to, size_t most, uint64_t now_ns);

private:
  enum class State {
    kWritten, // without its kind: not counted in yet
    kCounting,
    kRetired, // its kind cleared again: not counted in any more
  };
  struct Slot {
    uint32_t index;
    State state;
    __u64 kind_word;       // of the key; the other words are in the map
    uint64_t since;        // the grace period after which every program sees the last change
    uint64_t reported;     // packets
    uint64_t last_used_ns; // when the count last grew, or the slot was acquired
  };

  void CopyKey(const Slot& slot, void* to) const;
  bool Has(uint32_t index, const __u64* words) const;
  void Acquire(uint32_t index, const __u64* words, uint64_t now_ns, uint64_t next);
  void EvictIdle(Slot* first, Slot* second, uint64_t now_ns, uint64_t next);
  void Retire(Slot* slot, uint64_t next);
  void PublishWritten();
  void Release(size_t position);
  uint64_t Sum(uint32_t index) const;
  void ReadSums();

  ipvscope_slot_key* keys_ = nullptr;
  uint64_t* counts_ = nullptr;
  bool* used_ = nullptr;
  uint32_t cpus_ = 0;
  uint64_t idle_ns_ = 0;
  std::vector<Slot> slots_;       // in use
  std::vector<uint32_t> slot_at_; // by index: position in slots_ + 1, or 0
  std::vector<uint64_t> sums_;    // packets by position in slots_, of the reading
  size_t in_transition_ = 0;      // slots written, or retired
  size_t cursor_ = 0;             // of the reading
  uint64_t completed_ = 0;        // of the reading
};

} // namespace ipvscope
