// SPDX-License-Identifier: MIT
#include <bpf/libbpf.h>

#include "../kernel/drop_reasons.h"
#include "../session/layout.h"
#include "namespace_file.h"
#include "session_object.h"

namespace ipvscope {
namespace {

Napi::Object MemberToObject(Napi::Env env, const Layout::Member& member) {
  Napi::Object entry = Napi::Object::New(env);
  entry.Set("name", member.name);
  entry.Set("offset", member.offset);
  entry.Set("size", member.size);
  entry.Set("signed", member.is_signed);
  entry.Set("array", member.is_array);
  entry.Set("bigEndian", member.big_endian);
  return entry;
}

Napi::Object EnumToObject(Napi::Env env, const Layout::Enum& type) {
  Napi::Object values = Napi::Object::New(env);
  for (const auto& [name, value] : type.values) {
    values.Set(name, static_cast<double>(value));
  }
  return values;
}

Napi::Object LayoutToObject(Napi::Env env, const Layout& layout) {
  Napi::Object result = Napi::Object::New(env);
  Napi::Array members = Napi::Array::New(env);
  for (const auto& member : layout.members) {
    members.Set(members.Length(), MemberToObject(env, member));
  }
  Napi::Object enums = Napi::Object::New(env);
  for (const auto& type : layout.enums) {
    enums.Set(type.name, EnumToObject(env, type));
  }
  result.Set("fingerprint", layout.fingerprint);
  result.Set("size", layout.size);
  result.Set("members", members);
  result.Set("enums", enums);
  return result;
}

// dropReasons(): string[] by value, "" for a value without a name
Napi::Value DropReasons(const Napi::CallbackInfo& info) {
  const std::vector<std::string> names = ReadDropReasons();
  Napi::Array result = Napi::Array::New(info.Env(), names.size());
  for (uint32_t i = 0; i < names.size(); i++) {
    result.Set(i, names[i]);
  }
  return result;
}

Napi::Object Initialize(Napi::Env env, Napi::Object exports) {
  Layout layout;
  if (Outcome failure = Session::ReadEmbeddedLayout(&layout)) {
    Throw(env, *failure);
  }
  exports.Set("layout", LayoutToObject(env, layout));
  const std::string_view object = ProbeObject::KprobeElf();
  exports.Set("object", Napi::Buffer<char>::Copy(env, object.data(), object.size()));
  // "v1.5": without the v.
  exports.Set("libbpf", Napi::String::New(env, libbpf_version_string() + 1));
  exports.Set("dropReasons", Napi::Function::New<DropReasons>(env));
  exports.Set("readInNamespace", Napi::Function::New<ReadInNamespace>(env));
  exports.Set("Session", SessionObject::Define(env));
  return exports;
}

} // namespace
} // namespace ipvscope

Napi::Object InitializeModule(Napi::Env env, Napi::Object exports) {
  return ipvscope::Initialize(env, exports);
}

NODE_API_MODULE(ipvscope, InitializeModule)
