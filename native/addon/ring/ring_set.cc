// SPDX-License-Identifier: MIT
#include "ring_set.h"

#include <bpf/bpf.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <iterator>
#include <limits>
#include <string>

namespace ipvscope {
namespace {

Failure Fail(const char* message) {
  return Failure{
      "ERR_PROBE_RING", "ring", errno, std::string(message) + ": " + strerror(errno), {}};
}

uint64_t TimeOf(const uint8_t* record) {
  uint64_t time = 0;
  memcpy(&time, record, sizeof(time));
  return time;
}

} // namespace

RingSet::~RingSet() { Close(); }

Outcome RingSet::Open(int maps, uint32_t cpus, size_t bytes, size_t record_size) {
  record_size_ = record_size;
  epoll_ = epoll_create1(EPOLL_CLOEXEC);
  if (epoll_ < 0) {
    return Fail("cannot poll the ring buffers");
  }
  for (uint32_t cpu = 0; cpu < cpus; cpu++) {
    if (Outcome failure = Add(maps, cpu, bytes)) {
      Close();
      return failure;
    }
  }
  return {};
}

Outcome RingSet::Add(int maps, uint32_t cpu, size_t bytes) {
  const int map =
      bpf_map_create(BPF_MAP_TYPE_RINGBUF, "records", 0, 0, static_cast<uint32_t>(bytes), nullptr);
  if (map < 0) {
    return Fail("cannot create a ring buffer");
  }
  auto ring = std::make_unique<Ring>();
  Outcome failure = ring->Open(map, bytes, record_size_);
  // Edge-triggered: a record that Release() keeps must not look like a new one.
  epoll_event event{};
  event.events = EPOLLIN | EPOLLET;
  if (!failure && epoll_ctl(epoll_, EPOLL_CTL_ADD, map, &event) != 0) {
    failure = Fail("cannot poll a ring buffer");
  }
  if (!failure && bpf_map_update_elem(maps, &cpu, &map, BPF_ANY) != 0) {
    failure = Fail("cannot assign a CPU its ring buffer");
  }
  if (!failure) {
    rings_.push_back(std::move(ring));
    descriptors_.push_back(map);
    return {};
  }
  close(map);
  return failure;
}

void RingSet::Close() {
  rings_.clear();
  for (const int descriptor : descriptors_) {
    close(descriptor);
  }
  descriptors_.clear();
  if (epoll_ >= 0) {
    close(epoll_);
    epoll_ = -1;
  }
}

void RingSet::AckWakeup() {
  epoll_event events[16];
  while (epoll_wait(epoll_, events, std::size(events), 0) == std::size(events)) {
  }
}

size_t RingSet::Drain(uint8_t* to, size_t most) {
  sources_.clear();
  for (const auto& ring : rings_) {
    if (const uint8_t* front = ring->Front()) {
      sources_.push_back({ring.get(), front, TimeOf(front)});
    }
  }
  size_t copied = 0;
  while (copied < most && !sources_.empty()) {
    const auto oldest =
        std::min_element(sources_.begin(), sources_.end(),
                         [](const Source& a, const Source& b) { return a.time < b.time; });
    uint64_t until = std::numeric_limits<uint64_t>::max();
    for (auto other = sources_.begin(); other != sources_.end(); ++other) {
      until = other == oldest ? until : std::min(until, other->time);
    }
    do {
      memcpy(to + copied * record_size_, oldest->front, record_size_);
      copied++;
      oldest->ring->Pop();
      oldest->front = oldest->ring->Front();
      oldest->time = oldest->front == nullptr ? 0 : TimeOf(oldest->front);
    } while (oldest->front != nullptr && copied < most && oldest->time <= until);
    if (oldest->front == nullptr) {
      sources_.erase(oldest);
    }
  }
  for (const auto& ring : rings_) {
    ring->Release();
  }
  return copied;
}

bool RingSet::ArmWakeup() {
  bool quiet = true;
  for (const auto& ring : rings_) {
    quiet = ring->ArmWakeup() && quiet;
  }
  return quiet;
}

uint64_t RingSet::misfits() const {
  uint64_t sum = 0;
  for (const auto& ring : rings_) {
    sum += ring->misfits();
  }
  return sum;
}

} // namespace ipvscope
