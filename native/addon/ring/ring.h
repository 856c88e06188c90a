// SPDX-License-Identifier: MIT
#pragma once

#include "../failure.h"

#include <cstddef>
#include <cstdint>

namespace ipvscope {

// Reads a BPF ring buffer. Knows nothing of what the records mean, only that all have one size.
//
// 1. The mapping lives as long as the Ring; the map's descriptor is the caller's and may be closed
//    any time after Open().
// 2. One thread at a time.
// 3. The kernel wakes whoever polls when a record comes after everything before it was given back
//    (kernel/bpf/ringbuf.c, bpf_ringbuf_commit()). So GiveBack() keeps the last one, and nobody is
//    woken while the reader comes by itself; Rest() gives back that one, too.
class Ring {
public:
  Ring() = default;
  ~Ring();
  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;

  // `bytes` is the map's max_entries: the size of its data area.
  Outcome Open(int map, size_t bytes, size_t record_size);
  void Close(); // again is fine

  // The next record, or nullptr where there is none, or it is still being written. Skips discarded
  // ones. Valid until it is given back.
  const uint8_t* Front();
  // To the record after it.
  void Pop();
  // Gives the room of what was popped, or skipped, back to the producers, but for the last.
  void Release();
  // Gives all of it back. False where something has come meanwhile.
  bool ArmWakeup();

  // Records whose size was not the expected one: they are skipped and counted.
  uint64_t misfits() const { return misfits_; }

private:
  void Skip(uint32_t size);

  size_t record_size_ = 0;
  size_t bytes_ = 0;
  size_t page_ = 0;
  void* consumer_ = nullptr; // one page, writable: the consumer's position
  void* producer_ = nullptr; // the producer's position, then the data, mapped twice
  const uint8_t* data_ = nullptr;
  unsigned long position_ = 0; // of the next record
  unsigned long last_ = 0;     // of the one before it
  unsigned long released_ = 0; // the consumer's position, as last told
  unsigned long end_ = 0;      // the producer's position, as last seen
  uint64_t misfits_ = 0;
};

} // namespace ipvscope
