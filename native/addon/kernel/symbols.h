// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>

namespace ipvscope {

// Addresses of kernel functions from /proc/kallsyms. Before Linux 6.2 the kernel searches its whole
// symbol table for a name, several times per kprobe; an address saves that.
class Symbols {
public:
  // Reads the symbols with these names. None without /proc/kallsyms.
  static Symbols Read(const std::set<std::string>& names);

  bool has(const std::string& name) const { return addresses_.count(name) != 0; }
  // Returns the function's address; 0 where there is none or several, or addresses are hidden
  // (kernel.kptr_restrict).
  uint64_t address(const std::string& name) const;

private:
  std::map<std::string, std::set<uint64_t>> addresses_;
};

} // namespace ipvscope
