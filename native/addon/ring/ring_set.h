// SPDX-License-Identifier: MIT
#pragma once

#include "../failure.h"
#include "ring.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace ipvscope {

// Reads the rings of all CPUs as one, in the order of the records' times, their first eight bytes.
//
// 1. Creates the maps, puts them into the map of maps, and owns their descriptors and memory.
// 2. One thread at a time.
class RingSet {
public:
  RingSet() = default;
  ~RingSet();
  RingSet(const RingSet&) = delete;
  RingSet& operator=(const RingSet&) = delete;

  // `maps`: an array of ring buffers with an element for each of `cpus`; `bytes`: of one ring's
  // data area. ERR_PROBE_RING.
  Outcome Open(int maps, uint32_t cpus, size_t bytes, size_t record_size);
  void Close(); // idempotent

  // Edge-triggered: readable once per kernel wake-up, until AckWakeup().
  int descriptor() const { return epoll_; }
  void AckWakeup();

  // Descriptors of the maps, by CPU.
  const std::vector<int>& descriptors() const { return descriptors_; }

  // Descriptor of the first CPU's map.
  int first() const { return descriptors_.front(); }

  // Copies up to `most` records to `to`, the oldest first, and releases their space, once per ring.
  // Returns how many; less than `most`: there were no more.
  size_t Drain(uint8_t* to, size_t most);

  // Lets the next record of any ring wake. False where a record has arrived already.
  bool ArmWakeup();

  uint64_t misfits() const;

private:
  // A ring that has a record.
  struct Source {
    Ring* ring;
    const uint8_t* front;
    uint64_t time; // of front
  };

  Outcome Add(int maps, uint32_t cpu, size_t bytes);

  size_t record_size_ = 0;
  int epoll_ = -1;
  std::vector<std::unique_ptr<Ring>> rings_;
  std::vector<int> descriptors_; // of the maps: polled as long as they are open
  std::vector<Source> sources_;  // while draining; kept for its capacity
};

} // namespace ipvscope
