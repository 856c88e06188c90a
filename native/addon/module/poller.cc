// SPDX-License-Identifier: MIT
#include "poller.h"

#include <utility>

namespace ipvscope {

struct Poller::Handle {
  uv_poll_t poll{};
  Poller* owner = nullptr; // null once closing
  std::function<void()> ready;
  napi_async_cleanup_hook_handle hook = nullptr;

  void Close() {
    if (owner == nullptr) {
      return;
    }
    owner->handle_ = nullptr;
    owner = nullptr;
    uv_poll_stop(&poll);
    uv_close(reinterpret_cast<uv_handle_t*>(&poll), [](uv_handle_t* closed) {
      auto* handle = static_cast<Handle*>(closed->data);
      // The environment waits for this removal before it closes the loop.
      napi_remove_async_cleanup_hook(handle->hook);
      delete handle;
    });
  }
};

int Poller::Start(napi_env env, int descriptor, std::function<void()> ready) {
  Stop();
  uv_loop_t* loop = nullptr;
  if (napi_get_uv_event_loop(env, &loop) != napi_ok) {
    return UV_EINVAL;
  }
  auto* handle = new Handle;
  if (const int error = uv_poll_init(loop, &handle->poll, descriptor)) {
    delete handle;
    return error;
  }
  handle->poll.data = handle;
  handle->owner = this;
  handle->ready = std::move(ready);
  handle_ = handle;
  const auto ending = [](napi_async_cleanup_hook_handle, void* data) {
    static_cast<Handle*>(data)->Close();
  };
  napi_add_async_cleanup_hook(env, ending, handle, &handle->hook);
  const auto readable = [](uv_poll_t* poll, int, int) {
    static_cast<Handle*>(poll->data)->ready();
  };
  const int error = uv_poll_start(&handle->poll, UV_READABLE, readable);
  if (error != 0) {
    Stop();
  }
  return error;
}

void Poller::Stop() {
  if (handle_ != nullptr) {
    handle_->Close();
  }
}

} // namespace ipvscope
