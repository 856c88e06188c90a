// SPDX-License-Identifier: MIT
#pragma once

#include "../failure.h"

#include <string>

struct btf;

namespace ipvscope {

// Whether a file of BTF can be of the running kernel: it has the types of ip_vs, and what it shares
// with the kernel's own BTF, where that is shown, is laid out alike. A file of another build would
// make the probe read other members than it means. ERR_BTF_FILE.
Outcome CheckBtfFile(const std::string& path);

// BTF of the kernel and of its module ip_vs in one file, for a process without CAP_SYS_ADMIN:
// libbpf asks the kernel for a module's BTF by number, which takes that capability
// (kernel/bpf/syscall.c, bpf_btf_get_fd_by_id()), while /sys/kernel/btf/ip_vs is a plain file.
class JoinedBtf {
public:
  JoinedBtf() = default;
  ~JoinedBtf();
  JoinedBtf(const JoinedBtf&) = delete;
  JoinedBtf& operator=(const JoinedBtf&) = delete;

  // Does nothing where ip_vs is no module: then the kernel's own BTF has its types. ERR_BTF_READ.
  Outcome Open();
  // A path to the file, empty where there is none; valid until this is destroyed.
  std::string path() const;

private:
  int descriptor_ = -1;
};

// The kernel's own BTF, without that of its modules, where it shows any. Read when first asked.
class KernelBtf {
public:
  KernelBtf() = default;
  ~KernelBtf();
  KernelBtf(const KernelBtf&) = delete;
  KernelBtf& operator=(const KernelBtf&) = delete;

  bool has_function(const char* name);

private:
  bool read_ = false;
  btf* types_ = nullptr;
};

} // namespace ipvscope
