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
    return Failure{"ERR_PROBE_RING", "ring", errno, "cannot mmap the ring's consumer page", {}};
  }
  consumer_ = consumer;

  // The kernel maps the data area twice in a row, so that a record never wraps around.
  void* producer =
      mmap(nullptr, page_ + 2 * bytes_, PROT_READ, MAP_SHARED, map, static_cast<off_t>(page_));
  if (producer == MAP_FAILED) {
    const int error = errno;
    Close();
    return Failure{"ERR_PROBE_RING", "ring", error, "cannot mmap the ring's data", {}};
  }
  producer_ = producer;
  data_ = static_cast<const uint8_t*>(producer_) + page_;
  position_ = __atomic_load_n(static_cast<unsigned long*>(consumer_), __ATOMIC_RELAXED);
  released_ = last_ = end_ = position_;
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

const uint8_t* Ring::Front() {
  const auto* producer = static_cast<const unsigned long*>(producer_);
  for (;;) {
    if (position_ == end_) {
      end_ = __atomic_load_n(producer, __ATOMIC_ACQUIRE);
      if (position_ == end_) {
        return nullptr;
      }
    }
    const uint8_t* header = data_ + (position_ & (bytes_ - 1));
    const uint32_t length =
        __atomic_load_n(reinterpret_cast<const uint32_t*>(header), __ATOMIC_ACQUIRE);
    if ((length & BPF_RINGBUF_BUSY_BIT) != 0) {
      return nullptr;
    }
    const uint32_t size = length & ~static_cast<uint32_t>(BPF_RINGBUF_DISCARD_BIT);
    if (length == record_size_) {
      return header + BPF_RINGBUF_HDR_SZ;
    }
    misfits_ += size == length ? 1 : 0;
    Skip(size);
  }
}

void Ring::Pop() { Skip(static_cast<uint32_t>(record_size_)); }

void Ring::Skip(uint32_t size) {
  last_ = position_;
  position_ += (size + BPF_RINGBUF_HDR_SZ + 7) & ~7UL;
}

void Ring::Release() {
  if (released_ != last_) {
    released_ = last_;
    __atomic_store_n(static_cast<unsigned long*>(consumer_), released_, __ATOMIC_RELEASE);
  }
}

bool Ring::ArmWakeup() {
  // Stored before the producer's position is loaded: a later record finds all released, and wakes;
  // an earlier one is seen here.
  __atomic_store_n(static_cast<unsigned long*>(consumer_), position_, __ATOMIC_SEQ_CST);
  released_ = last_ = position_;
  const auto* producer = static_cast<const unsigned long*>(producer_);
  return __atomic_load_n(producer, __ATOMIC_SEQ_CST) == position_;
}

} // namespace ipvscope
