// SPDX-License-Identifier: MIT
#pragma once

#include "../aggregate/aggregates.h"
#include "../failure.h"
#include "../kernel/btf_file.h"
#include "../kernel/symbols.h"
#include "../ring/ring_set.h"
#include "heartbeat.h"
#include "layout.h"
#include "pending_sweeper.h"
#include "service_map.h"

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "ipvscope_filter.h"
#include "ipvscope_record.h"

struct ipvscope_bpf;

namespace ipvscope {

// The embedded object in the kernel: loaded, attached, and its rings mapped. No N-API here.
//
// 1. Open() once; Close() any number of times; the destructor closes.
// 2. Detach() stops new records, and returns when no program runs any more; what they told can
// still
//    be read until Close().
// 3. One thread at a time.
class Session {
public:
  // Which of the programs are loaded (ipvscope.bpf.c has each body's entry points).
  enum class Variant {
    kTrampoline, // fentry and fexit: the kernel shows types of ip_vs and takes such programs
    kKprobe,     // kprobe and kretprobe: any kernel that has them, with types from anywhere
    kGenerator,  // the record generator alone: needs no ip_vs and attaches nothing
  };
  struct Config {
    uint32_t ring_bytes; // of a CPU's ring: power of two, multiple of the page size
    uint32_t services;   // virtual services that the probe has room for
    uint32_t detail;     // kinds told packet by packet (1 << kind); all others are added up
    Variant variant;
    std::string types;      // file with BTF of the kernel and ip_vs; empty: what the kernel shows
    bool verifier_log;      // keep what the verifier says of each program
    ipvscope_filter filter; // what does not fit is neither told nor counted
    uint64_t key_idle_ns;   // a key without a packet for so long may give its number to another
    bool quiescent;         // no program runs while what was added up is read
    bool batch_operations;  // false: do without batch operations of maps
  };
  struct Program {
    std::string name;
    uint32_t id;          // the kernel's, by which others find it while it is loaded
    std::string function; // kernel function, empty for the generator
    std::string variant;  // fentry, fexit, kprobe, kretprobe, tp_btf or raw_tp
    bool attached;
    bool counts_skipped_runs;       // whether the kernel counts them: not for kprobes before 6.7
    uint64_t skipped_runs;          // runs skipped by the kernel's recursion guard (5.12 and later)
    uint32_t verified_instructions; // 0 where the kernel does not say (before 5.16)
    std::string verifier_log;       // its statistics, where they were asked for
  };
  using Losses = std::array<uint64_t, IPVSCOPE_LOSS_CAUSES>;

  Session() = default;
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  static Outcome ReadEmbeddedLayout(Layout* layout);
  static std::string_view Object(); // the embedded ELF file

  Outcome Open(const Config& config);
  Outcome Detach();
  void Close();
  bool is_open() const { return object_ != nullptr; }

  RingSet& rings() { return rings_; }
  Aggregates& aggregates() { return aggregates_; }
  ServiceMap& services() { return services_; }

  Outcome ReadPrograms(std::vector<Program>* programs) const;
  // By cause, summed over CPUs. Gives up packets that were never seen to leave the hook.
  Outcome ReadLosses(Losses* losses);
  // Bytes that the kernel charges for maps, rings and programs; 0 where /proc does not say.
  uint64_t KernelMemory() const;
  // Sends a packet that the probe has to see (heartbeat.h), and says whether it did. A failure says
  // why none can be sent.
  Outcome Beat(bool* seen);
  // Up to 1024 records numbered from `first`; `keys` different virtual services.
  Outcome Generate(uint64_t first, uint32_t count, uint32_t keys);

private:
  void MakeHeartbeat(Variant variant);
  // plain: the object that names nothing of the kernel's.
  Outcome Load(const Config& config, bool kprobe_object);
  Outcome SizeMaps(const Config& config);
  Outcome ChoosePrograms(Variant variant, KernelBtf* kernel);
  Outcome KeepVerifierLogs();
  Outcome Attach();

  ipvscope_bpf* object_ = nullptr;
  RingSet rings_;
  Aggregates aggregates_;
  PendingSweeper sweeper_;
  ServiceMap services_;
  Heartbeat heartbeat_;
  Outcome no_heartbeat_; // why there is none
  Symbols symbols_;      // of the functions that kprobes are attached to
  uint64_t evicted_ = 0;
  // By program; the kernel writes here while it loads them.
  std::map<std::string, std::vector<char>> verifier_logs_;
};

} // namespace ipvscope
