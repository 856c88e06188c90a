// SPDX-License-Identifier: MIT
#include "pending.h"

#include "clock.h"

#include <bpf/bpf.h>

#include <algorithm>
#include <limits>

namespace ipvscope {

static_assert(sizeof(ipvscope_pending) == sizeof(ipvscope_record) + 3 * 8 + 4 * 4,
              "no holes: it is a value of a map");

namespace {

constexpr uint64_t kOldest = 1000000000; // ns; no packet is in the hook for so long

template <typename Of> void Close(Of* of, uint64_t name) {
  __atomic_fetch_sub(&of[ipvscope_pending_slot_of(name)].spilled, 1, __ATOMIC_RELAXED);
}

// Where it is still this owner's.
bool GiveBack(decltype(ipvscope_pending_slot::owner)* owner, uint64_t held) {
  decltype(ipvscope_pending_slot::owner) expected = held;
  return __atomic_compare_exchange_n(owner, &expected, 0, false, __ATOMIC_ACQ_REL,
                                     __ATOMIC_RELAXED);
}

} // namespace

void Pending::Open(const Source& source) {
  source_ = source;
  held_.clear();
  swept_ns_ = 0;
}

uint64_t Pending::Sweep() {
  const uint64_t now = MonotonicNow();
  uint64_t swept = SweepMap(now - kOldest);
  if (now - swept_ns_ >= kOldest) {
    swept_ns_ = now;
    swept += SweepSlots(now - kOldest);
  }
  return swept;
}

uint64_t Pending::SweepAll() {
  constexpr uint64_t kAll = std::numeric_limits<uint64_t>::max();
  uint64_t swept = SweepMap(kAll);
  for (uint32_t number = 0; number < IPVSCOPE_PENDING_SLOTS; number++) {
    swept += Free(number, source_.slots[number].owner);
  }
  return swept;
}

// How many: one or none.
uint64_t Pending::Free(uint32_t number, uint64_t owner) {
  ipvscope_pending_slot& slot = source_.slots[number];
  if (owner == 0) {
    return 0;
  }
  const uint64_t iph = slot.packet.iph;
  const uint64_t conn = slot.packet.conn;
  if (iph != 0) {
    for (const uint64_t name : {iph, conn}) {
      GiveBack(&source_.names[ipvscope_pending_slot_of(name)].owner, owner);
    }
  }
  return GiveBack(&slot.owner, owner) ? 1 : 0;
}

// A slot that was just taken has no time yet, or still that of the packet before. So one is given
// up only where it looked the same at two sweeps, a while apart.
uint64_t Pending::SweepSlots(uint64_t limit_ns) {
  std::vector<Held> old;
  uint64_t swept = 0;
  for (uint32_t number = 0; number < IPVSCOPE_PENDING_SLOTS; number++) {
    ipvscope_pending_slot& slot = source_.slots[number];
    const Held held = {number, __atomic_load_n(&slot.owner, __ATOMIC_ACQUIRE),
                       slot.packet.record.time_ns};
    if (held.owner == 0 || held.time_ns == 0 || held.time_ns >= limit_ns) {
      continue;
    }
    const bool was_held = std::any_of(held_.begin(), held_.end(), [&held](const Held& before) {
      return before.slot == held.slot && before.owner == held.owner &&
             before.time_ns == held.time_ns;
    });
    if (!was_held) {
      old.push_back(held);
      continue;
    }
    swept += Free(number, held.owner);
  }
  held_ = std::move(old);
  return swept;
}

uint64_t Pending::SweepMap(uint64_t limit_ns) {
  struct Old {
    ipvscope_pending_key key;
    ipvscope_pending packet;
  };
  std::vector<Old> old;
  Old entry{};
  ipvscope_pending_key next{};
  const void* from = nullptr;
  while (bpf_map_get_next_key(source_.map, from, &next) == 0) {
    entry.key = next;
    from = &entry.key;
    if (bpf_map_lookup_elem(source_.map, &entry.key, &entry.packet) == 0 &&
        entry.packet.record.time_ns < limit_ns) {
      old.push_back(entry);
    }
  }
  uint64_t swept = 0;
  for (const auto& [key, packet] : old) {
    // A decided one was taken off the count by its verdict, and has its record.
    if (bpf_map_delete_elem(source_.map, &key) == 0 && packet.decided == 0) {
      Close(source_.slots, packet.skb);
      if (packet.iph != 0) {
        Close(source_.names, packet.iph);
      }
      swept++;
    }
  }
  return swept;
}

} // namespace ipvscope
