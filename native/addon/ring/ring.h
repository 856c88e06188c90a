// SPDX-License-Identifier: MIT
#pragma once

#include "../failure.h"

#include <cstddef>
#include <cstdint>

namespace ipvscope {

// Reads a BPF ring buffer whose records all have one size. Does not interpret them.
//
// 1. The mapping lives as long as the Ring; the caller owns the map's descriptor and may close it
//    after Open().
// 2. One thread at a time.
// 3. The kernel wakes pollers when a record is committed after all before it have been released
//    (kernel/bpf/ringbuf.c, bpf_ringbuf_commit()). So Release() keeps the last record, and nobody
//    is woken while the reader polls by timer; ArmWakeup() releases that one, too.
class Ring {
public:
  Ring() = default;
  ~Ring();
  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;

  // Maps the ring. `bytes`: the map's max_entries, the size of its data area. ERR_PROBE_RING.
  Outcome Open(int map, size_t bytes, size_t record_size);
  void Close(); // idempotent

  // Returns the next record, nullptr where there is none or it is not committed yet. Skips
  // discarded records. The pointer is valid until the record is released.
  const uint8_t* Front();
  // Moves on to the record after it.
  void Pop();
  // Releases the space of popped and skipped records to the producers, except for the last.
  void Release();
  // Releases all of it, so that the next record wakes. False where a record has arrived meanwhile.
  bool ArmWakeup();

  // Records of an unexpected size: they are skipped and counted.
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
  unsigned long released_ = 0; // the consumer's position, as last stored
  unsigned long end_ = 0;      // the producer's position, as last loaded
  uint64_t misfits_ = 0;
};

} // namespace ipvscope
