// SPDX-License-Identifier: MIT
#include "btf_file.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <linux/btf.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <memory>
#include <string_view>

namespace ipvscope {
namespace {

struct FreeBtf {
  void operator()(btf* types) const { btf__free(types); }
};
using Btf = std::unique_ptr<btf, FreeBtf>;

// Structs that the probe reads besides those of ip_vs (native/bpf/kernel/kernel.bpf.h).
constexpr const char* kSharedTypes[] = {"sk_buff",    "net",     "ns_common",
                                        "timer_list", "nf_conn", "task_struct"};

Failure Bad(const std::string& path, int error, const std::string& message) {
  return Failure{"ERR_BTF_FILE", "btf", error, path + ": " + message, {}};
}

// Returns a member of the struct by name, nullptr if it has none.
const btf_member* FindMember(const btf* types, const btf_type* type, const char* name) {
  const btf_member* members = btf_members(type);
  for (uint32_t i = 0; i < btf_vlen(type); i++) {
    if (strcmp(btf__name_by_offset(types, members[i].name_off), name) == 0) {
      return &members[i];
    }
  }
  return nullptr;
}

// Returns the first member whose offset differs between file and kernel; empty where all agree.
// Unnamed members are skipped, with everything inside them.
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

constexpr const char* kKernelBtf = "/sys/kernel/btf/vmlinux";
constexpr const char* kModuleBtf = "/sys/kernel/btf/ip_vs";

// MFD_NOEXEC_SEAL (linux/memfd.h, since Linux 6.3): vm.memfd_noexec=2 refuses a memfd without it.
constexpr unsigned kNotExecutable = 8;

Failure Unreadable(const char* path, int error, const std::string& message) {
  return Failure{"ERR_BTF_READ", "btf", error, std::string(path) + ": " + message, {}};
}

// A BTF file and its sections (Documentation/bpf/btf.rst, "BTF Type and String Encoding").
struct Parts {
  std::string file;
  btf_header header{};

  std::string_view part(uint32_t offset, uint32_t length) const {
    return std::string_view(file).substr(header.hdr_len + size_t{offset}, length);
  }
  std::string_view types() const { return part(header.type_off, header.type_len); }
  std::string_view strings() const { return part(header.str_off, header.str_len); }
};

Outcome ReadParts(const char* path, Parts* parts) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  if (file) {
    parts->file.resize(static_cast<size_t>(file.tellg()));
    file.seekg(0);
    file.read(parts->file.data(), static_cast<std::streamsize>(parts->file.size()));
  }
  if (!file) {
    return Unreadable(path, errno, strerror(errno));
  }
  if (parts->file.size() < sizeof(parts->header)) {
    return Unreadable(path, 0, "too short for BTF");
  }
  btf_header& header = parts->header;
  memcpy(&header, parts->file.data(), sizeof(header));
  const auto fits = [&](uint64_t offset, uint64_t length) {
    return header.hdr_len + offset + length <= parts->file.size();
  };
  if (header.magic != BTF_MAGIC || header.version != BTF_VERSION ||
      header.hdr_len < sizeof(header) || !fits(header.type_off, header.type_len) ||
      !fits(header.str_off, header.str_len)) {
    return Unreadable(path, 0, "not BTF of version 1");
  }
  return {};
}

int WriteAll(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(descriptor, bytes.data(), bytes.size());
    if (written < 0) {
      return errno;
    }
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return 0;
}

} // namespace

JoinedBtf::~JoinedBtf() {
  if (descriptor_ >= 0) {
    close(descriptor_);
  }
}

std::string JoinedBtf::path() const {
  return descriptor_ < 0 ? "" : "/proc/self/fd/" + std::to_string(descriptor_);
}

// A module's types and strings are numbered from where the kernel's end (kernel/bpf/btf.c,
// btf_parse_module(): start_id, start_str_off): concatenated they are one BTF.
Outcome JoinedBtf::Open() {
  if (access(kModuleBtf, F_OK) != 0) {
    return {};
  }
  Parts kernel;
  Parts module;
  for (const auto& [path, parts] : {std::pair{kKernelBtf, &kernel}, {kModuleBtf, &module}}) {
    if (Outcome failure = ReadParts(path, parts)) {
      return failure;
    }
  }
  btf_header header{};
  header.magic = BTF_MAGIC;
  header.version = BTF_VERSION;
  header.hdr_len = sizeof(header);
  header.type_len = kernel.header.type_len + module.header.type_len;
  header.str_off = header.type_len;
  header.str_len = kernel.header.str_len + module.header.str_len;
  descriptor_ = memfd_create("btf", MFD_CLOEXEC | kNotExecutable);
  if (descriptor_ < 0 && errno == EINVAL) {
    descriptor_ = memfd_create("btf", MFD_CLOEXEC);
  }
  int error = descriptor_ < 0 ? errno : 0;
  const std::string_view start(reinterpret_cast<const char*>(&header), sizeof(header));
  for (const std::string_view part :
       {start, kernel.types(), module.types(), kernel.strings(), module.strings()}) {
    error = error == 0 ? WriteAll(descriptor_, part) : error;
  }
  return error == 0 ? Outcome() : Unreadable(kModuleBtf, error, strerror(error));
}

Outcome CheckBtfFile(const std::string& path) {
  const Btf file(btf__parse(path.c_str(), nullptr));
  if (file == nullptr) {
    return Bad(path, errno, std::string("no BTF can be read from it: ") + strerror(errno));
  }
  if (btf__find_by_name_kind(file.get(), "ip_vs_conn", BTF_KIND_STRUCT) < 0) {
    return Bad(path, 0, "it has no BTF of ip_vs");
  }
  const Btf kernel(btf__load_vmlinux_btf());
  if (kernel == nullptr) {
    return {};
  }
  for (const char* name : kSharedTypes) {
    const std::string difference = Difference(file.get(), kernel.get(), name);
    if (!difference.empty()) {
      return Bad(path, 0, "BTF does not match this kernel (offset of " + difference + " differs)");
    }
  }
  return {};
}

KernelBtf::~KernelBtf() {
  btf__free(module_);
  btf__free(types_);
}

const btf* KernelBtf::kernel() {
  if (!read_) {
    types_ = btf__load_vmlinux_btf();
    read_ = true;
  }
  return types_;
}

bool KernelBtf::has_function(const char* name) {
  return kernel() != nullptr && btf__find_by_name_kind(kernel(), name, BTF_KIND_FUNC) > 0;
}

bool KernelBtf::may_have_traceable_function(const char* name) {
  if (kernel() == nullptr) {
    return true;
  }
  const bool is_module = access(kModuleBtf, F_OK) == 0;
  if (is_module && !read_module_) {
    module_ = btf__load_module_btf("ip_vs", types_);
    read_module_ = true;
  }
  // The module's BTF includes that of the kernel.
  const btf* all = is_module ? module_ : kernel();
  return all == nullptr || btf__find_by_name_kind(all, name, BTF_KIND_FUNC) > 0;
}

} // namespace ipvscope
