// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>

namespace ipvscope {

// What went wrong, for the one place that throws (session_object.cc). Inside the addon nothing
// throws: functions return std::optional<Failure>, empty on success.
struct Failure {
  const char* code;    // stable, starts with ERR_
  const char* step;    // open, load, attach, ring, generate
  int error = 0;       // positive errno; 0 where there is none
  std::string message; // one line
  std::string log;     // libbpf's last lines
};

using Outcome = std::optional<Failure>;

} // namespace ipvscope
