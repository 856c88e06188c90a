// SPDX-License-Identifier: MIT
#pragma once

#include <node_api.h>
#include <uv.h>

#include <functional>

namespace ipvscope {

// Watches one descriptor on the event loop of the environment that made it (main thread or worker).
//
// 1. Start() makes a libuv handle; the handle owns itself and is freed by its close callback.
// 2. The destructor, Stop() and the environment's own end all lead to that one close; whichever
//    comes first wins, and `ready` is never called after it.
// 3. While it runs it keeps the loop alive.
class Poller {
public:
  Poller() = default;
  ~Poller() { Stop(); }
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;

  // 0, or a negative libuv error. `ready` runs on the loop's thread.
  int Start(napi_env env, int descriptor, std::function<void()> ready);
  void Stop(); // again is fine
  bool running() const { return handle_ != nullptr; }

private:
  struct Handle;
  Handle* handle_ = nullptr;
};

} // namespace ipvscope
