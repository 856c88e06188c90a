import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ExitCode, IpvscopeError } from '../../../src/error.js';
import { translate } from '../../../src/native/native-error.js';

// Messages and logs as the addon threw them on the kernels named.

interface Thrown {
  readonly code: string;
  readonly message: string;
  readonly step: string;
  readonly errno?: number;
  readonly log?: string;
  readonly hint?: string;
}

const thrown = ({ message, ...rest }: Thrown): Error => Object.assign(new Error(message), rest);

const rejected = 'kernel rejected the BPF program: ';
const perfEvent =
  "libbpf: prog 'icmp6_kprobe': failed to create kprobe 'icmp6_send+0x0' perf event: Permission denied\n";
const attachDenied = {
  code: 'ERR_PROBE_ATTACH',
  step: 'attach',
  errno: 13,
  message: 'cannot attach to kprobe/icmp6_send: Permission denied',
  log: perfEvent,
} as const;

const cases: readonly {
  readonly name: string;
  readonly thrown: Thrown;
  readonly paranoid?: number;
  readonly line: RegExp;
  readonly exitCode: ExitCode;
}[] = [
  {
    name: 'lockdown=confidentiality',
    thrown: {
      code: 'ERR_KERNEL_LOCKDOWN',
      step: 'load',
      errno: 22,
      message:
        'the kernel is in lockdown, mode confidentiality: no BPF program may read its memory',
      log: "; conn = BPF_CORE_READ(call, conn);\n12: (85) call bpf_probe_read_kernel#113\nunknown func bpf_probe_read_kernel#113\nlibbpf: prog 'lookup_kretprobe': failed to load: -22\n",
    },
    line: /^ERR_KERNEL_LOCKDOWN: the kernel is in lockdown, mode confidentiality: .* \(hint: start it with lockdown=integrity/,
    exitCode: ExitCode.prerequisite,
  },
  ...(
    [
      ['no descriptors left to this process', 24, /ulimit -n 1024/],
      ['no descriptors left to the system', 23, /sysctl fs\.file-max/],
    ] as const
  ).map(([name, errno, line]) => ({
    name,
    thrown: { code: 'ERR_PROBE_OPEN', step: 'open', errno, message: 'cannot create a map' },
    line,
    exitCode: ExitCode.prerequisite,
  })),
  {
    name: 'Debian lets CAP_SYS_ADMIN alone trace',
    thrown: attachDenied,
    paranoid: 3,
    line: / \(hint: kernel\.perf_event_paranoid is 3, which requires CAP_SYS_ADMIN: sysctl kernel\.perf_event_paranoid=2 /,
    exitCode: ExitCode.prerequisite,
  },
  {
    name: 'the same where the setting is not why',
    thrown: attachDenied,
    paranoid: 2,
    line: /^ERR_PROBE_ATTACH: cannot attach to kprobe\/icmp6_send: Permission denied$/,
    exitCode: ExitCode.prerequisite,
  },
  {
    name: 'locked memory, Linux 5.10',
    thrown: {
      code: 'ERR_PROBE_LOAD',
      step: 'map',
      errno: 1,
      message: `${rejected}Operation not permitted`,
      log: "libbpf: map 'aggregates_even': failed to create: Operation not permitted(-1)\n",
    },
    line: / \(hint: grant CAP_SYS_RESOURCE, or ulimit -l unlimited: /,
    exitCode: ExitCode.prerequisite,
  },
  {
    name: 'locked memory, Linux 5.10: no ring',
    thrown: {
      code: 'ERR_PROBE_RING',
      step: 'ring',
      errno: 1,
      message: 'cannot create a ring buffer: Operation not permitted',
    },
    line: /^ERR_PROBE_RING: .* \(hint: grant CAP_SYS_RESOURCE, or ulimit -l unlimited: /,
    exitCode: ExitCode.prerequisite,
  },
  {
    name: 'programs refused',
    thrown: {
      code: 'ERR_PROBE_LOAD',
      step: 'load',
      errno: 1,
      message: `${rejected}Operation not permitted`,
      log: "libbpf: prog 'lookup_kprobe': failed to load: -1\n",
    },
    line: / \(hint: run it as root; a kernel in lockdown, or hardened against tracing, refuses even root\)$/,
    exitCode: ExitCode.prerequisite,
  },
  {
    name: 'a function that there is not',
    thrown: {
      code: 'ERR_KERNEL_UNSUPPORTED',
      step: 'load',
      errno: 2,
      message: 'this kernel has no function ip_vs_schedule to attach to',
      hint: 'grep ip_vs_schedule /proc/kallsyms shows what it has instead',
    },
    line: /^ERR_KERNEL_UNSUPPORTED: this kernel has no function ip_vs_schedule to attach to \(hint: grep ip_vs_schedule \/proc\/kallsyms /,
    exitCode: ExitCode.prerequisite,
  },
  {
    name: 'BTF without a member that the probe reads',
    thrown: {
      code: 'ERR_KERNEL_UNSUPPORTED',
      step: 'load',
      errno: 22,
      message: 'BTF lacks a type or member that the probe reads',
    },
    line: /^ERR_KERNEL_UNSUPPORTED: BTF lacks .* \(hint: --verbose shows what; a BTF file is rebuilt with: ipvscope btf\)$/,
    exitCode: ExitCode.prerequisite,
  },
  {
    name: 'a read that fails',
    thrown: {
      code: 'ERR_PROBE_READ',
      step: 'read',
      errno: 12,
      message: 'cannot read the aggregation maps: Cannot allocate memory',
    },
    line: /^ERR_PROBE_READ: cannot read the aggregation maps: Cannot allocate memory$/,
    exitCode: ExitCode.trouble,
  },
];

for (const { name, thrown: given, paranoid = 2, line, exitCode } of cases) {
  test(`one line for: ${name}`, () => {
    const error = translate(thrown(given), () => paranoid);
    assert.ok(error instanceof IpvscopeError);
    assert.match(error.toLine(), line);
    assert.doesNotMatch(error.toLine(), /\n/);
    assert.equal(error.exitCode, exitCode);
    assert.equal(error.log, given.log);
  });
}

test('what is not of the addon stays what it is', () => {
  const bug = new TypeError('x');
  assert.equal(translate(bug), bug);
});
