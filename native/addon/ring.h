// SPDX-License-Identifier: MIT
#pragma once

#include "failure.h"

#include <cstddef>
#include <cstdint>

namespace ipvscope {

// Reads a BPF ring buffer. Knows nothing of what the records mean, only that all have one size.
//
// 1. The mapping lives as long as the Ring; the map's descriptor is the caller's and may be closed
//    any time after Open().
// 2. One thread at a time.
class Ring {
public:
  Ring() = default;
  ~Ring();
  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;

  // `bytes` is the map's max_entries: the size of its data area.
  Outcome Open(int map, size_t bytes, size_t record_size);
  void Close(); // again is fine

  // Copies up to `most` records to `to` and gives their room back to the producers, once. Stops at
  // a record that is still being written; skips discarded ones. Returns how many were copied.
  size_t Drain(uint8_t* to, size_t most);

  // Records whose size was not the expected one: they are skipped and counted.
  uint64_t misfits() const { return misfits_; }

private:
  size_t record_size_ = 0;
  size_t bytes_ = 0;
  size_t page_ = 0;
  void* consumer_ = nullptr; // one page, writable: the consumer's position
  void* producer_ = nullptr; // the producer's position, then the data, mapped twice
  const uint8_t* data_ = nullptr;
  uint64_t misfits_ = 0;
};

} // namespace ipvscope
