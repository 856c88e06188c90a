// SPDX-License-Identifier: MIT
#pragma once

#include "../failure.h"
#include "ring.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace ipvscope {

// The rings of all CPUs as one. A record begins with its time, eight bytes: that is their order.
//
// 1. Makes the maps, puts them into the map of maps, and owns their descriptors and memory.
// 2. One thread at a time.
class RingSet {
public:
  RingSet() = default;
  ~RingSet();
  RingSet(const RingSet&) = delete;
  RingSet& operator=(const RingSet&) = delete;

  // `maps` is an array of ring buffers with an element for each of `cpus`; `bytes` of one ring's
  // data area; `record_size` of every record.
  Outcome Open(int maps, uint32_t cpus, size_t bytes, size_t record_size);
  void Close(); // again is fine

  // Readable (poll) once for each time that the kernel wakes, until Woken() is called.
  int descriptor() const { return epoll_; }
  void AckWakeup();

  // Of the maps, by CPU.
  const std::vector<int>& descriptors() const { return descriptors_; }

  // The first CPU's map.
  int first() const { return descriptors_.front(); }

  // Copies up to `most` records to `to`, the oldest first, and gives their room back to the
  // producers, once a ring. Returns how many; less than `most`: there were no more.
  size_t Drain(uint8_t* to, size_t most);

  // From here on the first record wakes. False where something has come already.
  bool ArmWakeup();

  uint64_t misfits() const;

private:
  // A ring that has something.
  struct Source {
    Ring* ring;
    const uint8_t* front;
    uint64_t time; // of front
  };

  Outcome Add(int maps, uint32_t cpu, size_t bytes);

  size_t record_size_ = 0;
  int epoll_ = -1;
  std::vector<std::unique_ptr<Ring>> rings_;
  std::vector<int> descriptors_; // of the maps: watched as long as they are open
  std::vector<Source> sources_;  // while draining; kept for its room
};

} // namespace ipvscope
