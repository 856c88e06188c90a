import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { before, test } from 'node:test';
import { IpvscopeError } from '../../src/error.js';
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

const cases: readonly {
  readonly name: string;
  readonly ipvs: boolean;
  readonly wrapper: readonly string[];
  readonly line: RegExp;
}[] = [
  {
    name: 'no ip_vs',
    ipvs: false,
    wrapper: [],
    line: /^ipvscope: ERR_NO_IP_VS: .*; load it with: modprobe ip_vs$/,
  },
  {
    name: 'no capability',
    ipvs: true,
    wrapper: ['setpriv', '--bounding-set=-sys_admin,-bpf,-perfmon'],
    line: /^ipvscope: ERR_NO_CAPABILITY: .*CAP_SYS_ADMIN.*; run it as root$/,
  },
  {
    name: 'no BTF',
    ipvs: true,
    wrapper: inMountNamespace('mount -t tmpfs none /sys/kernel/btf'),
    line: /^ipvscope: ERR_NO_BTF: .*vmlinux is missing.*; run a kernel built with CONFIG_DEBUG_INFO_BTF=y/,
  },
  {
    name: 'no BTF for modules',
    ipvs: true,
    wrapper: inMountNamespace(
      'cp /sys/kernel/btf/vmlinux /run/vmlinux.btf; mount -t tmpfs none /sys/kernel/btf; mv /run/vmlinux.btf /sys/kernel/btf/vmlinux',
    ),
    line: /^ipvscope: ERR_NO_MODULE_BTF: .*\/sys\/kernel\/btf\/ip_vs is missing.*; run Linux 5\.16 or newer/,
  },
];

test('a kernel without the functions is named as such, with what libbpf said', () => {
  const session = new Session();
  assert.throws(
    () => session.open(),
    (error: unknown) => {
      assert.ok(error instanceof IpvscopeError);
      assert.equal(error.code, 'ERR_KERNEL_UNSUPPORTED');
      assert.match(
        error.toLine(),
        /no function ip_vs_conn_in_get_proto.*; run Linux 5\.16 or newer$/,
      );
      assert.equal(error.exitCode, 3);
      assert.equal(error.step, 'load');
      assert.match(error.log ?? '', /failed to find kernel BTF type ID/);
      return true;
    },
  );
});

before(() => run('modprobe', '-r', 'ip_vs_rr', 'ip_vs'));

for (const { name, ipvs, wrapper, line } of cases) {
  test(`${name}: one line that says what to do, exit code 3`, async () => {
    if (ipvs) run('modprobe', 'ip_vs');
    assert.equal(existsSync('/proc/net/ip_vs'), ipvs);
    const { code, stdout, stderr } = await new Running(['trace'], wrapper).ended;
    assert.match(stderr.trimEnd(), line);
    assert.equal(stderr.trimEnd().split('\n').length, 1);
    assert.equal(stdout, '');
    assert.equal(code, 3);
  });
}
