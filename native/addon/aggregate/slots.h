// SPDX-License-Identifier: MIT
#pragma once

#include "../failure.h"

#include <cstddef>
#include <cstdint>
#include <vector>

#include "ipvscope_slots.h"

namespace ipvscope {

// The keys that the probe counts by number (native/include/ipvscope_slots.h): gives them their
// places, and reads the numbers in place.
//
// 1. Numbers only grow; what is told is the difference to the last reading. So nothing is lost,
//    whenever it is read.
// 2. A place is taken from a key that had no packet for a while when another wants it: not at once,
//    but when every program that may still add to it is done, and the last of it has been told.
// 3. A key is written but for its kind first, and with it when every program is done that may have
//    seen the place half written.
class Slots {
public:
  Slots() = default;
  ~Slots();
  Slots(const Slots&) = delete;
  Slots& operator=(const Slots&) = delete;

  // The two maps; numbers for `cpus` CPUs. `used`: whether any number grew (coalesce.bpf.h).
  // `idle_ns`: a key without a packet for so long gives its place to another that wants it.
  Outcome Open(int keys, int counts, uint32_t cpus, bool* used, uint64_t idle_ns);
  void Close(); // again is fine

  // The key is counted here soon, if it finds a place. `next`: the next grace period that begins.
  void Intern(const uint8_t* key, uint64_t now_ns, uint64_t next);

  // Whether a place waits for a grace period.
  bool in_transition() const { return in_transition_ != 0; }

  // Begins a reading. `over`: the last grace period that is over.
  void StartReading(uint64_t completed);
  // Fills up to `most` records at `to`; less than `most`: the reading is over.
  size_t Read(uint8_t* to, size_t most, uint64_t now_ns);

private:
  enum class State {
    kWritten, // but for its kind: nobody counts here yet
    kCounting,
    kRetired, // without its kind again: nobody counts here any more
  };
  struct Slot {
    uint32_t index;
    State state;
    __u64 kind_word;   // of the key; the others are where the probe sees them
    uint64_t since;    // the grace period at whose end what was written or retired is seen by all
    uint64_t reported; // packets
    uint64_t last_used_ns; // when it last grew, or was taken
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
  std::vector<uint32_t> slot_at_; // by number: index in places_ + 1, or 0
  std::vector<uint64_t> sums_;    // packets by index in places_, of the reading
  size_t in_transition_ = 0;      // places written, or retired
  size_t cursor_ = 0;             // of the reading
  uint64_t completed_ = 0;        // of the reading
};

} // namespace ipvscope
