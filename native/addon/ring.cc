// SPDX-License-Identifier: MIT
#include "ring.h"

#include <linux/bpf.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace ipvscope {

// The layout of the mapping and of a record's header: kernel/bpf/ringbuf.c.

Ring::~Ring() { Close(); }

Outcome Ring::Open(int map, size_t bytes, size_t record_size) {
  page_ = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  bytes_ = bytes;
  record_size_ = record_size;

  void* consumer = mmap(nullptr, page_, PROT_READ | PROT_WRITE, MAP_SHARED, map, 0);
  if (consumer == MAP_FAILED) {
    return Failure{"ERR_PROBE_RING", "ring", errno, "cannot map the ring's consumer page", {}};
  }
  consumer_ = consumer;

  // The data area follows itself in the mapping, so that a record never wraps around.
  void* producer =
      mmap(nullptr, page_ + 2 * bytes_, PROT_READ, MAP_SHARED, map, static_cast<off_t>(page_));
  if (producer == MAP_FAILED) {
    const int error = errno;
    Close();
    return Failure{"ERR_PROBE_RING", "ring", error, "cannot map the ring's data", {}};
  }
  producer_ = producer;
  data_ = static_cast<const uint8_t*>(producer_) + page_;
  return {};
}

void Ring::Close() {
  if (producer_ != nullptr) {
    munmap(producer_, page_ + 2 * bytes_);
    producer_ = nullptr;
  }
  if (consumer_ != nullptr) {
    munmap(consumer_, page_);
    consumer_ = nullptr;
  }
  data_ = nullptr;
}

size_t Ring::Drain(uint8_t* to, size_t most) {
  if (data_ == nullptr) {
    return 0;
  }
  auto* consumer = static_cast<unsigned long*>(consumer_);
  const auto* producer = static_cast<const unsigned long*>(producer_);
  unsigned long position = __atomic_load_n(consumer, __ATOMIC_RELAXED);
  const unsigned long end = __atomic_load_n(producer, __ATOMIC_ACQUIRE);
  const unsigned long start = position;
  size_t copied = 0;

  while (position < end && copied < most) {
    const uint8_t* header = data_ + (position & (bytes_ - 1));
    const uint32_t length =
        __atomic_load_n(reinterpret_cast<const uint32_t*>(header), __ATOMIC_ACQUIRE);
    if ((length & BPF_RINGBUF_BUSY_BIT) != 0) {
      break;
    }
    const uint32_t size = length & ~static_cast<uint32_t>(BPF_RINGBUF_DISCARD_BIT);
    if ((length & BPF_RINGBUF_DISCARD_BIT) == 0) {
      if (size == record_size_) {
        memcpy(to + copied * record_size_, header + BPF_RINGBUF_HDR_SZ, record_size_);
        copied++;
      } else {
        misfits_++;
      }
    }
    position += (size + BPF_RINGBUF_HDR_SZ + 7) & ~7UL;
  }
  if (position != start) {
    __atomic_store_n(consumer, position, __ATOMIC_RELEASE);
  }
  return copied;
}

} // namespace ipvscope
