// SPDX-License-Identifier: MIT
#include "types.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include <cerrno>
#include <cstring>
#include <memory>

namespace ipvscope {
namespace {

struct FreeBtf {
  void operator()(btf* types) const { btf__free(types); }
};
using Btf = std::unique_ptr<btf, FreeBtf>;

// What the probe reads besides ip_vs, wherever it is defined (native/bpf/kernel.bpf.h).
constexpr const char* kShared[] = {"sk_buff",    "net",     "ns_common",
                                   "timer_list", "nf_conn", "task_struct"};

Failure Bad(const std::string& path, int error, const std::string& message) {
  return Failure{"ERR_BTF_FILE", "types", error, path + ": " + message, {}};
}

// A member of the struct by name, nullptr if it has none.
const btf_member* FindMember(const btf* types, const btf_type* type, const char* name) {
  const btf_member* members = btf_members(type);
  for (uint32_t i = 0; i < btf_vlen(type); i++) {
    if (strcmp(btf__name_by_offset(types, members[i].name_off), name) == 0) {
      return &members[i];
    }
  }
  return nullptr;
}

// The first member that is elsewhere in the kernel than in the file; empty where all agree.
// Members without a name are passed over, and what is theirs with them.
std::string Difference(const btf* file, const btf* kernel, const char* name) {
  const int here = btf__find_by_name_kind(file, name, BTF_KIND_STRUCT);
  const int there = btf__find_by_name_kind(kernel, name, BTF_KIND_STRUCT);
  if (here < 0 || there < 0) {
    return {};
  }
  const btf_type* ours = btf__type_by_id(file, static_cast<uint32_t>(here));
  const btf_type* theirs = btf__type_by_id(kernel, static_cast<uint32_t>(there));
  const btf_member* members = btf_members(ours);
  for (uint32_t i = 0; i < btf_vlen(ours); i++) {
    const char* member = btf__name_by_offset(file, members[i].name_off);
    if (*member == '\0') {
      continue;
    }
    const btf_member* other = FindMember(kernel, theirs, member);
    const auto index = static_cast<uint32_t>(other == nullptr ? 0 : other - btf_members(theirs));
    if (other == nullptr ||
        btf_member_bit_offset(theirs, index) != btf_member_bit_offset(ours, i)) {
      return std::string(name) + "." + member;
    }
  }
  return {};
}

} // namespace

Outcome CheckTypes(const std::string& path) {
  const Btf file(btf__parse(path.c_str(), nullptr));
  if (file == nullptr) {
    return Bad(path, errno, std::string("no BTF can be read from it: ") + strerror(errno));
  }
  if (btf__find_by_name_kind(file.get(), "ip_vs_conn", BTF_KIND_STRUCT) < 0) {
    return Bad(path, 0, "its BTF has no types of ip_vs");
  }
  const Btf kernel(btf__load_vmlinux_btf());
  if (kernel == nullptr) {
    return {};
  }
  for (const char* name : kShared) {
    const std::string difference = Difference(file.get(), kernel.get(), name);
    if (!difference.empty()) {
      return Bad(path, 0, "it is of another kernel: " + difference + " is elsewhere here");
    }
  }
  return {};
}

bool KernelHas(const char* function) {
  const Btf kernel(btf__load_vmlinux_btf());
  return kernel != nullptr && btf__find_by_name_kind(kernel.get(), function, BTF_KIND_FUNC) > 0;
}

} // namespace ipvscope
