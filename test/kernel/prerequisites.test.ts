import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { IpvscopeError } from '../../src/error.js';
import { attachVariants } from '../../src/native/attachment.js';
import { findBtfFile } from '../../src/native/btf-file.js';
import { Session } from '../../src/native/session.js';
import { Running, run } from './command.js';

// What a user reads on a machine that lacks something, each made to lack it for real.

const inMountNamespace = (script: string): string[] => [
  'unshare',
  '--mount',
  'sh',
  '-ec',
  `${script}; exec "$@"`,
  'sh',
];

/** Of the one kernel for which types are bundled. */
const otherTypes = fileURLToPath(
  new URL('../../../native/btf/5.10.0-46-amd64.btf', import.meta.url),
);

const typesComeAlong =
  findBtfFile() !== undefined && 'types of this very kernel are in the search path';

run('modprobe', 'ip_vs');
const typesShown = existsSync('/sys/kernel/btf/ip_vs');
run('modprobe', '-r', 'ip_vs_rr', 'ip_vs');

const cases: readonly {
  readonly name: string;
  readonly ipvs: boolean;
  readonly wrapper: readonly string[];
  readonly args?: readonly string[];
  readonly line: RegExp;
  /** 3 unless said. */
  readonly code?: number;
  readonly skip?: string | false;
}[] = [
  {
    name: 'no ip_vs',
    ipvs: false,
    wrapper: [],
    line: /^ipvscope: ERR_NO_IP_VS: .* \(hint: load it with: modprobe ip_vs\)$/,
  },
  {
    name: 'no capability',
    ipvs: true,
    wrapper: ['setpriv', '--bounding-set=-sys_admin,-bpf,-perfmon'],
    line: /^ipvscope: ERR_NO_CAPABILITY: .*lacks CAP_BPF and CAP_PERFMON\) \(hint: run it as root, or grant both\)$/,
  },
  {
    name: 'no BTF',
    ipvs: true,
    wrapper: inMountNamespace('mount -t tmpfs none /sys/kernel/btf'),
    line: /^ipvscope: ERR_NO_BTF: .*vmlinux is missing.* \(hint: build a BTF file: .* ipvscope btf\)$/,
    skip: typesComeAlong,
  },
  {
    name: 'no BTF for modules',
    ipvs: true,
    wrapper: inMountNamespace(
      'cp /sys/kernel/btf/vmlinux /run/vmlinux.btf; mount -t tmpfs none /sys/kernel/btf; mv /run/vmlinux.btf /sys/kernel/btf/vmlinux',
    ),
    line: /^ipvscope: ERR_NO_MODULE_BTF: .*\/sys\/kernel\/btf\/ip_vs is missing.* \(hint: build a BTF file: .* ipvscope btf\)$/,
    skip: typesComeAlong,
  },
  {
    name: 'no such BTF file',
    ipvs: true,
    wrapper: [],
    args: ['--btf', '/nowhere.btf'],
    line: /^ipvscope: ERR_BTF_FILE: BTF file not found: \/nowhere\.btf \(hint: /,
    code: 2,
  },
  {
    name: 'a BTF file that is none',
    ipvs: true,
    wrapper: [],
    args: ['--btf', '/etc/passwd'],
    line: /^ipvscope: ERR_BTF_FILE: cannot read BTF from \/etc\/passwd: .* \(hint: build it for this kernel/,
    code: 2,
  },
  {
    name: 'types without those of ip_vs',
    ipvs: true,
    wrapper: [],
    args: ['--btf', '/sys/kernel/btf/vmlinux'],
    line: /^ipvscope: ERR_BTF_FILE: \/sys\/kernel\/btf\/vmlinux: it has no BTF of ip_vs \(hint: /,
    code: 2,
  },
  {
    name: 'types of another kernel',
    ipvs: true,
    wrapper: [],
    args: ['--btf', otherTypes],
    line: /^ipvscope: ERR_BTF_FILE: .*: BTF does not match this kernel \(offset of sk_buff\.\w+ differs\) \(hint: /,
    code: 2,
    skip: typesComeAlong,
  },
];

for (const variant of attachVariants) {
  test(`a kernel without the functions is named as such: ${variant}`, () => {
    const session = new Session({ attachment: { variant } });
    assert.throws(
      () => session.open(),
      (error: unknown) => {
        assert.ok(error instanceof IpvscopeError);
        assert.equal(error.code, 'ERR_KERNEL_UNSUPPORTED');
        assert.match(
          error.toLine(),
          /no function (ip_vs_\w+) to attach to \(hint: grep \1 \/proc\/kallsyms shows what it has instead\)$/,
        );
        assert.equal(error.exitCode, 3);
        assert.equal(error.step, 'load');
        return true;
      },
    );
  });
}

for (const { name, ipvs, wrapper, args = [], line, code: expected = 3, skip } of cases) {
  test(`${name}: one line that says what to do, exit code ${expected}`, { skip }, async () => {
    if (ipvs) run('modprobe', 'ip_vs');
    assert.equal(existsSync('/proc/net/ip_vs'), ipvs);
    const { code, stdout, stderr } = await new Running(['trace', ...args], wrapper).ended;
    assert.match(stderr.trimEnd(), line);
    assert.equal(stderr.trimEnd().split('\n').length, 1);
    assert.equal(stdout, '');
    assert.equal(code, expected);
  });
}

test('a function that this ip_vs lacks is named', async () => {
  run('modprobe', 'ip_vs');
  const wrapper = inMountNamespace(
    'grep -v " ip_vs_schedule" /proc/kallsyms >/run/names; mount --bind /run/names /proc/kallsyms',
  );
  const { code, stderr } = await new Running(['trace', '--attach', 'kprobe'], wrapper).ended;
  assert.match(stderr, /^ipvscope: ERR_KERNEL_UNSUPPORTED: .*no function ip_vs_schedule to attach/);
  assert.equal(code, 3);
});

/** Makes a kernel look as if it had been built without IPv6. */
const withoutIpv6 = {
  kprobe: inMountNamespace(
    'grep -v " icmp6_send" /proc/kallsyms >/run/names; mount --bind /run/names /proc/kallsyms',
  ),
  fexit: inMountNamespace(
    'mkdir /run/btf; cp /sys/kernel/btf/* /run/btf; rm -f /run/btf/ipv6; sed -i "s/\\x00icmp6_send\\x00/\\x00icmp6_none\\x00/" /run/btf/vmlinux; mount --bind /run/btf /sys/kernel/btf',
  ),
};

for (const variant of attachVariants) {
  const skip = variant === 'fexit' && !typesShown && 'no fexit here';
  test(`a kernel without IPv6 is traced without its errors: ${variant}`, { skip }, async () => {
    run('modprobe', 'ip_vs');
    const args = ['trace', '--attach', variant, '--timeout', '1'];
    const { code, stderr } = await new Running(args, withoutIpv6[variant]).ended;
    assert.equal(code, 0, stderr);
    assert.match(stderr, / __icmp_send/);
    assert.doesNotMatch(stderr, /icmp6_send/);
    assert.match(stderr, /; (\d+) of \1 programs attached, nothing lost/);
  });
}

const noTypes = findBtfFile() === undefined && 'no BTF file is of this kernel';

test('a kernel that exposes no BTF is traced with a BTF file', {
  skip: noTypes,
}, async () => {
  run('modprobe', 'ip_vs');
  const wrapper = inMountNamespace('mount -t tmpfs none /sys/kernel/btf');
  const { code, stderr } = await new Running(['trace', '--timeout', '1'], wrapper).ended;
  assert.equal(code, 0, stderr);
  assert.match(stderr, /with BTF from .*\.btf: /);
  assert.match(stderr, /nothing notable in .*; (\d+) of \1 programs attached, nothing lost/);
});
