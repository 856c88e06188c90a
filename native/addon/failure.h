// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>

namespace ipvscope {

// A failed operation. Inside the addon functions return std::optional<Failure>, empty on success;
// only session_object.cc throws. The code is chosen where the failure happens; src/native adds the
// exit code and, where `hint` is empty, what to do about it.
struct Failure {
  const char* code;      // stable, starts with ERR_
  const char* step;      // open, load, map, attach, ring, read, generate
  int error = 0;         // positive errno; 0 where there is none
  std::string message;   // one line: operation failed: reason
  std::string log;       // libbpf's last lines
  std::string hint = {}; // what to do
};

using Outcome = std::optional<Failure>;

} // namespace ipvscope
