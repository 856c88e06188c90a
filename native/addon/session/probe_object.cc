// SPDX-License-Identifier: MIT
#include "probe_object.h"

#include <bpf/libbpf.h>

#include <cerrno>
#include <cstdlib>

#include "ipvscope_kprobe.skel.h"
#include "ipvscope_trampoline.skel.h"
#include "ipvscope_trampoline_no_ksyms.skel.h"

namespace ipvscope {
namespace {

// Returns the map `frames` of the object that has one, nullptr for the others.
template <typename Maps>
auto FramesOf(const Maps& maps, int) -> decltype(static_cast<bpf_map*>(maps.frames)) {
  return maps.frames;
}
template <typename Maps> bpf_map* FramesOf(const Maps&, long) { return nullptr; }

// A generated global as the type that the shared header declares for it.
template <typename To, typename From> To* As(From* global) {
  static_assert(sizeof(To) == sizeof(From) || sizeof(From) % sizeof(To) == 0);
  return reinterpret_cast<To*>(global);
}

int CreateSkeleton(ipvscope_trampoline_bpf* skeleton) {
  return ipvscope_trampoline_bpf__create_skeleton(skeleton);
}
int CreateSkeleton(ipvscope_trampoline_no_ksyms_bpf* skeleton) {
  return ipvscope_trampoline_no_ksyms_bpf__create_skeleton(skeleton);
}
int CreateSkeleton(ipvscope_kprobe_bpf* skeleton) {
  return ipvscope_kprobe_bpf__create_skeleton(skeleton);
}

template <typename Skeleton> Skeleton* Allocate() {
  return static_cast<Skeleton*>(calloc(1, sizeof(Skeleton)));
}

} // namespace

int ProbeObject::Open(Kind kind, const std::string& btf_file) {
  Close();
  switch (kind) {
  case Kind::kTrampoline:
    return Open(Allocate<ipvscope_trampoline_bpf>(), btf_file);
  case Kind::kTrampolineWithoutKsyms:
    return Open(Allocate<ipvscope_trampoline_no_ksyms_bpf>(), btf_file);
  case Kind::kKprobe:
    break;
  }
  return Open(Allocate<ipvscope_kprobe_bpf>(), btf_file);
}

template <typename Skeleton>
int ProbeObject::Open(Skeleton* skeleton, const std::string& btf_file) {
  if (skeleton == nullptr) {
    return ENOMEM;
  }
  memory_ = skeleton;
  LIBBPF_OPTS(bpf_object_open_opts, options,
              .btf_custom_path = btf_file.empty() ? nullptr : btf_file.c_str());
  int error = CreateSkeleton(skeleton);
  skeleton_ = skeleton->skeleton;
  if (error == 0) {
    error = bpf_object__open_skeleton(skeleton_, &options);
  }
  if (error != 0) {
    Close();
    return -error;
  }
  const auto& maps = skeleton->maps;
  maps_.aggregates_even = maps.aggregates_even;
  maps_.aggregates_odd = maps.aggregates_odd;
  maps_.overflow_even = maps.overflow_even;
  maps_.overflow_odd = maps.overflow_odd;
  maps_.slot_keys = maps.slot_keys;
  maps_.slot_counts = maps.slot_counts;
  maps_.losses = maps.losses;
  maps_.pending_packets = maps.pending_packets;
  maps_.records = maps.records;
  maps_.services = maps.services;
  maps_.frames = FramesOf(maps, 0);

  settings_.kernel_hz = As<uint32_t>(&skeleton->rodata->kernel_hz);
  settings_.detail_kinds = As<uint32_t>(&skeleton->rodata->detail_kinds);
  settings_.heartbeat_netns = As<uint32_t>(&skeleton->rodata->heartbeat_netns);
  settings_.counts_lookups = As<bool>(&skeleton->rodata->counts_lookups);
  settings_.can_cast = As<bool>(&skeleton->rodata->can_cast);
  settings_.ring_mark = As<uint64_t>(&skeleton->rodata->ring_mark);
  settings_.filter = As<ipvscope_filter>(&skeleton->rodata->filter);
  settings_.transmit_functions = As<ipvscope_code_range>(&skeleton->rodata->transmit_functions);
  settings_.transmit_code = As<ipvscope_code_range>(&skeleton->rodata->transmit_code);

  shared_.active_side = As<uint32_t>(&skeleton->bss->active_side);
  shared_.aggregates_used = As<bool>(&skeleton->bss->aggregates_used);
  shared_.heartbeats_seen = As<uint64_t>(&skeleton->bss->heartbeats_seen);
  shared_.pending = As<ipvscope_pending_store>(&skeleton->bss->pending);
  return 0;
}

int ProbeObject::Load() { return -bpf_object__load_skeleton(skeleton_); }

void ProbeObject::Close() {
  bpf_object__destroy_skeleton(skeleton_);
  free(memory_);
  skeleton_ = nullptr;
  memory_ = nullptr;
}

bpf_object* ProbeObject::object() const { return *skeleton_->obj; }

bpf_program* ProbeObject::program(const char* name) const {
  return bpf_object__find_program_by_name(object(), name);
}

std::string_view ProbeObject::KprobeElf() {
  size_t size = 0;
  const void* bytes = ipvscope_kprobe_bpf__elf_bytes(&size);
  return {static_cast<const char*>(bytes), size};
}

} // namespace ipvscope
