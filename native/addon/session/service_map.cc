// SPDX-License-Identifier: MIT
#include "service_map.h"

#include <bpf/bpf.h>

#include <cerrno>
#include <cstring>

#include "ipvscope_services.h"

namespace ipvscope {

static_assert(sizeof(ipvscope_service_key) == 28, "no padding: it is the key of a map");

namespace {

Failure Fail(int error) {
  return Failure{"ERR_PROBE_READ",
                 "services",
                 error,
                 std::string("cannot write the map of virtual services: ") + strerror(error),
                 {}};
}

} // namespace

void ServiceMap::Open(int map, size_t capacity) {
  map_ = map;
  capacity_ = capacity;
  present_.clear();
}

Outcome ServiceMap::Set(const uint8_t* bytes, size_t count, size_t* left_out) {
  constexpr size_t kSize = sizeof(ipvscope_service_key);
  std::set<std::string> wanted;
  for (size_t i = 0; i < count && wanted.size() < capacity_; i++) {
    wanted.emplace(reinterpret_cast<const char*>(bytes) + i * kSize, kSize);
  }
  *left_out = count > capacity_ ? count - capacity_ : 0;
  // Removed services first: they make room.
  for (auto key = present_.begin(); key != present_.end();) {
    if (wanted.count(*key) != 0) {
      ++key;
      continue;
    }
    if (bpf_map_delete_elem(map_, key->data()) != 0 && errno != ENOENT) {
      return Fail(errno);
    }
    key = present_.erase(key);
  }
  constexpr __u32 kPresent = 1;
  for (const std::string& key : wanted) {
    if (present_.count(key) != 0) {
      continue;
    }
    if (bpf_map_update_elem(map_, key.data(), &kPresent, BPF_ANY) != 0) {
      return Fail(errno);
    }
    present_.insert(key);
  }
  return {};
}

} // namespace ipvscope
