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

// Elements taken at a time. A bucket of the kernel's table has to fit.
constexpr uint32_t kBatch = 1024;

// struct aggregate_sum: packets, and what they waited.
constexpr size_t kSumWords = 2;

constexpr const char* kCannotRead = "cannot read the aggregation maps";

constexpr uint64_t kMost = std::numeric_limits<uint32_t>::max();

Failure Fail(int error, const char* message) {
  return Failure{
      "ERR_PROBE_READ", "read", error, std::string(message) + ": " + strerror(error), {}};
}

} // namespace

Outcome Aggregates::Open(const Source& source, bool quiescent) {
  const int cpus = libbpf_num_possible_cpus();
  if (cpus < 0) {
    return Fail(-cpus, "cannot count the CPUs");
  }
  source_ = source;
  cpus_ = static_cast<size_t>(cpus);
  keys_.resize(kBatch * IPVSCOPE_KEY_SIZE);
  values_.resize(kBatch * cpus_ * kSumWords);
  fetched_ = 0;
  stage_ = Stage::kTables;
  quiescent_ = quiescent;
  swapped_ = 0;
  grace_periods_.Open(source.rings, source.first_ring);
  return slots_.Open(source.slot_keys, source.slot_counts, source.cpus, &source.used[kSlots],
                     source.idle_ns);
}

void Aggregates::Close() {
  grace_periods_.Close();
  slots_.Close();
}

Outcome Aggregates::Quiesce() {
  Outcome failure = grace_periods_.Wait();
  quiescent_ = !failure;
  // Whatever a program did not come to say, or another CPU did not see.
  for (size_t store = 0; store < kStores; store++) {
    __atomic_store_n(&source_.used[store], true, __ATOMIC_SEQ_CST);
  }
  return failure;
}

// The last grace period that is over.
uint64_t Aggregates::completed() {
  return quiescent_ ? std::numeric_limits<uint64_t>::max() : grace_periods_.completed();
}

Outcome Aggregates::FetchFrom(const int* tables) {
  for (table_ = 0; table_ < kTables; table_++) {
    const int table = tables[table_];
    Outcome failure = source_.batch_operations ? FetchBatch(table) : FetchOneByOne(table);
    if (failure || fetched_ != 0) {
      return failure;
    }
  }
  return {};
}

// The whole table from its start each time: what was taken is no longer there.
Outcome Aggregates::FetchBatch(int table) {
  uint32_t position = 0;
  uint32_t count = kBatch;
  const int result = bpf_map_lookup_and_delete_batch(table, nullptr, &position, keys_.data(),
                                                     values_.data(), &count, nullptr);
  const int error = result == 0 || errno == ENOENT ? 0 : errno;
  if (error == EINVAL) {
    // A kernel that does not know the operation (bpf(2)) has taken nothing.
    source_.batch_operations = false;
    return FetchOneByOne(table);
  }
  // What it took before one of these came up is no longer in the table, and counted
  // (__htab_map_lookup_and_delete_batch(), kernel/bpf/hashtab.c).
  const bool partial = error == EBUSY || error == ENOMEM || error == ENOSPC;
  fetched_ = error != 0 && !partial ? 0 : count;
  return error != 0 && fetched_ == 0 ? Outcome(Fail(error, kCannotRead)) : Outcome();
}

// The same by the operations that every kernel has. Nothing is added to this table meanwhile: a
// value that was read is still the same when its element is deleted.
Outcome Aggregates::FetchOneByOne(int table) {
  size_t found = 0;
  const void* from = nullptr;
  while (found < kBatch) {
    uint8_t* key = &keys_[found * IPVSCOPE_KEY_SIZE];
    if (bpf_map_get_next_key(table, from, key) != 0) {
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
    uint64_t* values = &values_[fetched_ * values_each() * kSumWords];
    if (bpf_map_lookup_elem(table, key, values) != 0 || bpf_map_delete_elem(table, key) != 0) {
      break;
    }
  }
  // Those before the failure are told first; the next call meets it again.
  return fetched_ == 0 && found != 0 ? Outcome(Fail(errno, kCannotRead)) : Outcome();
}

size_t Aggregates::WriteFetched(uint8_t* to, size_t most) {
  const uint64_t now = MonotonicNow();
  size_t records = 0;
  while (fetched_ != 0 && records < most) {
    const uint8_t* key = &keys_[(fetched_ - 1) * IPVSCOPE_KEY_SIZE];
    uint64_t* values = &values_[(fetched_ - 1) * values_each() * kSumWords];
    uint64_t packets = 0;
    uint64_t delay_us = 0;
    for (size_t cpu = 0; cpu < values_each(); cpu++) {
      packets += values[cpu * kSumWords];
      delay_us += values[cpu * kSumWords + 1];
    }
    ipvscope_record record{};
    record.time_ns = now;
    record.count = static_cast<uint32_t>(std::min(packets, kMost));
    record.delay_us = static_cast<uint32_t>(std::min(delay_us, kMost));
    record.cpu = IPVSCOPE_CPU_SEVERAL;
    memcpy(&record.netns, key, IPVSCOPE_KEY_SIZE);
    memcpy(to + records * sizeof(record), &record, sizeof(record));
    records += packets == 0 && delay_us == 0 ? 0 : 1;
    // What one record cannot say is left for the next.
    std::fill(values, values + values_each() * kSumWords, 0);
    values[0] = packets - record.count;
    values[1] = delay_us - record.delay_us;
    if (values[0] == 0 && values[1] == 0) {
      fetched_--;
      // Those are the keys of records with a delay (coalesce.bpf.h, add_up()).
      const bool delayed =
          record.kind == IPVSCOPE_KIND_RETRY || record.cause == IPVSCOPE_CAUSE_UNANSWERED;
      if (table_ == 0 && !delayed) {
        slots_.Intern(key, now, grace_periods_.next());
      }
    }
  }
  return records;
}

Outcome Aggregates::Read(uint8_t* to, size_t most, size_t* records) {
  const uint32_t idle = 1 - *source_.active_side;
  *records = 0;
  while (stage_ == Stage::kTables && *records < most) {
    if (fetched_ == 0 && used(idle) && swapped_ <= completed()) {
      // Before it is read: a program that comes late to this side says so again.
      __atomic_store_n(&source_.used[idle], false, __ATOMIC_SEQ_CST);
      Outcome failure = FetchFrom(source_.tables[idle]);
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
    stage_ = Stage::kTables;
    return SwapSides();
  }
  return {};
}

// After a reading: the sides change places where anything was added, and whatever waits for a grace
// period gets one.
Outcome Aggregates::SwapSides() {
  const uint32_t active_side = *source_.active_side;
  const uint32_t idle = 1 - active_side;
  if (used(active_side) && !used(idle) && swapped_ <= completed()) {
    __atomic_store_n(source_.active_side, idle, __ATOMIC_SEQ_CST);
    swapped_ = grace_periods_.next();
  }
  if (swapped_ > completed() || slots_.in_transition()) {
    return grace_periods_.Start();
  }
  return {};
}

} // namespace ipvscope
