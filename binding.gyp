{
  "variables": {
    # gyp wants what other variables are made of one level deeper.
    "variables": {
      "obj": "<(module_root_dir)/build/obj",
      # <asm/types.h> of the building machine: clang's bpf target has no multiarch directory.
      "asm_include": "/usr/include/<!(gcc -dumpmachine)",
      "bpf_arch%": "<!(uname -m | sed -e s/x86_64/x86/ -e s/aarch64/arm64/)",
    },
    "obj": "<(obj)",
    # `no` keeps the symbols: src/scripts/native.sh --strip_addon=no.
    "strip_addon%": "yes",
    "bpf_flags": "-g -O2 -target bpf -mcpu=v3 -D__TARGET_ARCH_<(bpf_arch) -Wall -Wextra -Wno-unused-parameter -Werror -idirafter <(asm_include)",
  },
  "targets": [
    {
      "target_name": "ipvscope",
      "sources": [
        "native/addon/aggregate/aggregates.cc",
        "native/addon/aggregate/grace_period.cc",
        "native/addon/aggregate/slots.cc",
        "native/addon/kernel/btf_file.cc",
        "native/addon/kernel/drop_reasons.cc",
        "native/addon/kernel/elf_error.cc",
        "native/addon/kernel/symbols.cc",
        "native/addon/kernel/transmit_code.cc",
        "native/addon/log.cc",
        "native/addon/module/module.cc",
        "native/addon/module/namespace_file.cc",
        "native/addon/module/poller.cc",
        "native/addon/module/session_object.cc",
        "native/addon/ring/ring.cc",
        "native/addon/ring/ring_set.cc",
        "native/addon/session/heartbeat.cc",
        "native/addon/session/layout.cc",
        "native/addon/session/pending_sweeper.cc",
        "native/addon/session/service_map.cc",
        "native/addon/session/probe_object.cc",
        "native/addon/session/programs.cc",
        "native/addon/session/session.cc",
      ],
      "include_dirs": [
        "<!@(node -p \"require('node-addon-api').include_dir\")",
        "<(obj)",
        "native/include",
      ],
      "defines": ["NAPI_VERSION=8", "NODE_ADDON_API_CPP_EXCEPTIONS", "NODE_ADDON_API_ENABLE_TYPE_CHECK_ON_UNWRAP"],
      "cflags_cc!": ["-fno-exceptions", "-fno-rtti", "-std=gnu++17", "-std=gnu++20"],
      "cflags_cc": ["-std=c++17", "-fexceptions", "-Wall", "-Wextra", "-Werror", "-Wno-missing-field-initializers", "-fvisibility=hidden", "-fno-strict-aliasing"],
      # Linked in, so that the addon needs the C library alone (test/package). NOTICE names their licences.
      "libraries": [
        "<(obj)/libbpf.a",
        "<(obj)/libelf.a",
        "<!(gcc -print-file-name=libz.a)",
        # libelf needs it from elfutils 0.189 on, that is Debian 13.
        "<!@(nm \"$(gcc -print-file-name=libelf.a)\" 2>/dev/null | grep -q ZSTD_ && gcc -print-file-name=libzstd.a || true)",
      ],
      "ldflags": [
        "-static-libgcc",
        "-static-libstdc++",
        "-Wl,--version-script=<(module_root_dir)/native/addon/exports.map",
        "-Wl,--gc-sections,-z,relro,-z,now",
      ],
      "conditions": [["strip_addon=='yes'", { "ldflags": ["-Wl,--strip-all"] }]],
      "actions": [
        {
          # Three objects from two sources: fentry and fexit; the same without references to kernel
          # symbols; kprobes, which must not have any either (native/bpf/kernel/kernel.bpf.h).
          "action_name": "bpf_objects",
          "message": "Compiling the probe",
          "inputs": ["<!@(ls native/bpf/*/*.h native/bpf/*.h native/bpf/*.c native/include/*.h)"],
          "outputs": ["<(obj)/ipvscope_trampoline.bpf.o", "<(obj)/ipvscope_trampoline_no_ksyms.bpf.o", "<(obj)/ipvscope_kprobe.bpf.o"],
          "action": [
            "sh", "-ec",
            "mkdir -p <(obj) && clang <(bpf_flags) -c native/bpf/trampoline.bpf.c -o <(obj)/ipvscope_trampoline.bpf.o && clang -DIPVSCOPE_NO_KSYMS <(bpf_flags) -c native/bpf/trampoline.bpf.c -o <(obj)/ipvscope_trampoline_no_ksyms.bpf.o && clang -DIPVSCOPE_KPROBE -DIPVSCOPE_NO_KSYMS <(bpf_flags) -c native/bpf/kprobe.bpf.c -o <(obj)/ipvscope_kprobe.bpf.o && llvm-strip -g <(obj)/ipvscope_trampoline.bpf.o <(obj)/ipvscope_trampoline_no_ksyms.bpf.o <(obj)/ipvscope_kprobe.bpf.o",
          ],
        },
        {
          "action_name": "bpf_skeletons",
          "message": "Embedding the probe",
          "inputs": ["<(obj)/ipvscope_trampoline.bpf.o", "<(obj)/ipvscope_trampoline_no_ksyms.bpf.o", "<(obj)/ipvscope_kprobe.bpf.o"],
          "outputs": ["<(obj)/ipvscope_trampoline.skel.h", "<(obj)/ipvscope_trampoline_no_ksyms.skel.h", "<(obj)/ipvscope_kprobe.skel.h"],
          "action": ["sh", "-ec", "bpftool gen skeleton <(obj)/ipvscope_trampoline.bpf.o name ipvscope_trampoline_bpf > <(obj)/ipvscope_trampoline.skel.h && bpftool gen skeleton <(obj)/ipvscope_trampoline_no_ksyms.bpf.o name ipvscope_trampoline_no_ksyms_bpf > <(obj)/ipvscope_trampoline_no_ksyms.skel.h && bpftool gen skeleton <(obj)/ipvscope_kprobe.bpf.o name ipvscope_kprobe_bpf > <(obj)/ipvscope_kprobe.skel.h"],
        },
        {
          # Debian builds libbpf.a for executables: its one reference to a variable of libc, stderr,
          # cannot stand in a shared object. It becomes a variable of ours (native/addon/log.cc).
          "action_name": "libbpf",
          "message": "Preparing libbpf for a shared object",
          "inputs": ["<!(gcc -print-file-name=libbpf.a)"],
          "outputs": ["<(obj)/libbpf.a"],
          "action": ["objcopy", "--redefine-sym", "stderr=ipvscope_libbpf_stderr", "<@(_inputs)", "<@(_outputs)"],
        },
        {
          # The same of libelf.a: its thread-local variable, in the one object file that elf_error.cc above
          # replaces.
          "action_name": "libelf",
          "message": "Preparing libelf for a shared object",
          "inputs": ["<!(gcc -print-file-name=libelf.a)"],
          "outputs": ["<(obj)/libelf.a"],
          "action": ["sh", "-ec", "cp <@(_inputs) <@(_outputs) && ar d <@(_outputs) elf_error.o"],
        },
      ],
    },
  ],
}
