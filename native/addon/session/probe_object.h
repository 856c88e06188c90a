// SPDX-License-Identifier: MIT
#pragma once

#include "../failure.h"

#include <cstdint>
#include <string>
#include <string_view>

#include "ipvscope_filter.h"
#include "ipvscope_pending.h"
#include "ipvscope_transmit.h"

struct bpf_map;
struct bpf_object;
struct bpf_object_skeleton;
struct bpf_program;

namespace ipvscope {

// One of the embedded ELF objects, opened by libbpf: its maps, and the global variables that the
// session and the programs share. The objects differ in their programs alone.
//
// 1. Open() once, then set the settings, then Load(). Close() any number of times.
// 2. The pointers are valid from Open() to Close(); the settings are read-only from Load() on.
class ProbeObject {
public:
  enum class Kind {
    kTrampoline,
    // The same without references to kernel variables and functions: for kernels whose symbol
    // table holds functions only (no CONFIG_KALLSYMS_ALL), where loading fails with ENOENT.
    kTrampolineWithoutKsyms,
    kKprobe, // and the record generator
  };
  struct Maps {
    bpf_map* aggregates_even;
    bpf_map* aggregates_odd;
    bpf_map* overflow_even;
    bpf_map* overflow_odd;
    bpf_map* slot_keys;
    bpf_map* slot_counts;
    bpf_map* losses;
    bpf_map* pending_packets;
    bpf_map* records;
    bpf_map* services;
    bpf_map* frames; // nullptr in the trampolines' objects
  };
  // `const volatile` globals: constants to the verifier, which removes what they switch off.
  struct Settings {
    uint32_t* kernel_hz;
    uint32_t* detail_kinds;
    uint32_t* heartbeat_netns;
    bool* counts_lookups;
    bool* can_cast;
    uint64_t* ring_mark;
    ipvscope_filter* filter;
    ipvscope_code_range* transmit_functions; // IPVSCOPE_TRANSMIT_RANGES
    ipvscope_code_range* transmit_code;
  };
  // Globals that programs and session write while the probe runs.
  struct Shared {
    uint32_t* active_side;
    bool* aggregates_used; // IPVSCOPE_AGGREGATE_STORES
    volatile uint64_t* heartbeats_seen;
    ipvscope_pending_store* pending;
  };

  ProbeObject() = default;
  ~ProbeObject() { Close(); }
  ProbeObject(const ProbeObject&) = delete;
  ProbeObject& operator=(const ProbeObject&) = delete;

  // `btf_file`: where CO-RE relocations look up kernel types; empty: the running kernel's BTF.
  // Returns 0 or an errno.
  int Open(Kind kind, const std::string& btf_file);
  int Load(); // 0 or an errno
  void Close();
  bool is_open() const { return skeleton_ != nullptr; }

  bpf_object* object() const;
  bpf_program* program(const char* name) const; // nullptr: this object has no such program
  const Maps& maps() const { return maps_; }
  const Settings& settings() const { return settings_; }
  const Shared& shared() const { return shared_; }

  // The ELF file with the kprobes: of the kernel's types it names all that a BTF file needs.
  static std::string_view KprobeElf();

private:
  template <typename Skeleton> int Open(Skeleton* skeleton, const std::string& btf_file);

  bpf_object_skeleton* skeleton_ = nullptr; // owns the object
  void* memory_ = nullptr;                  // of the generated skeleton struct around it
  Maps maps_{};
  Settings settings_{};
  Shared shared_{};
};

} // namespace ipvscope
