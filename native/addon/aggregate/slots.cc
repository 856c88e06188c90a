// SPDX-License-Identifier: MIT
#include "slots.h"

#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <string>

namespace ipvscope {

static_assert(sizeof(ipvscope_slot_key) == 64, "a cache line");
static_assert((offsetof(ipvscope_record, kind) - IPVSCOPE_KEY_OFFSET) / sizeof(__u64) ==
              IPVSCOPE_KEY_KIND_WORD);

namespace {

constexpr size_t kKeysBytes = IPVSCOPE_SLOTS * sizeof(ipvscope_slot_key);

size_t CountsBytes(uint32_t cpus) { return sizeof(uint64_t) * IPVSCOPE_SLOTS * cpus; }

} // namespace

Slots::~Slots() { Close(); }

Outcome Slots::Open(int keys, int counts, uint32_t cpus, bool* used, uint64_t idle_ns) {
  const auto fail = [] {
    return Failure{"ERR_PROBE_RING",
                   "ring",
                   errno,
                   std::string("cannot mmap the slot counts: ") + strerror(errno),
                   {}};
  };
  void* mapped = mmap(nullptr, kKeysBytes, PROT_READ | PROT_WRITE, MAP_SHARED, keys, 0);
  if (mapped == MAP_FAILED) {
    return fail();
  }
  keys_ = static_cast<ipvscope_slot_key*>(mapped);
  cpus_ = cpus;
  mapped = mmap(nullptr, CountsBytes(cpus), PROT_READ, MAP_SHARED, counts, 0);
  if (mapped == MAP_FAILED) {
    Outcome failure = fail();
    Close();
    return failure;
  }
  counts_ = static_cast<uint64_t*>(mapped);
  used_ = used;
  idle_ns_ = idle_ns;
  slot_at_.assign(IPVSCOPE_SLOTS, 0);
  return {};
}

void Slots::Close() {
  if (counts_ != nullptr) {
    munmap(counts_, CountsBytes(cpus_));
    counts_ = nullptr;
  }
  if (keys_ != nullptr) {
    munmap(keys_, kKeysBytes);
    keys_ = nullptr;
  }
  slots_.clear();
  slot_at_.clear();
  in_transition_ = cursor_ = 0;
}

uint64_t Slots::Sum(uint32_t index) const {
  uint64_t sum = 0;
  for (uint32_t cpu = 0; cpu < cpus_; cpu++) {
    const size_t at = static_cast<size_t>(cpu) * IPVSCOPE_SLOTS + index;
    sum += __atomic_load_n(&counts_[at], __ATOMIC_RELAXED);
  }
  return sum;
}

void Slots::CopyKey(const Slot& slot, void* to) const {
  auto* words = static_cast<uint8_t*>(to);
  memcpy(words, keys_[slot.index].words, IPVSCOPE_KEY_SIZE);
  // The map's copy lacks the kind. A counting slot is left alone: a store to what was just copied
  // would delay the loads that follow.
  if (slot.state != State::kCounting) {
    memcpy(words + IPVSCOPE_KEY_KIND_WORD * sizeof(__u64), &slot.kind_word, sizeof(__u64));
  }
}

bool Slots::Has(uint32_t index, const __u64* words) const {
  if (slot_at_[index] == 0) {
    return false;
  }
  __u64 key[IPVSCOPE_KEY_WORDS];
  CopyKey(slots_[slot_at_[index] - 1], key);
  return memcmp(key, words, sizeof(key)) == 0;
}

void Slots::Intern(const uint8_t* key, uint64_t now_ns, uint64_t next) {
  __u64 words[IPVSCOPE_KEY_WORDS];
  memcpy(words, key, sizeof(words));
  const uint32_t first = ipvscope_slot_of(words);
  for (const uint32_t index : {first, first ^ 1}) {
    // It may have been interned since this packet was counted.
    if (Has(index, words)) {
      return;
    }
  }
  for (const uint32_t index : {first, first ^ 1}) {
    if (slot_at_[index] == 0) {
      Acquire(index, words, now_ns, next);
      return;
    }
  }
  EvictIdle(&slots_[slot_at_[first] - 1], &slots_[slot_at_[first ^ 1] - 1], now_ns, next);
}

void Slots::Acquire(uint32_t index, const __u64* words, uint64_t now_ns, uint64_t next) {
  const __u64 kind_word = words[IPVSCOPE_KEY_KIND_WORD];
  slots_.push_back({index, State::kWritten, kind_word, next, Sum(index), now_ns});
  slot_at_[index] = static_cast<uint32_t>(slots_.size());
  in_transition_++;
  for (size_t i = 0; i < IPVSCOPE_KEY_WORDS; i++) {
    if (i != IPVSCOPE_KEY_KIND_WORD) {
      __atomic_store_n(&keys_[index].words[i], words[i], __ATOMIC_RELAXED);
    }
  }
}

// Retires the one that had no packet for longer, if it is idle and neither is in transition.
void Slots::EvictIdle(Slot* first, Slot* second, uint64_t now_ns, uint64_t next) {
  Slot* slot = first->last_used_ns <= second->last_used_ns ? first : second;
  if (first->state == State::kCounting && second->state == State::kCounting &&
      slot->last_used_ns + idle_ns_ < now_ns) {
    Retire(slot, next);
  }
}

void Slots::Retire(Slot* slot, uint64_t next) {
  __atomic_store_n(&keys_[slot->index].words[IPVSCOPE_KEY_KIND_WORD], 0, __ATOMIC_SEQ_CST);
  slot->state = State::kRetired;
  slot->since = next;
  in_transition_++;
}

void Slots::PublishWritten() {
  for (Slot& slot : slots_) {
    if (slot.state == State::kWritten && slot.since <= completed_) {
      __atomic_store_n(&keys_[slot.index].words[IPVSCOPE_KEY_KIND_WORD], slot.kind_word,
                       __ATOMIC_RELEASE);
      slot.state = State::kCounting;
      in_transition_--;
    }
  }
}

// Moves the last slot to the position that becomes free.
void Slots::Release(size_t position) {
  slot_at_[slots_[position].index] = 0;
  slots_[position] = slots_.back();
  slots_.pop_back();
  sums_[position] = sums_.back();
  sums_.pop_back();
  if (position < slots_.size()) {
    slot_at_[slots_[position].index] = static_cast<uint32_t>(position) + 1;
  }
  in_transition_--;
}

void Slots::StartReading(uint64_t completed) {
  completed_ = completed;
  cursor_ = slots_.size();
  if (!__atomic_load_n(used_, __ATOMIC_RELAXED) && in_transition_ == 0) {
    return;
  }
  PublishWritten();
  // Before the counts are read: a later packet sets the flag again.
  __atomic_store_n(used_, false, __ATOMIC_SEQ_CST);
  ReadSums();
  cursor_ = 0;
}

// Reads one CPU after another: its counts are adjacent.
void Slots::ReadSums() {
  sums_.assign(slots_.size(), 0);
  for (uint32_t cpu = 0; cpu < cpus_; cpu++) {
    const uint64_t* counts = counts_ + static_cast<size_t>(cpu) * IPVSCOPE_SLOTS;
    for (size_t i = 0; i < slots_.size(); i++) {
      sums_[i] += __atomic_load_n(&counts[slots_[i].index], __ATOMIC_RELAXED);
    }
  }
}

size_t Slots::Read(uint8_t* to, size_t most, uint64_t now_ns) {
  size_t records = 0;
  while (cursor_ < slots_.size() && records < most) {
    Slot& slot = slots_[cursor_];
    const uint64_t packets = sums_[cursor_] - slot.reported;
    if (packets != 0) {
      ipvscope_record record{};
      record.time_ns = now_ns;
      record.count = static_cast<uint32_t>(std::min<uint64_t>(packets, UINT32_MAX));
      record.cpu = IPVSCOPE_CPU_SEVERAL;
      CopyKey(slot, &record.netns);
      memcpy(to + records * sizeof(record), &record, sizeof(record));
      records++;
      slot.reported += record.count;
      slot.last_used_ns = now_ns;
      // What exceeds one record's count goes into the next.
      cursor_ += record.count == packets ? 1 : 0;
    } else if (slot.state == State::kRetired && slot.since <= completed_) {
      Release(cursor_);
    } else {
      cursor_++;
    }
  }
  return records;
}

} // namespace ipvscope
