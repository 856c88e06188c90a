// SPDX-License-Identifier: MIT
#include "session.h"

#include "../clock.h"
#include "../kernel/transmit_code.h"
#include "../log.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <sched.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fstream>

#include "ipvscope_aggregates.h"
#include "ipvscope_hooks.h"

namespace ipvscope {

// The record as C++ sees it; the BTF of the object says the same to TypeScript.
static_assert(sizeof(ipvscope_record) == 136);
static_assert(offsetof(ipvscope_record, netns) % 8 == 0, "the key begins at a whole word");
static_assert(offsetof(ipvscope_record, virtual_address) == 100);

namespace {

Failure Fail(const char* code, const char* step, int error, const std::string& message) {
  return Failure{code, step, error, message + ": " + strerror(error), Log::Tail()};
}

// Returns timer ticks a second: a coarse clock's resolution is one tick
// (kernel/time/posix-timers.c, posix_get_coarse_res()). 0 on error, with errno.
uint32_t KernelHz() {
  timespec tick{};
  if (clock_getres(CLOCK_MONOTONIC_COARSE, &tick) != 0 || tick.tv_nsec == 0) {
    return 0;
  }
  return static_cast<uint32_t>((1000000000L + tick.tv_nsec / 2) / tick.tv_nsec);
}

// Returns how many CPUs to make room for: one more than the highest number that is online
// ("0,2-5"), not all that could ever be, since each takes memory. A CPU that comes online later
// shares what others have (emit.bpf.h, aggregate.bpf.h). 0 on error, with errno.
uint32_t OnlineCpus() {
  std::ifstream file("/sys/devices/system/cpu/online");
  std::string list;
  if (std::getline(file, list)) {
    const size_t last = list.find_last_of(",-");
    return static_cast<uint32_t>(
               strtoul(list.c_str() + (last == std::string::npos ? 0 : last + 1), nullptr, 10)) +
           1;
  }
  const int possible = libbpf_num_possible_cpus();
  return possible < 0 ? 0 : static_cast<uint32_t>(possible);
}

// The map of pending packets serves kprobes alone; the others' object has it all the same, small.
constexpr uint32_t kUnusedPendingPackets = 1024;

// Whether BPF programs may not read kernel memory: the lockdown's file says so, or, where
// securityfs is not mounted, the verifier, which then lacks the helper (kernel/trace/bpf_trace.c).
bool IsLockedDown() {
  std::ifstream file("/sys/kernel/security/lockdown");
  std::string modes; // "none integrity [confidentiality]"
  std::getline(file, modes);
  return modes.find("[confidentiality]") != std::string::npos ||
         Log::Mentions("unknown func bpf_probe_read") ||
         Log::Mentions("cannot use helper bpf_probe_read");
}

bool HasFilter(const ipvscope_filter& filter) {
  return filter.clients + filter.virtual_services + filter.destinations + filter.fwmarks +
             filter.namespaces + filter.protocols >
         0;
}

} // namespace

Session::~Session() { Close(); }

Outcome Session::ReadEmbeddedLayout(Layout* layout) {
  ProbeObject object;
  if (const int error = object.Open(ProbeObject::Kind::kKprobe, {})) {
    return Fail("ERR_LAYOUT", "layout", error, "cannot open the embedded object");
  }
  const btf* types = bpf_object__btf(object.object());
  return types == nullptr ? Failure{"ERR_LAYOUT", "layout", 0, "the embedded object has no BTF", {}}
                          : ReadLayout(types, layout);
}

Outcome Session::Open(const Config& config) {
  if (is_open()) {
    return Failure{"ERR_PROBE_OPEN", "open", EALREADY, "the session is open already", {}};
  }
  Log::Clear();
  MakeHeartbeat(config.variant);
  const bool trampoline = config.variant == Variant::kTrampoline;
  Outcome failure =
      Load(config, trampoline ? ProbeObject::Kind::kTrampoline : ProbeObject::Kind::kKprobe);
  if (failure && trampoline && failure->error == ENOENT &&
      failure->code == std::string_view("ERR_PROBE_LOAD")) {
    Close();
    failure = Load(config, ProbeObject::Kind::kTrampolineWithoutKsyms);
  }
  if (!failure) {
    failure = OpenReaders(config);
  }
  if (!failure && config.variant != Variant::kGenerator) {
    failure = programs_.Attach();
  }
  if (failure) {
    Close();
  }
  return failure;
}

// Called before the object is loaded: the programs are given the namespace.
void Session::MakeHeartbeat(Variant variant) {
  if (variant == Variant::kGenerator) {
    no_heartbeat_ = Failure{"ERR_HEARTBEAT", "heartbeat", 0, "the generator sees no packets", {}};
    return;
  }
  // fentry and fexit keep the module from being unloaded, kprobes do not.
  no_heartbeat_ = heartbeat_.Open(variant == Variant::kTrampoline);
}

Outcome Session::Load(const Config& config, ProbeObject::Kind kind) {
  JoinedBtf joined;
  std::string btf_file = config.btf_file;
  if (!btf_file.empty()) {
    if (Outcome failure = CheckBtfFile(btf_file)) {
      return failure;
    }
  } else if (config.variant == Variant::kKprobe) {
    if (Outcome failure = joined.Open()) {
      return failure;
    }
    btf_file = joined.path();
  }
  if (const int error = object_.Open(kind, btf_file)) {
    return Fail("ERR_PROBE_OPEN", "open", error, "cannot open the embedded object");
  }
  const uint32_t hz = KernelHz();
  if (hz == 0) {
    return Fail("ERR_PROBE_OPEN", "open", errno, "cannot read the kernel's timer frequency");
  }
  KernelBtf kernel;
  ApplySettings(config, kind, &kernel, hz);
  if (Outcome failure = SizeMaps(config)) {
    return failure;
  }
  if (Outcome failure = programs_.Choose(object_, config.variant, &kernel)) {
    return failure;
  }
  if (config.verifier_log) {
    if (Outcome failure = programs_.KeepVerifierLogs()) {
      return failure;
    }
  }
  return LoadObject(config.ring_bytes);
}

void Session::ApplySettings(const Config& config, ProbeObject::Kind kind, KernelBtf* kernel,
                            uint32_t hz) {
  const ProbeObject::Settings& settings = object_.settings();
  *settings.kernel_hz = hz;
  *settings.detail_kinds = config.detail;
  *settings.heartbeat_netns = heartbeat_.netns();
  *settings.counts_lookups = HasFilter(config.filter);
  *settings.filter = config.filter;
  *settings.can_cast =
      kind == ProbeObject::Kind::kTrampoline && kernel->has_function("bpf_rdonly_cast");
  *settings.ring_mark = config.ring_bytes / 2;
  if (config.variant != Variant::kGenerator) {
    const TransmitCode code = ReadTransmitCode();
    memcpy(settings.transmit_functions, code.functions.data(), sizeof(code.functions));
    *settings.transmit_code = code.all;
  }
}

// Sizes maps by what this machine and these programs need.
Outcome Session::SizeMaps(const Config& config) {
  const uint32_t cpus = OnlineCpus();
  if (cpus == 0) {
    return Fail("ERR_PROBE_OPEN", "open", errno, "cannot count the CPUs");
  }
  const auto& maps = object_.maps();
  const bool kprobes = config.variant == Variant::kKprobe;
  int error = bpf_map__set_max_entries(maps.records, cpus);
  if (error == 0) {
    error = bpf_map__set_max_entries(maps.slot_counts, cpus * IPVSCOPE_SLOTS);
  }
  if (error == 0 && !kprobes) {
    error = bpf_map__set_max_entries(maps.pending_packets, kUnusedPendingPackets);
  }
  if (error == 0) {
    error = bpf_map__set_max_entries(maps.services, config.services);
  }
  if (error == 0 && maps.frames != nullptr) {
    error = bpf_map__set_autocreate(maps.frames, kprobes);
  }
  return error == 0 ? Outcome() : Fail("ERR_PROBE_OPEN", "open", -error, "cannot size the maps");
}

Outcome Session::LoadObject(uint32_t ring_bytes) {
  // Before Linux 5.10 a ring has to be as large as what the map of maps was made with.
  const int pattern = bpf_map_create(BPF_MAP_TYPE_RINGBUF, "records", 0, 0, ring_bytes, nullptr);
  if (pattern < 0) {
    return Fail("ERR_PROBE_RING", "ring", errno, "cannot create a ring buffer");
  }
  int error = -bpf_map__set_inner_map_fd(object_.maps().records, pattern);
  if (error == 0) {
    error = object_.Load();
  }
  close(pattern);
  return error == 0 ? Outcome() : DiagnoseLoad(error);
}

// Describes why the kernel, or libbpf before it, refused the object, as far as that is known.
Failure Session::DiagnoseLoad(int error) const {
  Failure failure = Fail("ERR_PROBE_LOAD", "load", error, "kernel rejected the BPF program");
  if (IsLockedDown()) {
    failure.code = "ERR_KERNEL_LOCKDOWN";
    failure.message =
        "the kernel is in lockdown, mode confidentiality: no BPF program may read its memory";
  } else if (Log::Mentions("failed to resolve CO-RE") || Log::Mentions(": relo #")) {
    failure.code = "ERR_KERNEL_UNSUPPORTED";
    failure.message = "BTF lacks a type or member that the probe reads";
  } else if (Outcome missing = programs_.FindMissing()) {
    failure.code = missing->code;
    failure.message = missing->message;
    failure.hint = missing->hint;
  } else if (error == EPERM && Log::Mentions("failed to create: Operation not permitted")) {
    failure.step = "map";
  }
  return failure;
}

// Opens what user space reads of the loaded object.
Outcome Session::OpenReaders(const Config& config) {
  const auto& maps = object_.maps();
  const auto& shared = object_.shared();
  if (Outcome failure = rings_.Open(bpf_map__fd(maps.records), bpf_map__max_entries(maps.records),
                                    config.ring_bytes, sizeof(ipvscope_record))) {
    return failure;
  }
  Aggregates::Source source{};
  source.sides[0] = {bpf_map__fd(maps.aggregates_even), bpf_map__fd(maps.overflow_even)};
  source.sides[1] = {bpf_map__fd(maps.aggregates_odd), bpf_map__fd(maps.overflow_odd)};
  source.slot_keys = bpf_map__fd(maps.slot_keys);
  source.slot_counts = bpf_map__fd(maps.slot_counts);
  source.cpus = bpf_map__max_entries(maps.records);
  source.active_side = shared.active_side;
  source.used = shared.aggregates_used;
  source.key_idle_ns = config.key_idle_ns;
  source.ring_map = bpf_map__fd(maps.records);
  source.first_ring = rings_.first();
  source.batch_operations = config.batch_operations;
  if (Outcome failure = aggregates_.Open(source, config.quiescent)) {
    return failure;
  }
  sweeper_.Open({bpf_map__fd(maps.pending_packets), shared.pending});
  services_.Open(bpf_map__fd(maps.services), bpf_map__max_entries(maps.services));
  return {};
}

Outcome Session::Detach() {
  if (!is_open()) {
    return {};
  }
  heartbeat_.Close();
  programs_.Detach();
  Outcome failure = aggregates_.Quiesce();
  if (!failure) {
    evicted_ += sweeper_.SweepAll();
  }
  return failure;
}

void Session::Close() {
  heartbeat_.Close();
  aggregates_.Close();
  rings_.Close();
  programs_.Close();
  object_.Close();
  evicted_ = 0;
}

Outcome Session::ReadLosses(Losses* losses) {
  const int cpus = libbpf_num_possible_cpus();
  if (cpus < 0) {
    return Fail("ERR_PROBE_READ", "read", -cpus, "cannot count the CPUs");
  }
  std::vector<uint64_t> values(static_cast<size_t>(cpus));
  evicted_ += sweeper_.Sweep();
  for (uint32_t cause = 0; cause < losses->size(); cause++) {
    if (bpf_map_lookup_elem(bpf_map__fd(object_.maps().losses), &cause, values.data()) != 0) {
      return Fail("ERR_PROBE_READ", "read", errno, "cannot read the loss counters");
    }
    (*losses)[cause] = 0;
    for (const uint64_t value : values) {
      (*losses)[cause] += value;
    }
  }
  (*losses)[IPVSCOPE_LOSS_UNPAIRED] += evicted_;
  (*losses)[IPVSCOPE_LOSS_MISFIT] += rings_.misfits();
  return {};
}

uint64_t Session::KernelMemory() const {
  uint64_t bytes = programs_.KernelMemory();
  bpf_map* map = nullptr;
  bpf_object__for_each_map(map, object_.object()) {
    bytes += bpf_map__autocreate(map) ? ChargedBytes(bpf_map__fd(map)) : 0;
  }
  for (const int ring : rings_.descriptors()) {
    bytes += ChargedBytes(ring);
  }
  return bytes;
}

Outcome Session::Beat(bool* seen) {
  if (no_heartbeat_) {
    return no_heartbeat_;
  }
  // A program is skipped while a task that it interrupted runs it on the same CPU; that task goes
  // on when this one yields.
  constexpr int kTries = 3;
  const volatile uint64_t* const count = object_.shared().heartbeats_seen;
  *seen = false;
  for (int i = 0; i < kTries && !*seen; i++) {
    if (i > 0) {
      sched_yield();
    }
    const uint64_t before = *count;
    if (Outcome failure = heartbeat_.Beat()) {
      return failure;
    }
    *seen = *count != before;
  }
  return {};
}

Outcome Session::Generate(uint64_t first, uint32_t count, uint32_t keys) {
  uint64_t arguments[] = {first, count, keys};
  LIBBPF_OPTS(bpf_test_run_opts, options, .ctx_in = arguments, .ctx_size_in = sizeof(arguments));
  const int program = programs_.first();
  if (bpf_prog_test_run_opts(program, &options) != 0) {
    return Fail("ERR_PROBE_GENERATE", "generate", errno, "cannot run the record generator");
  }
  return {};
}

} // namespace ipvscope
