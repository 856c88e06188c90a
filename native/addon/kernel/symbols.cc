// SPDX-License-Identifier: MIT
#include "symbols.h"

#include <cstdlib>
#include <fstream>

namespace ipvscope {

// Lines are "address type name" or "address type name\t[module]".
Symbols Symbols::Read(const std::set<std::string>& names) {
  Symbols symbols;
  std::ifstream file("/proc/kallsyms");
  for (std::string line; std::getline(file, line);) {
    const size_t start = line.find(' ', line.find(' ') + 1) + 1;
    const std::string name = line.substr(start, line.find('\t', start) - start);
    if (names.count(name) != 0) {
      symbols.addresses_[name].insert(strtoull(line.c_str(), nullptr, 16));
    }
  }
  return symbols;
}

uint64_t Symbols::address(const std::string& name) const {
  const auto found = addresses_.find(name);
  return found != addresses_.end() && found->second.size() == 1 ? *found->second.begin() : 0;
}

} // namespace ipvscope
