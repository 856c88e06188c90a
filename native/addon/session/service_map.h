// SPDX-License-Identifier: MIT
#pragma once

#include "../failure.h"

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>

namespace ipvscope {

// Writes the probe's map of virtual services. The caller owns the map's descriptor.
class ServiceMap {
public:
  // `capacity`: keys that the map has room for.
  void Open(int map, size_t capacity);

  // Replaces the map's keys: `bytes` is an array of `count` ipvscope_service_key. `left_out`: how
  // many exceed the map's capacity. ERR_PROBE_READ.
  Outcome Set(const uint8_t* bytes, size_t count, size_t* left_out);

private:
  int map_ = -1;
  size_t capacity_ = 0;
  std::set<std::string> present_;
};

} // namespace ipvscope
