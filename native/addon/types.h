// SPDX-License-Identifier: MIT
#pragma once

#include "failure.h"

#include <string>

namespace ipvscope {

// Whether a file of BTF can be of the running kernel: it has the types of ip_vs, and what it shares
// with the kernel's own BTF, where that is shown, is laid out alike. A file of another build would
// make the probe read other members than it means. ERR_BTF_FILE.
Outcome CheckTypes(const std::string& path);

// Whether the kernel's own BTF names the function: one that programs may call.
bool KernelHas(const char* function);

} // namespace ipvscope
