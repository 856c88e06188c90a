// SPDX-License-Identifier: MIT
#pragma once

#include "../failure.h"

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>

namespace ipvscope {

// The probe's map of virtual services. The map's descriptor is the caller's.
class ServiceMap {
public:
  // `most`: keys that the map has room for.
  void Open(int map, size_t capacity);

  // Makes the map hold these keys and no others: `bytes` is `count` ipvscope_service_key, one after
  // another. Those beyond the map's room are left out; `left_out` says how many.
  Outcome Set(const uint8_t* bytes, size_t count, size_t* left_out);

private:
  int map_ = -1;
  size_t capacity_ = 0;
  std::set<std::string> present_;
};

} // namespace ipvscope
