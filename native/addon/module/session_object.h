// SPDX-License-Identifier: MIT
#pragma once

#include "../session/session.h"
#include "poller.h"

#include <napi.h>

namespace ipvscope {

// Exposes a Session to JavaScript. JavaScript checks the arguments; here they are positional and of
// the right type. This is the only file that throws.
//
// 1. JavaScript owns `buffer`; it is referenced as long as this object, and written only inside
//    drain() and readAggregates().
// 2. While polling the object keeps itself alive; close() ends that.
class SessionObject : public Napi::ObjectWrap<SessionObject> {
public:
  static Napi::Function Define(Napi::Env env);
  explicit SessionObject(const Napi::CallbackInfo& info);

private:
  void Open(const Napi::CallbackInfo& info);
  void Start(const Napi::CallbackInfo& info);
  Napi::Value Drain(const Napi::CallbackInfo& info);
  Napi::Value ArmWakeup(const Napi::CallbackInfo& info);
  Napi::Value ReadAggregates(const Napi::CallbackInfo& info);
  Napi::Value HasAggregates(const Napi::CallbackInfo& info);
  Napi::Value Programs(const Napi::CallbackInfo& info);
  Napi::Value KernelMemory(const Napi::CallbackInfo& info);
  Napi::Value Losses(const Napi::CallbackInfo& info);
  Napi::Value SetServices(const Napi::CallbackInfo& info);
  Napi::Value Beat(const Napi::CallbackInfo& info);
  void Generate(const Napi::CallbackInfo& info);
  void Detach(const Napi::CallbackInfo& info);
  void Close(const Napi::CallbackInfo& info);

  void MustBeOpen(Napi::Env env) const;
  void OnReadable();
  void StopPolling();

  Session session_;
  Poller poller_;
  Napi::Reference<Napi::Uint8Array> buffer_;
  Napi::FunctionReference on_wake_;
};

[[noreturn]] void Throw(Napi::Env env, const Failure& failure);

} // namespace ipvscope
