// SPDX-License-Identifier: MIT
#pragma once

#include "../failure.h"

#include <string>

struct btf;

namespace ipvscope {

// Checks that a BTF file can belong to the running kernel: it has the types of ip_vs, and the types
// that it shares with the kernel's own BTF, where there is one, have the same layout. With a file
// of another build the probe would read the wrong members. ERR_BTF_FILE.
Outcome CheckBtfFile(const std::string& path);

// Joins the BTF of the kernel and of its module ip_vs in one file, for a process without
// CAP_SYS_ADMIN: libbpf gets a module's BTF by id, which takes that capability
// (kernel/bpf/syscall.c, bpf_btf_get_fd_by_id()), while /sys/kernel/btf/ip_vs is a readable file.
class JoinedBtf {
public:
  JoinedBtf() = default;
  ~JoinedBtf();
  JoinedBtf(const JoinedBtf&) = delete;
  JoinedBtf& operator=(const JoinedBtf&) = delete;

  // Creates the file. Does nothing where ip_vs is built in: the kernel's own BTF has its types.
  // ERR_BTF_READ.
  Outcome Open();
  // Returns a path to the file, empty where there is none; valid until this is destroyed.
  std::string path() const;

private:
  int descriptor_ = -1;
};

// The running kernel's own BTF, where there is one. Read on first use.
class KernelBtf {
public:
  KernelBtf() = default;
  ~KernelBtf();
  KernelBtf(const KernelBtf&) = delete;
  KernelBtf& operator=(const KernelBtf&) = delete;

  // Whether vmlinux has the function; modules do not count.
  bool has_function(const char* name);
  // Whether a program can attach to it: vmlinux or the module ip_vs has it. True where that BTF
  // cannot be read.
  bool may_have_traceable_function(const char* name);

private:
  const btf* kernel();

  bool read_ = false;
  bool read_module_ = false;
  btf* types_ = nullptr;
  btf* module_ = nullptr; // split BTF on top of types_
};

} // namespace ipvscope
