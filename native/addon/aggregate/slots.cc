// SPDX-License-Identifier: MIT
#include "slots.h"

#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <string>

namespace ipvscope {

static_assert(sizeof(ipvscope_known_key) == 64, "a cache line");
static_assert((offsetof(ipvscope_record, kind) - IPVSCOPE_KEY_OFFSET) / sizeof(__u64) ==
              IPVSCOPE_KEY_KIND_WORD);

namespace {

constexpr size_t kKeysBytes = IPVSCOPE_KNOWN_KEYS * sizeof(ipvscope_known_key);

size_t CountsBytes(uint32_t cpus) { return sizeof(uint64_t) * IPVSCOPE_KNOWN_KEYS * cpus; }

} // namespace

Known::~Known() { Close(); }

Outcome Known::Open(int keys, int counts, uint32_t cpus, bool* used, uint64_t idle_ns) {
  const auto fail = [] {
    return Failure{"ERR_PROBE_RING",
                   "ring",
                   errno,
                   std::string("cannot map the counts: ") + strerror(errno),
                   {}};
  };
  void* mapped = mmap(nullptr, kKeysBytes, PROT_READ | PROT_WRITE, MAP_SHARED, keys, 0);
  if (mapped == MAP_FAILED) {
    return fail();
  }
  keys_ = static_cast<ipvscope_known_key*>(mapped);
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
  where_.assign(IPVSCOPE_KNOWN_KEYS, 0);
  return {};
}

void Known::Close() {
  if (counts_ != nullptr) {
    munmap(counts_, CountsBytes(cpus_));
    counts_ = nullptr;
  }
  if (keys_ != nullptr) {
    munmap(keys_, kKeysBytes);
    keys_ = nullptr;
  }
  places_.clear();
  where_.clear();
  waiting_ = next_ = 0;
}

uint64_t Known::Sum(uint32_t number) const {
  uint64_t sum = 0;
  for (uint32_t cpu = 0; cpu < cpus_; cpu++) {
    const size_t at = static_cast<size_t>(cpu) * IPVSCOPE_KNOWN_KEYS + number;
    sum += __atomic_load_n(&counts_[at], __ATOMIC_RELAXED);
  }
  return sum;
}

void Known::CopyKey(const Place& place, void* to) const {
  auto* words = static_cast<uint8_t*>(to);
  memcpy(words, keys_[place.number].words, IPVSCOPE_KEY_SIZE);
  // It lacks the kind there, and only there: to write what is there already would hold up who reads
  // all of it next.
  if (place.state != State::kCounting) {
    memcpy(words + IPVSCOPE_KEY_KIND_WORD * sizeof(__u64), &place.kind_word, sizeof(__u64));
  }
}

bool Known::Has(uint32_t number, const __u64* words) const {
  if (where_[number] == 0) {
    return false;
  }
  __u64 key[IPVSCOPE_KEY_WORDS];
  CopyKey(places_[where_[number] - 1], key);
  return memcmp(key, words, sizeof(key)) == 0;
}

void Known::Learn(const uint8_t* key, uint64_t now_ns, uint64_t next) {
  __u64 words[IPVSCOPE_KEY_WORDS];
  memcpy(words, key, sizeof(words));
  const uint32_t first = ipvscope_known_place(words);
  for (const uint32_t number : {first, first ^ 1}) {
    // It may have been learned while this packet was on its way.
    if (Has(number, words)) {
      return;
    }
  }
  for (const uint32_t number : {first, first ^ 1}) {
    if (where_[number] == 0) {
      Take(number, words, now_ns, next);
      return;
    }
  }
  RetireOne(&places_[where_[first] - 1], &places_[where_[first ^ 1] - 1], now_ns, next);
}

void Known::Take(uint32_t number, const __u64* words, uint64_t now_ns, uint64_t next) {
  const __u64 kind_word = words[IPVSCOPE_KEY_KIND_WORD];
  places_.push_back({number, State::kWritten, kind_word, next, Sum(number), now_ns});
  where_[number] = static_cast<uint32_t>(places_.size());
  waiting_++;
  for (size_t i = 0; i < IPVSCOPE_KEY_WORDS; i++) {
    if (i != IPVSCOPE_KEY_KIND_WORD) {
      __atomic_store_n(&keys_[number].words[i], words[i], __ATOMIC_RELAXED);
    }
  }
}

// The one that had no packet for longer, if it is idle, and unless one of them is on its way.
void Known::RetireOne(Place* first, Place* second, uint64_t now_ns, uint64_t next) {
  Place* place = first->changed_ns <= second->changed_ns ? first : second;
  if (first->state == State::kCounting && second->state == State::kCounting &&
      place->changed_ns + idle_ns_ < now_ns) {
    Retire(place, next);
  }
}

void Known::Retire(Place* place, uint64_t next) {
  __atomic_store_n(&keys_[place->number].words[IPVSCOPE_KEY_KIND_WORD], 0, __ATOMIC_SEQ_CST);
  place->state = State::kRetired;
  place->since = next;
  waiting_++;
}

void Known::PublishWritten() {
  for (Place& place : places_) {
    if (place.state == State::kWritten && place.since <= over_) {
      __atomic_store_n(&keys_[place.number].words[IPVSCOPE_KEY_KIND_WORD], place.kind_word,
                       __ATOMIC_RELEASE);
      place.state = State::kCounting;
      waiting_--;
    }
  }
}

// The last one takes its index.
void Known::Free(size_t index) {
  where_[places_[index].number] = 0;
  places_[index] = places_.back();
  places_.pop_back();
  sums_[index] = sums_.back();
  sums_.pop_back();
  if (index < places_.size()) {
    where_[places_[index].number] = static_cast<uint32_t>(index) + 1;
  }
  waiting_--;
}

void Known::Begin(uint64_t over) {
  over_ = over;
  next_ = places_.size();
  if (!__atomic_load_n(used_, __ATOMIC_RELAXED) && waiting_ == 0) {
    return;
  }
  PublishWritten();
  // Before the numbers are read: a packet that comes later says so again.
  __atomic_store_n(used_, false, __ATOMIC_SEQ_CST);
  ReadSums();
  next_ = 0;
}

// One CPU's after another: they lie side by side.
void Known::ReadSums() {
  sums_.assign(places_.size(), 0);
  for (uint32_t cpu = 0; cpu < cpus_; cpu++) {
    const uint64_t* counts = counts_ + static_cast<size_t>(cpu) * IPVSCOPE_KNOWN_KEYS;
    for (size_t i = 0; i < places_.size(); i++) {
      sums_[i] += __atomic_load_n(&counts[places_[i].number], __ATOMIC_RELAXED);
    }
  }
}

size_t Known::Read(uint8_t* to, size_t most, uint64_t now_ns) {
  size_t records = 0;
  while (next_ < places_.size() && records < most) {
    Place& place = places_[next_];
    const uint64_t packets = sums_[next_] - place.told;
    if (packets != 0) {
      ipvscope_record record{};
      record.time_ns = now_ns;
      record.count = static_cast<uint32_t>(std::min<uint64_t>(packets, UINT32_MAX));
      record.cpu = IPVSCOPE_CPU_SEVERAL;
      CopyKey(place, &record.netns);
      memcpy(to + records * sizeof(record), &record, sizeof(record));
      records++;
      place.told += record.count;
      place.changed_ns = now_ns;
      // What one record cannot say is left for the next.
      next_ += record.count == packets ? 1 : 0;
    } else if (place.state == State::kRetired && place.since <= over_) {
      Free(next_);
    } else {
      next_++;
    }
  }
  return records;
}

} // namespace ipvscope
