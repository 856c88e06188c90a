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
                 std::string("cannot tell the probe the virtual services: ") + strerror(error),
                 {}};
}

} // namespace

void Services::Open(int map, size_t most) {
  map_ = map;
  most_ = most;
  held_.clear();
}

Outcome Services::Set(const uint8_t* bytes, size_t count, size_t* left_out) {
  constexpr size_t kSize = sizeof(ipvscope_service_key);
  std::set<std::string> wanted;
  for (size_t i = 0; i < count && wanted.size() < most_; i++) {
    wanted.emplace(reinterpret_cast<const char*>(bytes) + i * kSize, kSize);
  }
  *left_out = count > most_ ? count - most_ : 0;
  // Those that are gone make room first.
  for (auto key = held_.begin(); key != held_.end();) {
    if (wanted.count(*key) != 0) {
      ++key;
      continue;
    }
    if (bpf_map_delete_elem(map_, key->data()) != 0 && errno != ENOENT) {
      return Fail(errno);
    }
    key = held_.erase(key);
  }
  constexpr __u32 kPresent = 1;
  for (const std::string& key : wanted) {
    if (held_.count(key) != 0) {
      continue;
    }
    if (bpf_map_update_elem(map_, key.data(), &kPresent, BPF_ANY) != 0) {
      return Fail(errno);
    }
    held_.insert(key);
  }
  return {};
}

} // namespace ipvscope
