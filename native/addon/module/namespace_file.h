// SPDX-License-Identifier: MIT
#pragma once

#include <napi.h>

namespace ipvscope {

// readInNamespace(namespace: string, name: string): Promise<Uint8Array>
//
// Reads /proc/net/<name> as a thread inside a network namespace sees it; `namespace` is the path of
// the namespace. Rejects with an Error whose `code` is the system's (EPERM: it takes
// CAP_SYS_ADMIN).
Napi::Value ReadInNamespace(const Napi::CallbackInfo& info);

} // namespace ipvscope
