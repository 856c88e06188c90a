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
class Known {
public:
  Known() = default;
  ~Known();
  Known(const Known&) = delete;
  Known& operator=(const Known&) = delete;

  // The two maps; numbers for `cpus` CPUs. `used`: whether any number grew (coalesce.bpf.h).
  // `idle_ns`: a key without a packet for so long gives its place to another that wants it.
  Outcome Open(int keys, int counts, uint32_t cpus, bool* used, uint64_t idle_ns);
  void Close(); // again is fine

  // The key is counted here soon, if it finds a place. `next`: the next grace period that begins.
  void Learn(const uint8_t* key, uint64_t now_ns, uint64_t next);

  // Whether a place waits for a grace period.
  bool waiting() const { return waiting_ != 0; }

  // Begins a reading. `over`: the last grace period that is over.
  void Begin(uint64_t over);
  // Fills up to `most` records at `to`; less than `most`: the reading is over.
  size_t Read(uint8_t* to, size_t most, uint64_t now_ns);

private:
  enum class State {
    kWritten, // but for its kind: nobody counts here yet
    kCounting,
    kRetired, // without its kind again: nobody counts here any more
  };
  struct Place {
    uint32_t number;
    State state;
    __u64 kind_word;     // of the key; the others are where the probe sees them
    uint64_t since;      // the grace period at whose end what was written or retired is seen by all
    uint64_t told;       // packets
    uint64_t changed_ns; // when it last grew, or was taken
  };

  void CopyKey(const Place& place, void* to) const;
  bool Has(uint32_t number, const __u64* words) const;
  void Take(uint32_t number, const __u64* words, uint64_t now_ns, uint64_t next);
  void RetireOne(Place* first, Place* second, uint64_t now_ns, uint64_t next);
  void Retire(Place* place, uint64_t next);
  void PublishWritten();
  void Free(size_t index);
  uint64_t Sum(uint32_t number) const;
  void ReadSums();

  ipvscope_known_key* keys_ = nullptr;
  uint64_t* counts_ = nullptr;
  bool* used_ = nullptr;
  uint32_t cpus_ = 0;
  uint64_t idle_ns_ = 0;
  std::vector<Place> places_;   // in use
  std::vector<uint32_t> where_; // by number: index in places_ + 1, or 0
  std::vector<uint64_t> sums_;  // packets by index in places_, of the reading
  size_t waiting_ = 0;          // places written, or retired
  size_t next_ = 0;             // of the reading
  uint64_t over_ = 0;           // of the reading
};

} // namespace ipvscope
