// SPDX-License-Identifier: MIT
#pragma once

#include <napi.h>

namespace ipvscope {

// readInNamespace(namespace: string, name: string): Promise<Uint8Array>
//
// Reads /proc/net/<name> of a network namespace; `namespace` is the path of the namespace. Rejects
// with an Error whose `code` is the system's (EPERM: takes CAP_SYS_ADMIN).
Napi::Value ReadInNamespace(const Napi::CallbackInfo& info);

} // namespace ipvscope
