// SPDX-License-Identifier: MIT
#pragma once

#include "../failure.h"
#include "../kernel/btf_file.h"
#include "../kernel/symbols.h"
#include "probe_object.h"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "ipvscope_record.h"

struct bpf_link;

namespace ipvscope {

// Which programs are loaded.
enum class Variant {
  // fentry and fexit: the kernel has BTF of ip_vs and takes such programs
  kTrampoline = IPVSCOPE_VARIANT_TRAMPOLINE,
  // kprobe and kretprobe: any kernel that has them, with BTF from anywhere
  kKprobe = IPVSCOPE_VARIANT_KPROBE,
  // the record generator alone: needs no ip_vs and attaches nothing
  kGenerator = IPVSCOPE_VARIANT_GENERATOR,
};

// The programs of an object by the table of hooks (native/include/ipvscope_hooks.h): chooses those
// that this kernel has functions for, attaches them in the table's order, and reads their state.
class Programs {
public:
  struct State {
    std::string name;
    uint32_t id;          // the kernel's, by which others find it while it is loaded
    std::string function; // kernel function; empty for the generator
    std::string variant;  // fentry, fexit, kprobe, kretprobe, tp_btf or raw_tp
    bool attached;
    bool counts_skipped_runs;       // whether the kernel counts them: not for kprobes before 6.7
    uint64_t skipped_runs;          // by the kernel's recursion guard (5.12 and later)
    uint32_t verified_instructions; // 0 where the kernel does not say (before 5.16)
    std::string verifier_log;       // its statistics, where they were asked for
  };

  Programs() = default;
  ~Programs() { Close(); }
  Programs(const Programs&) = delete;
  Programs& operator=(const Programs&) = delete;

  // Chooses the programs to load, before the object is loaded. `kernel`: asked whether it has IPv6.
  // ERR_PROBE_OPEN, ERR_KERNEL_UNSUPPORTED.
  Outcome Choose(const ProbeObject& object, Variant variant, KernelBtf* kernel);
  // Keeps what the verifier says of each program; before the object is loaded. ERR_PROBE_OPEN.
  Outcome KeepVerifierLogs();
  // Attaches one by one, so that a failure names the kernel function. ERR_PROBE_ATTACH, and
  // ERR_KERNEL_UNSUPPORTED where the function is missing.
  Outcome Attach();
  // Returns a failure that names the first function that this kernel has no BTF of, if there is
  // one: for when loading failed. ERR_KERNEL_UNSUPPORTED.
  Outcome FindMissing() const;
  void Detach(); // in reverse; idempotent
  void Close();  // before the object is closed; idempotent

  // In reverse attach order: the lookup first. ERR_PROBE_READ.
  Outcome Read(std::vector<State>* states) const;
  // Bytes that the kernel charges for the programs.
  uint64_t KernelMemory() const;
  // The descriptor of the first program; the generator has one alone.
  int first() const;

private:
  struct Hook {
    const char* name;
    const char* type; // of the ELF section
    const char* function;
    int need; // enum ipvscope_hook_need
    bpf_program* program;
    bpf_link* link;
  };

  bool IsAvailable(const Hook& hook, bool has_ipv6) const;

  std::vector<Hook> hooks_; // those to be loaded, in attach order
  Variant variant_ = Variant::kGenerator;
  Symbols symbols_; // of the functions that kprobes are attached to
  // By program; the kernel writes here while it loads them.
  std::map<std::string, std::vector<char>> verifier_logs_;
};

// Bytes that the kernel charges for a map or program; 0 where /proc does not say.
uint64_t ChargedBytes(int descriptor);

} // namespace ipvscope
