// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

namespace ipvscope {

// Names of enum skb_drop_reason of the running kernel, by value, without their prefix; empty where
// it has none (before Linux 5.17), or shows no types.
std::vector<std::string> ReadDropReasons();

} // namespace ipvscope
