// SPDX-License-Identifier: MIT
#include "programs.h"

#include "../log.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <set>
#include <string_view>

#include "ipvscope_hooks.h"

namespace ipvscope {
namespace {

struct Row {
  const char* name;
  const char* type;
  const char* function;
  ipvscope_hook_need need;
};

#define ROW(name, type, function, need) {#name, #type, #function, IPVSCOPE_HOOK_##need},
constexpr Row kTrampolineRows[] = {IPVSCOPE_TRAMPOLINE_PROGRAMS(ROW)};
constexpr Row kKprobeRows[] = {IPVSCOPE_KPROBE_PROGRAMS(ROW)};
#undef ROW

#define NAME(name) #name
#define NAME_OF(macro) NAME(macro)
constexpr Row kGeneratorRows[] = {
    {NAME_OF(IPVSCOPE_GENERATOR_PROGRAM), "raw_tp", "", IPVSCOPE_HOOK_REQUIRED}};

std::vector<Row> RowsOf(Variant variant) {
  switch (variant) {
  case Variant::kTrampoline:
    return {std::begin(kTrampolineRows), std::end(kTrampolineRows)};
  case Variant::kKprobe:
    return {std::begin(kKprobeRows), std::end(kKprobeRows)};
  case Variant::kGenerator:
    break;
  }
  return {std::begin(kGeneratorRows), std::end(kGeneratorRows)};
}

bool IsKprobe(std::string_view type) { return type == "kprobe" || type == "kretprobe"; }

// A function that every kernel with IPv6 has.
constexpr const char* kIpv6 = "icmp6_send";

// Where IPv6 is a module its functions are in the module's BTF.
bool ShowsIpv6(KernelBtf* kernel) {
  return kernel->has_function(kIpv6) || access("/sys/kernel/btf/ipv6", F_OK) == 0;
}

Failure Fail(const char* code, const char* step, int error, const std::string& message) {
  return Failure{code, step, error, message + ": " + strerror(error), Log::Tail()};
}

Failure Missing(const std::string& function) {
  return Failure{"ERR_KERNEL_UNSUPPORTED",
                 "load",
                 ENOENT,
                 "this kernel has no function " + function + " to attach to",
                 Log::Tail(),
                 "grep " + function + " /proc/kallsyms shows what it has instead"};
}

} // namespace

// One line of fdinfo names it (kernel/bpf/syscall.c, bpf_map_show_fdinfo(),
// bpf_prog_show_fdinfo()).
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

// What no symbol table is read for is available: loading finds out.
bool Programs::IsAvailable(const Hook& hook, bool has_ipv6) const {
  switch (hook.need) {
  case IPVSCOPE_HOOK_IPV6:
    return has_ipv6;
  case IPVSCOPE_HOOK_ALTERNATIVE:
    return symbols_.has(hook.function);
  default:
    return true;
  }
}

Outcome Programs::Choose(const ProbeObject& object, Variant variant, KernelBtf* kernel) {
  variant_ = variant;
  const std::vector<Row> rows = RowsOf(variant);
  std::set<std::string> functions;
  for (const Row& row : rows) {
    functions.insert(row.function);
  }
  symbols_ = variant == Variant::kKprobe ? Symbols::Read(functions) : Symbols();
  const bool has_ipv6 = variant == Variant::kKprobe
                            ? symbols_.has(kIpv6)
                            : variant == Variant::kTrampoline && ShowsIpv6(kernel);
  bpf_program* other = nullptr;
  bpf_object__for_each_program(other, object.object()) { bpf_program__set_autoload(other, false); }
  const auto is_alternative = [](const Row& row) { return row.need == IPVSCOPE_HOOK_ALTERNATIVE; };
  const auto alternative = std::find_if(rows.rbegin(), rows.rend(), is_alternative);
  if (alternative != rows.rend() && std::none_of(rows.begin(), rows.end(), [&](const Row& row) {
        return is_alternative(row) && symbols_.has(row.function);
      })) {
    return Missing(alternative->function);
  }
  hooks_.clear();
  // From the lookup on, so that it is named first where all of ip_vs is missing.
  for (auto row = rows.rbegin(); row != rows.rend(); ++row) {
    const Hook hook{row->name, row->type, row->function, row->need, object.program(row->name),
                    nullptr};
    if (hook.program == nullptr) {
      return Failure{"ERR_PROBE_OPEN",
                     "open",
                     0,
                     std::string("the embedded object has no program ") + row->name,
                     {}};
    }
    if (!IsAvailable(hook, has_ipv6)) {
      continue;
    }
    if (IsKprobe(row->type) && !symbols_.has(row->function)) {
      return Missing(row->function);
    }
    if (const int error = bpf_program__set_autoload(hook.program, true)) {
      return Fail("ERR_PROBE_OPEN", "open", -error, "cannot choose the programs to load");
    }
    hooks_.push_back(hook);
  }
  std::reverse(hooks_.begin(), hooks_.end());
  return {};
}

Outcome Programs::KeepVerifierLogs() {
  constexpr uint32_t kStatistics = 4; // BPF_LOG_STATS, include/linux/bpf_verifier.h
  constexpr size_t kBytes = 1 << 16;
  for (const Hook& hook : hooks_) {
    std::vector<char>& log = verifier_logs_[hook.name];
    log.assign(kBytes, '\0');
    int error = bpf_program__set_log_level(hook.program, kStatistics);
    if (error == 0) {
      error = bpf_program__set_log_buf(hook.program, log.data(), log.size());
    }
    if (error != 0) {
      return Fail("ERR_PROBE_OPEN", "open", -error, "cannot keep the verifier's log");
    }
  }
  return {};
}

Outcome Programs::Attach() {
  for (Hook& hook : hooks_) {
    const uint64_t address = IsKprobe(hook.type) ? symbols_.address(hook.function) : 0;
    if (address != 0) {
      // Without a name, the offset is an address (perf_event_open(2), kprobe_addr).
      LIBBPF_OPTS(bpf_kprobe_opts, options, .offset = address,
                  .retprobe = std::string_view(hook.type) == "kretprobe");
      hook.link = bpf_program__attach_kprobe_opts(hook.program, nullptr, &options);
    }
    // By name, also where ip_vs was reloaded since its addresses were read.
    if (hook.link == nullptr) {
      hook.link = bpf_program__attach(hook.program);
    }
    if (hook.link == nullptr) {
      if (errno == ENOENT) {
        return Missing(hook.function);
      }
      return Fail("ERR_PROBE_ATTACH", "attach", errno,
                  std::string("cannot attach to ") + hook.type + "/" + hook.function);
    }
  }
  return {};
}

Outcome Programs::FindMissing() const {
  KernelBtf kernel;
  for (auto hook = hooks_.rbegin(); hook != hooks_.rend(); ++hook) {
    const std::string_view type = hook->type;
    if ((type == "fentry" || type == "fexit") && hook->need != IPVSCOPE_HOOK_IPV6 &&
        !kernel.may_have_traceable_function(hook->function)) {
      return Missing(hook->function);
    }
  }
  return {};
}

void Programs::Detach() {
  for (auto hook = hooks_.rbegin(); hook != hooks_.rend(); ++hook) {
    bpf_link__destroy(hook->link);
    hook->link = nullptr;
  }
}

void Programs::Close() {
  Detach();
  hooks_.clear();
  verifier_logs_.clear();
}

Outcome Programs::Read(std::vector<State>* states) const {
  for (auto hook = hooks_.rbegin(); hook != hooks_.rend(); ++hook) {
    bpf_prog_info info{};
    __u32 length = sizeof(info);
    if (bpf_obj_get_info_by_fd(bpf_program__fd(hook->program), &info, &length) != 0) {
      return Fail("ERR_PROBE_READ", "read", errno,
                  std::string("cannot read the state of program ") + hook->name);
    }
    State state{};
    state.name = hook->name;
    state.id = info.id;
    state.variant = hook->type;
    state.function = hook->function;
    state.attached = hook->link != nullptr;
    state.counts_skipped_runs = variant_ == Variant::kTrampoline || info.recursion_misses > 0;
    state.skipped_runs = info.recursion_misses;
    state.verified_instructions = info.verified_insns;
    const auto log = verifier_logs_.find(state.name);
    if (log != verifier_logs_.end()) {
      state.verifier_log = log->second.data();
    }
    states->push_back(state);
  }
  return {};
}

int Programs::first() const { return bpf_program__fd(hooks_.front().program); }

uint64_t Programs::KernelMemory() const {
  uint64_t bytes = 0;
  for (const Hook& hook : hooks_) {
    bytes += ChargedBytes(bpf_program__fd(hook.program));
  }
  return bytes;
}

} // namespace ipvscope
