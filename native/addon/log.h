// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

namespace ipvscope {

// Keeps libbpf's last log lines per thread. libbpf prints through one function for the whole
// process; workers must not read each other's lines.
class Log {
public:
  static void Install(); // idempotent
  static void Clear();
  static std::string Tail(); // this thread's last lines since Clear(), newest last
  static bool Mentions(std::string_view text); // whether one of these lines contains the text
};

} // namespace ipvscope
