// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>

namespace ipvscope {

// Addresses of kernel functions, as /proc/kallsyms has them now. A kernel before 6.2 looks for a
// name through its whole table, several times a kprobe: with the address nobody has to look.
class Symbols {
public:
  // Reads those of these names that there are. Without /proc/kallsyms there are none.
  static Symbols Read(const std::set<std::string>& names);

  bool has(const std::string& name) const { return addresses_.count(name) != 0; }
  // 0 where it is not one address: no such function, several, or they are hidden
  // (kernel.kptr_restrict).
  uint64_t address(const std::string& name) const;

private:
  std::map<std::string, std::set<uint64_t>> addresses_;
};

} // namespace ipvscope
