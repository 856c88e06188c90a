// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

namespace ipvscope {

// Returns the names of the running kernel's enum skb_drop_reason by value, without their prefix;
// empty before Linux 5.17, or without BTF.
std::vector<std::string> ReadDropReasons();

} // namespace ipvscope
