// SPDX-License-Identifier: MIT
#include "session.h"

#include "../clock.h"
#include "../kernel/transmit_code.h"
#include "../log.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fstream>
#include <iterator>
#include <set>
#include <string_view>

#include "ipvscope_pending.h"
#include "ipvscope_slots.h"
#include "ipvscope_transmit.h"

#include "ipvscope.skel.h"
#include "ipvscope_kprobe.skel.h"

namespace ipvscope {

// The record as C++ sees it; the BTF of the object says the same to TypeScript.
static_assert(sizeof(ipvscope_record) == 136);
static_assert(offsetof(ipvscope_record, netns) % 8 == 0, "the key begins at a whole word");
static_assert(offsetof(ipvscope_record, virtual_address) == 100);

namespace {

Failure Fail(const char* code, const char* step, int error, const std::string& message) {
  return Failure{code, step, error, message + ": " + strerror(error), Log::Tail()};
}

// Timer ticks a second: a coarse clock's resolution is one tick (kernel/time/posix-timers.c,
// posix_get_coarse_res). 0 on error.
uint32_t KernelHz() {
  timespec tick{};
  if (clock_getres(CLOCK_MONOTONIC_COARSE, &tick) != 0 || tick.tv_nsec == 0) {
    return 0;
  }
  return static_cast<uint32_t>((1000000000L + tick.tv_nsec / 2) / tick.tv_nsec);
}

// Room for the CPUs that are there now, by the highest number among them ("0,2-5"): not for all
// that could ever be, since each takes memory. A CPU that comes later uses what others have
// (emit.bpf.h, coalesce.bpf.h). 0 on error, with errno.
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

// Packets in flight that found no slot: without kprobes, where all are kept there, a few.
constexpr uint32_t kSpilledPackets = 1024;

// A line of it says what the kernel charges for a map or program (kernel/bpf/syscall.c,
// bpf_map_show_fdinfo(), bpf_prog_show_fdinfo()).
uint64_t ChargedBytes(int descriptor) {
  constexpr std::string_view kName = "memlock:";
  std::ifstream file("/proc/self/fdinfo/" + std::to_string(descriptor));
  for (std::string line; std::getline(file, line);) {
    if (line.compare(0, kName.size(), kName) == 0) {
      return strtoull(line.c_str() + kName.size(), nullptr, 10);
    }
  }
  return 0;
}

// "fexit/ip_vs_in_hook" to its two halves; the generator's "raw_tp" has no function.
void SplitSection(const std::string& section, Session::Program* program) {
  const size_t slash = section.find('/');
  program->variant = section.substr(0, slash);
  program->function = slash == std::string::npos ? "" : section.substr(slash + 1);
}

bool IsTrampoline(const std::string& variant) {
  return variant == "fentry" || variant == "fexit" || variant == "tp_btf";
}

// The netfilter hook's names, of which a kernel has the first or all others (ip_vs_core.c; one
// function since 5.16).
constexpr const char* kHooks[] = {"ip_vs_in_hook", "ip_vs_remote_request4", "ip_vs_remote_request6",
                                  "ip_vs_local_request4", "ip_vs_local_request6"};

bool IsHook(const std::string& function) {
  return std::find(std::begin(kHooks), std::end(kHooks), function) != std::end(kHooks);
}

// What kprobes and the generator need is the same object but for one function and one variable of
// the kernel's: its maps, programs and variables have the same names and places.
static_assert(sizeof(ipvscope_bpf) == sizeof(ipvscope_kprobe_bpf));

ipvscope_bpf* OpenObject(bool kprobe_object, const bpf_object_open_opts* options) {
  if (!kprobe_object) {
    return ipvscope_bpf::open(options);
  }
  auto* object = static_cast<ipvscope_bpf*>(calloc(1, sizeof(ipvscope_bpf)));
  if (object == nullptr) {
    return nullptr;
  }
  int error = ipvscope_bpf__create_skeleton(object);
  if (error == 0) {
    object->skeleton->data = ipvscope_kprobe_bpf__elf_bytes(&object->skeleton->data_sz);
    error = bpf_object__open_skeleton(object->skeleton, options);
  }
  if (error != 0) {
    ipvscope_bpf::destroy(object);
    errno = -error;
    return nullptr;
  }
  return object;
}

bool IsKprobe(const std::string& variant) { return variant == "kprobe" || variant == "kretprobe"; }

// Without IPv6 the kernel has no such function, and there is nothing to see of it.
constexpr const char* kIpv6 = "icmp6_send";
constexpr const char* kIpv6Functions[] = {kIpv6, "ip6_push_pending_frames", "tcp_v6_send_reset"};

bool IsIpv6(const std::string& function) {
  return std::find(std::begin(kIpv6Functions), std::end(kIpv6Functions), function) !=
         std::end(kIpv6Functions);
}

// Where IPv6 is a module its functions are in the module's types.
bool ShowsIpv6(KernelBtf* kernel) {
  return kernel->has_function(kIpv6) || access("/sys/kernel/btf/ipv6", F_OK) == 0;
}

} // namespace

Session::~Session() { Close(); }

Outcome Session::ReadEmbeddedLayout(Layout* layout) {
  ipvscope_bpf* object = ipvscope_bpf::open();
  if (object == nullptr) {
    return Fail("ERR_LAYOUT", "layout", errno, "cannot open the embedded object");
  }
  const btf* types = bpf_object__btf(object->obj);
  Outcome failure = types == nullptr
                        ? Failure{"ERR_LAYOUT", "layout", 0, "the object has no BTF", {}}
                        : ReadLayout(types, layout);
  ipvscope_bpf::destroy(object);
  return failure;
}

Outcome Session::Open(const Config& config) {
  if (object_ != nullptr) {
    return Failure{"ERR_PROBE_OPEN", "open", EALREADY, "the session is open already", {}};
  }
  Log::Clear();
  MakeHeartbeat(config.variant);
  bool kprobe_object = config.variant != Variant::kTrampoline;
  Outcome failure = Load(config, kprobe_object);
  // A kernel that has its functions' addresses alone (CONFIG_KALLSYMS_ALL) finds no variable.
  if (failure && !kprobe_object && failure->error == ENOENT) {
    Close();
    kprobe_object = true;
    failure = Load(config, kprobe_object);
  }
  if (!failure) {
    failure =
        rings_.Open(bpf_map__fd(object_->maps.records), bpf_map__max_entries(object_->maps.records),
                    config.ring_bytes, sizeof(ipvscope_record));
  }
  if (!failure) {
    const auto& maps = object_->maps;
    failure =
        aggregates_.Open({{{bpf_map__fd(maps.aggregates_even), bpf_map__fd(maps.overflow_even)},
                           {bpf_map__fd(maps.aggregates_odd), bpf_map__fd(maps.overflow_odd)}},
                          bpf_map__fd(maps.slot_keys),
                          bpf_map__fd(maps.slot_counts),
                          bpf_map__max_entries(maps.records),
                          &object_->bss->active_side,
                          object_->bss->aggregates_used,
                          config.key_idle_ns,
                          bpf_map__fd(maps.records),
                          rings_.first(),
                          config.batch_operations},
                         config.quiescent);
  }
  if (!failure) {
    sweeper_.Open({bpf_map__fd(object_->maps.pending_packets), &object_->bss->pending});
  }
  if (!failure) {
    services_.Open(bpf_map__fd(object_->maps.services),
                   bpf_map__max_entries(object_->maps.services));
  }
  if (!failure && config.variant != Variant::kGenerator) {
    failure = Attach();
  }
  if (failure) {
    Close();
  }
  return failure;
}

// Before the object is loaded: its programs know the namespace.
void Session::MakeHeartbeat(Variant variant) {
  if (variant == Variant::kGenerator) {
    no_heartbeat_ = Failure{"ERR_HEARTBEAT", "heartbeat", 0, "the generator sees no packets", {}};
    return;
  }
  // fentry and fexit keep the module from being unloaded, kprobes do not.
  no_heartbeat_ = heartbeat_.Open(variant == Variant::kTrampoline);
}

Outcome Session::Load(const Config& config, bool kprobe_object) {
  JoinedBtf joined;
  std::string types = config.types;
  if (!types.empty()) {
    if (Outcome failure = CheckBtfFile(types)) {
      return failure;
    }
  } else if (config.variant == Variant::kKprobe) {
    if (Outcome failure = joined.Open()) {
      return failure;
    }
    types = joined.path();
  }
  LIBBPF_OPTS(bpf_object_open_opts, options,
              .btf_custom_path = types.empty() ? nullptr : types.c_str());
  object_ = OpenObject(kprobe_object, &options);
  if (object_ == nullptr) {
    return Fail("ERR_PROBE_OPEN", "open", errno, "cannot open the embedded object");
  }
  const uint32_t hz = KernelHz();
  if (hz == 0) {
    return Fail("ERR_PROBE_OPEN", "open", errno, "cannot tell the kernel's timer frequency");
  }
  object_->rodata->kernel_hz = hz;
  object_->rodata->detail_kinds = config.detail;
  object_->rodata->heartbeat_netns = heartbeat_.netns();
  object_->rodata->counts_lookups = config.filter.clients + config.filter.virtual_services +
                                        config.filter.destinations + config.filter.fwmarks +
                                        config.filter.namespaces + config.filter.protocols >
                                    0;
  static_assert(sizeof(object_->rodata->filter) == sizeof(config.filter));
  memcpy(&object_->rodata->filter, &config.filter, sizeof(config.filter));
  KernelBtf kernel;
  object_->rodata->can_cast = !kprobe_object && kernel.has_function("bpf_rdonly_cast");
  object_->rodata->ring_mark = config.ring_bytes / 2;
  if (config.variant != Variant::kGenerator) {
    const TransmitCode code = ReadTransmitCode();
    static_assert(sizeof(object_->rodata->transmit_functions) == sizeof(code.functions));
    memcpy(&object_->rodata->transmit_functions, code.functions.data(), sizeof(code.functions));
    object_->rodata->transmit_code = code.all;
  }
  if (Outcome failure = SizeMaps(config)) {
    return failure;
  }
  if (Outcome failure = ChoosePrograms(config.variant, &kernel)) {
    return failure;
  }
  if (config.verifier_log) {
    if (Outcome failure = KeepVerifierLogs()) {
      return failure;
    }
  }
  // Before Linux 5.10 a ring has to be as large as what the map of maps was made with.
  const int pattern =
      bpf_map_create(BPF_MAP_TYPE_RINGBUF, "records", 0, 0, config.ring_bytes, nullptr);
  if (pattern < 0) {
    return Fail("ERR_PROBE_RING", "ring", errno, "cannot make a ring");
  }
  int error = bpf_map__set_inner_map_fd(object_->maps.records, pattern);
  if (error == 0) {
    error = ipvscope_bpf::load(object_);
  }
  close(pattern);
  if (error != 0) {
    return Fail("ERR_PROBE_LOAD", "load", -error, "the kernel rejected the BPF program");
  }
  return {};
}

// By what this machine and these programs need.
Outcome Session::SizeMaps(const Config& config) {
  const uint32_t cpus = OnlineCpus();
  if (cpus == 0) {
    return Fail("ERR_PROBE_OPEN", "open", errno, "cannot count the CPUs");
  }
  const auto& maps = object_->maps;
  const bool kprobes = config.variant == Variant::kKprobe;
  int error = bpf_map__set_max_entries(maps.records, cpus);
  if (error == 0) {
    error = bpf_map__set_max_entries(maps.slot_counts, cpus * IPVSCOPE_SLOTS);
  }
  if (error == 0 && !kprobes) {
    error = bpf_map__set_max_entries(maps.pending_packets, kSpilledPackets);
  }
  if (error == 0) {
    error = bpf_map__set_max_entries(maps.services, config.services);
  }
  if (error == 0) {
    error = bpf_map__set_autocreate(maps.frames, kprobes);
  }
  return error == 0 ? Outcome() : Fail("ERR_PROBE_OPEN", "open", -error, "cannot size the maps");
}

Outcome Session::ChoosePrograms(Variant variant, KernelBtf* kernel) {
  bpf_program* program = nullptr;
  std::set<std::string> functions;
  bpf_object__for_each_program(program, object_->obj) {
    Program entry{};
    SplitSection(bpf_program__section_name(program), &entry);
    functions.insert(entry.function);
  }
  const bool kprobes = variant == Variant::kKprobe;
  symbols_ = kprobes ? Symbols::Read(functions) : Symbols();
  const auto missing = [](const std::string& function) {
    return Failure{
        "ERR_PROBE_ATTACH", "load", ENOENT, "this kernel has no function " + function, {}};
  };
  const auto has_hook = [&](const std::string& function) {
    return kprobes ? symbols_.has(function) : function == kHooks[0];
  };
  if (std::none_of(std::begin(kHooks), std::end(kHooks), has_hook)) {
    return missing(kHooks[0]);
  }
  const bool has_ipv6 =
      kprobes ? symbols_.has(kIpv6) : variant == Variant::kTrampoline && ShowsIpv6(kernel);
  bpf_object__for_each_program(program, object_->obj) {
    Program entry{};
    SplitSection(bpf_program__section_name(program), &entry);
    const Variant its = entry.function.empty()        ? Variant::kGenerator
                        : IsTrampoline(entry.variant) ? Variant::kTrampoline
                                                      : Variant::kKprobe;
    const bool load = its == variant && (!IsHook(entry.function) || has_hook(entry.function)) &&
                      (!IsIpv6(entry.function) || has_ipv6);
    if (load && IsKprobe(entry.variant) && !symbols_.has(entry.function)) {
      return missing(entry.function);
    }
    if (int error = bpf_program__set_autoload(program, load)) {
      return Fail("ERR_PROBE_OPEN", "open", -error, "cannot choose the programs to load");
    }
  }
  return {};
}

Outcome Session::KeepVerifierLogs() {
  constexpr uint32_t kStatistics = 4; // BPF_LOG_STATS, include/linux/bpf_verifier.h
  constexpr size_t kBytes = 1 << 16;
  bpf_program* program = nullptr;
  bpf_object__for_each_program(program, object_->obj) {
    std::vector<char>& log = verifier_logs_[bpf_program__name(program)];
    log.assign(kBytes, '\0');
    int error = bpf_program__set_log_level(program, kStatistics);
    if (error == 0) {
      error = bpf_program__set_log_buf(program, log.data(), log.size());
    }
    if (error != 0) {
      return Fail("ERR_PROBE_OPEN", "open", -error, "cannot ask for the verifier's log");
    }
  }
  return {};
}

// One by one, so that a failure names the kernel function; the lookup, which is the first, last
// (ipvscope.bpf.c says why).
Outcome Session::Attach() {
  const bpf_object_skeleton* skeleton = object_->skeleton;
  for (int i = skeleton->prog_cnt - 1; i >= 0; i--) {
    const bpf_prog_skeleton& entry = skeleton->progs[i];
    if (!bpf_program__autoload(*entry.prog)) {
      continue;
    }
    Program program{};
    SplitSection(bpf_program__section_name(*entry.prog), &program);
    const uint64_t address = IsKprobe(program.variant) ? symbols_.address(program.function) : 0;
    if (address != 0) {
      // Without a name, the offset is an address (perf_event_open(2), kprobe_addr).
      LIBBPF_OPTS(bpf_kprobe_opts, options, .offset = address,
                  .retprobe = program.variant == "kretprobe");
      *entry.link = bpf_program__attach_kprobe_opts(*entry.prog, nullptr, &options);
    }
    // By name, also where ip_vs was loaded anew since its addresses were read.
    if (*entry.link == nullptr) {
      *entry.link = bpf_program__attach(*entry.prog);
    }
    if (*entry.link == nullptr) {
      return Fail("ERR_PROBE_ATTACH", "attach", errno,
                  std::string("cannot attach to ") + bpf_program__section_name(*entry.prog));
    }
  }
  return {};
}

Outcome Session::Detach() {
  if (object_ == nullptr) {
    return {};
  }
  heartbeat_.Close();
  ipvscope_bpf::detach(object_);
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
  ipvscope_bpf::destroy(object_);
  object_ = nullptr;
  evicted_ = 0;
  verifier_logs_.clear();
}

std::string_view Session::Object() {
  size_t size = 0;
  const void* bytes = ipvscope_bpf::elf_bytes(&size);
  return {static_cast<const char*>(bytes), size};
}

Outcome Session::ReadPrograms(std::vector<Program>* programs) const {
  const bpf_object_skeleton* skeleton = object_->skeleton;
  for (int i = 0; i < skeleton->prog_cnt; i++) {
    const bpf_prog_skeleton& entry = skeleton->progs[i];
    if (!bpf_program__autoload(*entry.prog)) {
      continue;
    }
    bpf_prog_info info{};
    __u32 length = sizeof(info);
    if (bpf_obj_get_info_by_fd(bpf_program__fd(*entry.prog), &info, &length) != 0) {
      return Fail("ERR_PROBE_READ", "read", errno, std::string("cannot read about ") + entry.name);
    }
    Program program{};
    program.name = entry.name;
    program.id = info.id;
    SplitSection(bpf_program__section_name(*entry.prog), &program);
    program.attached = *entry.link != nullptr;
    program.counts_skipped_runs = IsTrampoline(program.variant) || info.recursion_misses > 0;
    program.skipped_runs = info.recursion_misses;
    program.verified_instructions = info.verified_insns;
    const auto log = verifier_logs_.find(program.name);
    if (log != verifier_logs_.end()) {
      program.verifier_log = log->second.data();
    }
    programs->push_back(program);
  }
  return {};
}

Outcome Session::ReadLosses(Losses* losses) {
  const int cpus = libbpf_num_possible_cpus();
  if (cpus < 0) {
    return Fail("ERR_PROBE_READ", "read", -cpus, "cannot count the CPUs");
  }
  std::vector<uint64_t> values(static_cast<size_t>(cpus));
  evicted_ += sweeper_.Sweep();
  for (uint32_t cause = 0; cause < losses->size(); cause++) {
    if (bpf_map_lookup_elem(bpf_map__fd(object_->maps.losses), &cause, values.data()) != 0) {
      return Fail("ERR_PROBE_READ", "read", errno, "cannot read the loss counters");
    }
    (*losses)[cause] = 0;
    for (const uint64_t value : values) {
      (*losses)[cause] += value;
    }
  }
  (*losses)[IPVSCOPE_LOSS_UNPAIRED] += evicted_;
  return {};
}

uint64_t Session::KernelMemory() const {
  uint64_t bytes = 0;
  bpf_map* map = nullptr;
  bpf_object__for_each_map(map, object_->obj) {
    bytes += bpf_map__autocreate(map) ? ChargedBytes(bpf_map__fd(map)) : 0;
  }
  for (const int ring : rings_.descriptors()) {
    bytes += ChargedBytes(ring);
  }
  bpf_program* program = nullptr;
  bpf_object__for_each_program(program, object_->obj) {
    bytes += bpf_program__autoload(program) ? ChargedBytes(bpf_program__fd(program)) : 0;
  }
  return bytes;
}

Outcome Session::Beat(bool* seen) {
  if (no_heartbeat_) {
    return no_heartbeat_;
  }
  // A program is skipped while a task that it interrupted runs it on the same CPU; such a task gets
  // on when this one yields.
  constexpr int kTries = 3;
  const volatile auto* const count = &object_->bss->heartbeats_seen;
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
  const int program = bpf_program__fd(object_->progs.generate_records);
  if (bpf_prog_test_run_opts(program, &options) != 0) {
    return Fail("ERR_PROBE_GENERATE", "generate", errno, "cannot run the record generator");
  }
  return {};
}

} // namespace ipvscope
