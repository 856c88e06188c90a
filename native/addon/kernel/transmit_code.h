// SPDX-License-Identifier: MIT
#pragma once

#include <array>

#include "ipvscope_transmit.h"

namespace ipvscope {

// Addresses of the transmit functions of ip_vs in the running kernel.
struct TransmitCode {
  std::array<ipvscope_code_range, IPVSCOPE_TRANSMIT_RANGES> functions;
  // Spans all of them; zero where the kernel hides addresses (kernel.kptr_restrict) or has none of
  // the functions.
  ipvscope_code_range all;
};

// Reads the addresses from /proc/kallsyms. A function ends where the next symbol begins.
TransmitCode ReadTransmitCode();

} // namespace ipvscope
