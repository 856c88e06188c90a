// SPDX-License-Identifier: MIT
#include "pending_sweeper.h"

#include "../clock.h"

#include <bpf/bpf.h>

#include <algorithm>
#include <cerrno>
#include <limits>

namespace ipvscope {

static_assert(sizeof(ipvscope_pending) % 64 == 0, "a slot has its cache lines to itself");

namespace {

constexpr uint64_t kMaxAgeNs = 1000000000; // ns; no packet is in the hook for longer
constexpr uint64_t kMaxAgeInMapNs =
    10 * kMaxAgeNs; // nor is a program stopped for longer while it uses one

} // namespace

void PendingSweeper::Open(const Source& source) {
  source_ = source;
  seen_.clear();
  swept_ns_ = 0;
}

uint64_t PendingSweeper::Sweep() {
  const uint64_t now = MonotonicNow();
  if (now - swept_ns_ < kMaxAgeNs) {
    return 0;
  }
  swept_ns_ = now;
  return SweepSlots() + SweepMap(now - kMaxAgeInMapNs);
}

uint64_t PendingSweeper::SweepAll() {
  uint64_t swept = SweepMap(std::numeric_limits<uint64_t>::max());
  for (uint32_t slot = 0; slot < IPVSCOPE_PENDING_SLOTS; slot++) {
    const uint64_t word = PENDING_LOAD(ipvscope_pending_slot_word(source_.store, slot));
    if (word != 0 && ipvscope_pending_sweep(source_.store, slot, word) != 0) {
      swept++;
    }
  }
  return swept;
}

// Evicts slots that were live with the same word at the last sweep: they are at least that old.
uint64_t PendingSweeper::SweepSlots() {
  std::vector<Seen> held;
  uint64_t swept = 0;
  for (uint32_t slot = 0; slot < IPVSCOPE_PENDING_SLOTS; slot++) {
    const uint64_t word = PENDING_LOAD(ipvscope_pending_slot_word(source_.store, slot));
    if (word == 0 || (word & PENDING_BUSY) != 0) {
      continue;
    }
    const bool was_held = std::any_of(seen_.begin(), seen_.end(), [&](const Seen& before) {
      return before.slot == slot && before.word == word;
    });
    if (!was_held) {
      held.push_back({slot, word});
    } else if (ipvscope_pending_sweep(source_.store, slot, word) != 0) {
      swept++;
    }
  }
  seen_ = std::move(held);
  return swept;
}

// Evicts old packets from the map. Counts the packet that the deletion returned, not the one that
// was read before: the task may have put another one at the same key. Before Linux 5.14 a hash map
// has no such operation, and packets stay until the session ends; kprobes leave almost none.
uint64_t PendingSweeper::SweepMap(uint64_t limit_ns) {
  std::vector<ipvscope_pending_key> old;
  ipvscope_pending_key key{};
  ipvscope_pending packet{};
  const void* from = nullptr;
  while (bpf_map_get_next_key(source_.map, from, &key) == 0) {
    from = &key;
    if (bpf_map_lookup_elem(source_.map, &key, &packet) == 0 && packet.record.time_ns < limit_ns) {
      old.push_back(key);
    }
  }
  const bool all = limit_ns == std::numeric_limits<uint64_t>::max();
  uint64_t swept = 0;
  for (const ipvscope_pending_key& one : old) {
    int error = bpf_map_lookup_and_delete_elem(source_.map, &one, &packet);
    if (error != 0 && all) {
      error = bpf_map_lookup_elem(source_.map, &one, &packet);
      if (error == 0) {
        error = bpf_map_delete_elem(source_.map, &one);
      }
    }
    if (error != 0) {
      continue;
    }
    swept++;
    const uint32_t bucket = ipvscope_pending_bucket_of(packet.skb);
    __atomic_fetch_sub(&source_.store->buckets[bucket].words[0], 1, __ATOMIC_RELAXED);
    if (packet.iph != 0) {
      const uint32_t name_bucket = ipvscope_pending_name_bucket_of(packet.iph);
      __atomic_fetch_sub(&source_.store->names[name_bucket].words[0], 1, __ATOMIC_RELAXED);
    }
  }
  return swept;
}

} // namespace ipvscope
