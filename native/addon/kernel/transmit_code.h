// SPDX-License-Identifier: MIT
#pragma once

#include <array>

#include "ipvscope_transmit.h"

namespace ipvscope {

// Where the transmit functions of ip_vs are in the running kernel.
struct TransmitCode {
  std::array<ipvscope_code_range, IPVSCOPE_TRANSMIT_RANGES> functions;
  // From the first of them to the last; all zero where the kernel hides addresses
  // (kernel.kptr_restrict), or has none of them.
  ipvscope_code_range all;
};

// Reads /proc/kallsyms. A function ends where the next symbol begins.
TransmitCode ReadTransmitCode();

} // namespace ipvscope
