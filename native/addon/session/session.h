// SPDX-License-Identifier: MIT
#pragma once

#include "../aggregate/aggregates.h"
#include "../failure.h"
#include "../kernel/btf_file.h"
#include "../ring/ring_set.h"
#include "heartbeat.h"
#include "layout.h"
#include "pending_sweeper.h"
#include "probe_object.h"
#include "programs.h"
#include "service_map.h"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "ipvscope_filter.h"
#include "ipvscope_record.h"

namespace ipvscope {

// The probe in the kernel: an embedded object loaded and attached, and its rings mapped. No N-API
// here.
//
// 1. Open() once; Close() is idempotent; the destructor closes.
// 2. Detach() stops new records, and returns when no program runs any more. The records until then
//    can be read up to Close().
// 3. One thread at a time.
class Session {
public:
  struct Config {
    uint32_t ring_bytes; // of a CPU's ring: power of two, multiple of the page size
    uint32_t services;   // capacity for virtual services
    uint32_t detail;     // kinds delivered per packet (1 << kind); all others are aggregated
    Variant variant;
    std::string btf_file;   // BTF of the kernel and ip_vs; empty: the running kernel's
    bool verifier_log;      // keep what the verifier says of each program
    ipvscope_filter filter; // packets that do not match leave no trace
    uint64_t key_idle_ns;   // a slot without a packet for so long may be given to another key
    bool quiescent;         // no program runs while aggregates are read
    bool batch_operations;  // false: read aggregation maps element by element
  };
  // By enum ipvscope_loss, summed over CPUs.
  using Losses = std::array<uint64_t, IPVSCOPE_LOSS_CAUSES>;

  Session() = default;
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // Reads the record's layout from the embedded BTF. ERR_LAYOUT.
  static Outcome ReadEmbeddedLayout(Layout* layout);

  // Loads and attaches the probe. ERR_PROBE_OPEN, ERR_PROBE_LOAD, ERR_PROBE_ATTACH and
  // ERR_PROBE_RING by the step that failed; ERR_KERNEL_UNSUPPORTED, ERR_KERNEL_LOCKDOWN,
  // ERR_BTF_FILE and ERR_BTF_READ where the reason is known.
  Outcome Open(const Config& config);
  Outcome Detach();
  void Close();
  bool is_open() const { return object_.is_open(); }

  RingSet& rings() { return rings_; }
  Aggregates& aggregates() { return aggregates_; }
  ServiceMap& services() { return services_; }

  Outcome ReadPrograms(std::vector<Programs::State>* states) const {
    return programs_.Read(states);
  }
  // Evicts packets that were never observed to leave the hook, and counts them as unpaired.
  Outcome ReadLosses(Losses* losses);
  // Bytes that the kernel charges for maps, rings and programs; 0 where /proc does not say.
  uint64_t KernelMemory() const;
  // Sends a packet that the probe has to observe (heartbeat.h), and says whether it did. A failure
  // says why none can be sent. ERR_HEARTBEAT.
  Outcome Beat(bool* seen);
  // Emits up to 1024 records numbered from `first`, of `keys` virtual services.
  Outcome Generate(uint64_t first, uint32_t count, uint32_t keys);

private:
  void MakeHeartbeat(Variant variant);
  Outcome Load(const Config& config, ProbeObject::Kind kind);
  void ApplySettings(const Config& config, ProbeObject::Kind kind, KernelBtf* kernel, uint32_t hz);
  Outcome SizeMaps(const Config& config);
  Outcome LoadObject(uint32_t ring_bytes);
  Failure DiagnoseLoad(int error) const;
  Outcome OpenReaders(const Config& config);

  ProbeObject object_;
  Programs programs_;
  RingSet rings_;
  Aggregates aggregates_;
  PendingSweeper sweeper_;
  ServiceMap services_;
  Heartbeat heartbeat_;
  Outcome no_heartbeat_; // why there is none
  uint64_t evicted_ = 0; // packets, by the sweeper
};

} // namespace ipvscope
