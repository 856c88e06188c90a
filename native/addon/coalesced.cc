// SPDX-License-Identifier: MIT
#include "coalesced.h"

#include "clock.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>

#include "ipvscope_record.h"

namespace ipvscope {

static_assert(offsetof(ipvscope_record, netns) == IPVSCOPE_KEY_OFFSET);
static_assert(offsetof(ipvscope_record, reserved_end) == IPVSCOPE_KEY_OFFSET + IPVSCOPE_KEY_SIZE);

namespace {

// Elements taken at a time. A bucket of the kernel's table has to fit.
constexpr uint32_t kBatch = 1024;

Failure Fail(int error, const char* message) {
  return Failure{
      "ERR_PROBE_READ", "read", error, std::string(message) + ": " + strerror(error), {}};
}

} // namespace

Outcome Coalesced::Open(const Tables& tables) {
  const int cpus = libbpf_num_possible_cpus();
  if (cpus < 0) {
    return Fail(-cpus, "cannot count the CPUs");
  }
  tables_ = tables;
  cpus_ = static_cast<size_t>(cpus);
  keys_.resize(kBatch * IPVSCOPE_KEY_SIZE);
  values_.resize(kBatch * cpus_);
  held_ = 0;
  return {};
}

Outcome Coalesced::Fetch(int descriptor) {
  // The whole table from its start each time: what was taken is no longer there.
  uint32_t position = 0;
  uint32_t count = kBatch;
  const int result = bpf_map_lookup_and_delete_batch(descriptor, nullptr, &position, keys_.data(),
                                                     values_.data(), &count, nullptr);
  if (result != 0 && errno != ENOENT) {
    return Fail(errno, "cannot read what was added up");
  }
  held_ = count;
  return {};
}

Outcome Coalesced::Read(uint8_t* to, size_t most, size_t* records) {
  const uint32_t idle = 1 - *tables_.active;
  const uint64_t now = MonotonicNow();
  *records = 0;
  while (*records < most) {
    if (held_ == 0 && tables_.used[idle]) {
      // Before it is read: a program that comes late to this table says so again.
      tables_.used[idle] = false;
      Outcome failure = Fetch(tables_.descriptors[idle]);
      if (failure || held_ != 0) {
        tables_.used[idle] = true; // there may be more
      }
      if (failure) {
        return failure;
      }
    }
    if (held_ == 0) {
      break;
    }
    const size_t last = held_ - 1;
    uint64_t* values = &values_[last * cpus_];
    uint64_t packets = 0;
    for (size_t cpu = 0; cpu < cpus_; cpu++) {
      packets += values[cpu];
    }
    const uint64_t told = std::min<uint64_t>(packets, std::numeric_limits<uint32_t>::max());
    ipvscope_record record{};
    record.time_ns = now;
    record.count = static_cast<uint32_t>(told);
    record.cpu = IPVSCOPE_CPU_SEVERAL;
    memcpy(&record.netns, &keys_[last * IPVSCOPE_KEY_SIZE], IPVSCOPE_KEY_SIZE);
    memcpy(to + *records * sizeof(record), &record, sizeof(record));
    *records += told == 0 ? 0 : 1;
    // What one record cannot say is left for the next.
    std::fill(values, values + cpus_, 0);
    values[0] = packets - told;
    held_ -= packets == told ? 1 : 0;
  }
  if (*records == 0) {
    __atomic_store_n(tables_.active, idle, __ATOMIC_RELEASE);
  }
  return {};
}

} // namespace ipvscope
