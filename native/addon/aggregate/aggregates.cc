// SPDX-License-Identifier: MIT
#include "aggregates.h"

#include "../clock.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>

namespace ipvscope {

static_assert(offsetof(ipvscope_record, netns) == IPVSCOPE_KEY_OFFSET);
static_assert(sizeof(ipvscope_record) == IPVSCOPE_KEY_OFFSET + IPVSCOPE_KEY_SIZE);

namespace {

// Elements fetched at a time. A bucket of the kernel's hash map has to fit.
constexpr uint32_t kBatch = 1024;

constexpr const char* kCannotRead = "cannot read the aggregation maps";

constexpr uint64_t kMost = std::numeric_limits<uint32_t>::max();

Failure Fail(int error, const char* message) {
  return Failure{
      "ERR_PROBE_READ", "read", error, std::string(message) + ": " + strerror(error), {}};
}

bool HasDelay(const ipvscope_record& record) {
  return record.kind == IPVSCOPE_KIND_RETRY || record.cause == IPVSCOPE_CAUSE_UNANSWERED;
}

} // namespace

Outcome Aggregates::Open(const Source& source, bool quiescent) {
  const int cpus = libbpf_num_possible_cpus();
  if (cpus < 0) {
    return Fail(-cpus, "cannot count the CPUs");
  }
  source_ = source;
  possible_cpus_ = static_cast<size_t>(cpus);
  keys_.resize(kBatch * IPVSCOPE_KEY_SIZE);
  values_.resize(kBatch * possible_cpus_);
  fetched_ = 0;
  stage_ = Stage::kMaps;
  quiescent_ = quiescent;
  swapped_ = 0;
  grace_periods_.Open(source.ring_map, source.first_ring);
  return slots_.Open(source.slot_keys, source.slot_counts, source.cpus,
                     &source.used[IPVSCOPE_AGGREGATES_SLOTS], source.key_idle_ns);
}

void Aggregates::Close() {
  grace_periods_.Close();
  slots_.Close();
}

bool Aggregates::has_unread() const {
  return fetched_ != 0 || used(IPVSCOPE_AGGREGATES_EVEN) || used(IPVSCOPE_AGGREGATES_ODD) ||
         used(IPVSCOPE_AGGREGATES_SLOTS);
}

Outcome Aggregates::Quiesce() {
  Outcome failure = grace_periods_.Wait();
  quiescent_ = !failure;
  // A program may have added without setting the flag, or another CPU not have seen it.
  for (size_t store = 0; store < IPVSCOPE_AGGREGATE_STORES; store++) {
    __atomic_store_n(&source_.used[store], true, __ATOMIC_SEQ_CST);
  }
  return failure;
}

// Returns the last grace period that has elapsed.
uint64_t Aggregates::completed() {
  return quiescent_ ? std::numeric_limits<uint64_t>::max() : grace_periods_.completed();
}

Outcome Aggregates::FetchFrom(const Side& side) {
  for (const Kind kind : {Kind::kByKey, Kind::kOverflow}) {
    kind_ = kind;
    const int map = kind == Kind::kByKey ? side.by_key : side.overflow;
    Outcome failure = source_.batch_operations ? FetchBatch(map) : FetchOneByOne(map);
    if (failure || fetched_ != 0) {
      return failure;
    }
  }
  return {};
}

// Starts at the map's beginning each time: elements already fetched are gone.
Outcome Aggregates::FetchBatch(int map) {
  uint32_t position = 0;
  uint32_t count = kBatch;
  const int result = bpf_map_lookup_and_delete_batch(map, nullptr, &position, keys_.data(),
                                                     values_.data(), &count, nullptr);
  const int error = result == 0 || errno == ENOENT ? 0 : errno;
  if (error == EINVAL) {
    // A kernel without the operation (bpf(2)) has taken nothing.
    source_.batch_operations = false;
    return FetchOneByOne(map);
  }
  // After one of these errors `count` elements have left the map all the same
  // (__htab_map_lookup_and_delete_batch(), kernel/bpf/hashtab.c).
  const bool partial = error == EBUSY || error == ENOMEM || error == ENOSPC;
  fetched_ = error != 0 && !partial ? 0 : count;
  return error != 0 && fetched_ == 0 ? Outcome(Fail(error, kCannotRead)) : Outcome();
}

// The same by operations that every kernel has. Nothing adds to this map meanwhile: a value that
// was read is unchanged when its element is deleted.
Outcome Aggregates::FetchOneByOne(int map) {
  size_t found = 0;
  const void* from = nullptr;
  while (found < kBatch) {
    uint8_t* key = &keys_[found * IPVSCOPE_KEY_SIZE];
    if (bpf_map_get_next_key(map, from, key) != 0) {
      if (errno != ENOENT) {
        return Fail(errno, kCannotRead);
      }
      break;
    }
    from = key;
    found++;
  }
  for (fetched_ = 0; fetched_ < found; fetched_++) {
    const uint8_t* key = &keys_[fetched_ * IPVSCOPE_KEY_SIZE];
    ipvscope_aggregate* values = &values_[fetched_ * values_per_element()];
    if (bpf_map_lookup_elem(map, key, values) != 0 || bpf_map_delete_elem(map, key) != 0) {
      break;
    }
  }
  // Elements before the failure are reported first; the next call fails again.
  return fetched_ == 0 && found != 0 ? Outcome(Fail(errno, kCannotRead)) : Outcome();
}

size_t Aggregates::WriteFetched(uint8_t* to, size_t most) {
  const uint64_t now = MonotonicNow();
  size_t records = 0;
  while (fetched_ != 0 && records < most) {
    const uint8_t* key = &keys_[(fetched_ - 1) * IPVSCOPE_KEY_SIZE];
    ipvscope_aggregate* values = &values_[(fetched_ - 1) * values_per_element()];
    ipvscope_aggregate sum{};
    for (size_t cpu = 0; cpu < values_per_element(); cpu++) {
      sum.packets += values[cpu].packets;
      sum.delay_us += values[cpu].delay_us;
    }
    ipvscope_record record{};
    record.time_ns = now;
    record.count = static_cast<uint32_t>(std::min<uint64_t>(sum.packets, kMost));
    record.delay_us = static_cast<uint32_t>(std::min<uint64_t>(sum.delay_us, kMost));
    record.cpu = IPVSCOPE_CPU_SEVERAL;
    memcpy(&record.netns, key, IPVSCOPE_KEY_SIZE);
    memcpy(to + records * sizeof(record), &record, sizeof(record));
    records += sum.packets == 0 && sum.delay_us == 0 ? 0 : 1;
    // What exceeds one record's members goes into the next.
    std::fill(values, values + values_per_element(), ipvscope_aggregate{});
    values[0].packets = sum.packets - record.count;
    values[0].delay_us = sum.delay_us - record.delay_us;
    if (values[0].packets == 0 && values[0].delay_us == 0) {
      fetched_--;
      // A slot has no sum of delays (aggregate.bpf.h, add_to_store()).
      if (kind_ == Kind::kByKey && !HasDelay(record)) {
        slots_.Intern(key, now, grace_periods_.next());
      }
    }
  }
  return records;
}

Outcome Aggregates::Read(uint8_t* to, size_t most, size_t* records) {
  const uint32_t idle = 1 - *source_.active_side;
  *records = 0;
  while (stage_ == Stage::kMaps && *records < most) {
    if (fetched_ == 0 && used(idle) && swapped_ <= completed()) {
      // Before the map is read: a program that adds to this side late sets the flag again.
      __atomic_store_n(&source_.used[idle], false, __ATOMIC_SEQ_CST);
      Outcome failure = FetchFrom(source_.sides[idle]);
      if (failure || fetched_ != 0) {
        source_.used[idle] = true; // there may be more
      }
      if (failure) {
        return failure;
      }
    }
    if (fetched_ == 0) {
      stage_ = Stage::kSlots;
      slots_.StartReading(completed());
    }
    *records += WriteFetched(to + *records * sizeof(ipvscope_record), most - *records);
  }
  if (stage_ == Stage::kSlots && *records < most) {
    *records +=
        slots_.Read(to + *records * sizeof(ipvscope_record), most - *records, MonotonicNow());
    stage_ = *records < most ? Stage::kDone : stage_;
  }
  if (*records == 0) {
    stage_ = Stage::kMaps;
    return SwapSides();
  }
  return {};
}

// After a reading: swaps the sides where anything was added, and starts a grace period for whatever
// waits for one.
Outcome Aggregates::SwapSides() {
  const uint32_t active = *source_.active_side;
  const uint32_t idle = 1 - active;
  if (used(active) && !used(idle) && swapped_ <= completed()) {
    __atomic_store_n(source_.active_side, idle, __ATOMIC_SEQ_CST);
    swapped_ = grace_periods_.next();
  }
  if (swapped_ > completed() || slots_.in_transition()) {
    return grace_periods_.Start();
  }
  return {};
}

} // namespace ipvscope
