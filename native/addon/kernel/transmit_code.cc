// SPDX-License-Identifier: MIT
#include "transmit_code.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <string>
#include <vector>

namespace ipvscope {
namespace {

constexpr const char* kFunctions[] = {
    "ip_vs_nat_xmit",    "ip_vs_nat_xmit_v6",    "ip_vs_dr_xmit",     "ip_vs_dr_xmit_v6",
    "ip_vs_tunnel_xmit", "ip_vs_tunnel_xmit_v6", "ip_vs_bypass_xmit", "ip_vs_bypass_xmit_v6",
    "ip_vs_icmp_xmit",   "ip_vs_icmp_xmit_v6"};

// "ip_vs_nat_xmit" itself, or a part of it: "ip_vs_nat_xmit.cold".
bool IsTransmit(const std::string& name) {
  const std::string function = name.substr(0, name.find('.'));
  return std::any_of(std::begin(kFunctions), std::end(kFunctions),
                     [&function](const char* known) { return function == known; });
}

} // namespace

TransmitCode ReadTransmitCode() {
  TransmitCode code{};
  std::vector<uint64_t> starts;
  std::vector<uint64_t> all;
  std::ifstream file("/proc/kallsyms");
  // Lines are "address type name" or "address type name\t[module]".
  for (std::string line; std::getline(file, line);) {
    const uint64_t address = strtoull(line.c_str(), nullptr, 16);
    const size_t start = line.find(' ', line.find(' ') + 1) + 1;
    if (address == 0) {
      continue;
    }
    all.push_back(address);
    if (IsTransmit(line.substr(start, line.find('\t', start) - start))) {
      starts.push_back(address);
    }
  }
  if (starts.empty()) {
    return code;
  }
  std::sort(starts.begin(), starts.end());
  std::sort(all.begin(), all.end());
  code.all = {starts.front(), 0};
  for (size_t i = 0; i < starts.size() && i < code.functions.size(); i++) {
    const auto next = std::upper_bound(all.begin(), all.end(), starts[i]);
    const uint64_t end = next == all.end() ? std::numeric_limits<uint64_t>::max() : *next;
    code.functions[i] = {starts[i], end};
    code.all.end = end;
  }
  return code;
}

} // namespace ipvscope
