// SPDX-License-Identifier: MIT
#pragma once

#include <string>

namespace ipvscope {

// libbpf prints through one function for the whole process; this keeps its last lines apart per
// thread, so that workers do not read each other's.
class Log {
public:
  static void Install(); // once a process is enough; more does no harm
  static void Clear();
  static std::string Tail(); // this thread's last lines since Clear(), newest last
};

} // namespace ipvscope
