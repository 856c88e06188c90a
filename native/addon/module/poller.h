// SPDX-License-Identifier: MIT
#pragma once

#include <node_api.h>
#include <uv.h>

#include <functional>

namespace ipvscope {

// Polls a descriptor on the event loop of the environment that started it (main thread or worker).
//
// 1. Start() creates a libuv handle; the handle owns itself and is freed by its close callback.
// 2. The destructor, Stop() and the environment's teardown all lead to one close; whichever comes
//    first wins, and `ready` is never called after it.
// 3. It keeps the loop alive while it runs.
class Poller {
public:
  Poller() = default;
  ~Poller() { Stop(); }
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;

  // Returns 0 or a negative libuv error. `ready` runs on the loop's thread.
  int Start(napi_env env, int descriptor, std::function<void()> ready);
  void Stop(); // idempotent
  bool running() const { return handle_ != nullptr; }

private:
  struct Handle;
  Handle* handle_ = nullptr;
};

} // namespace ipvscope
