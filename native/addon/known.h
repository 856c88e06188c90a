// SPDX-License-Identifier: MIT
#pragma once

#include "failure.h"

#include <cstddef>
#include <cstdint>
#include <vector>

#include "ipvscope_known.h"

namespace ipvscope {

// The keys that the probe counts by number (native/include/ipvscope_known.h): gives them their
// places, and reads the numbers in place.
//
// 1. Numbers only grow; what is told is the difference to the last reading. So nothing is lost,
//    whenever it is read.
// 2. A place is taken from a key that had no packet for a while when another wants it: not at once,
//    but when no program can still be adding to it, and the last of it has been told.
class Known {
public:
  Known() = default;
  ~Known();
  Known(const Known&) = delete;
  Known& operator=(const Known&) = delete;

  // The two maps; numbers for `cpus` CPUs. `used`: whether any number grew (coalesce.bpf.h).
  Outcome Open(int keys, int counts, uint32_t cpus, bool* used);
  void Close(); // again is fine

  // From now on the key is counted here, if it has a place.
  void Learn(const uint8_t* key, uint64_t now_ns);

  // Begins a reading.
  void Begin();
  // Fills up to `most` records at `to`; less than `most`: the reading is over.
  size_t Read(uint8_t* to, size_t most, uint64_t now_ns);

private:
  struct Place {
    uint32_t number;
    uint64_t told;       // packets
    uint64_t changed_ns; // when it last grew, or was taken
    uint64_t retired_ns; // since when it is not counted here; 0: it is
    __u64 kind_word;     // of a retired key, which lacks it in its place
  };

  bool Take(uint32_t number, const __u64* words, uint64_t now_ns);
  uint64_t Sum(uint32_t number) const;
  void ReadSums();

  ipvscope_known_key* keys_ = nullptr;
  uint64_t* counts_ = nullptr;
  bool* used_ = nullptr;
  uint32_t cpus_ = 0;
  std::vector<Place> places_;   // in use, or retired
  std::vector<uint32_t> where_; // by number: index in places_ + 1, or 0
  std::vector<uint64_t> sums_;  // packets by index in places_, of the reading
  size_t next_ = 0;             // of the reading
};

} // namespace ipvscope
