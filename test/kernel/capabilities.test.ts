import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { Running, run } from './command.js';

// What each way to attach takes of an ordinary user: docs/capabilities.md has it as a table.

const paranoid = readFileSync('/proc/sys/kernel/perf_event_paranoid', 'utf8').trim();

run('modprobe', 'ip_vs');

/** A kernel that counts maps as locked memory (before 5.11) takes that as well. */
const locks = !existsSync('/sys/kernel/btf/ip_vs');
const limit = (memory: string): readonly string[] => [
  'sh',
  '-c',
  `ulimit -l ${memory}; exec "$@"`,
  'sh',
];

/** User nobody with these capabilities and no other, not even to be had. */
function user(capabilities: string): readonly string[] {
  const list = `-all,${capabilities.replaceAll(/[^,]+/g, '+$&')}`;
  return [
    ...['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'],
    ...[`--inh-caps=${list}`, `--ambient-caps=${list}`, `--bounding-set=${list}`],
  ];
}

const setParanoid = (value: string): string =>
  run('sysctl', '-qw', `kernel.perf_event_paranoid=${value}`);

/** A virtual service without a server: a connect is an event. */
const service = '127.0.0.1:9';
before(() => {
  run('ipvsadm', '-A', '-t', service, '-s', 'rr');
  run('ip', 'link', 'set', 'lo', 'up');
  setParanoid('2');
});
after(() => {
  setParanoid(paranoid);
  run('ipvsadm', '-D', '-t', service);
});

async function traced(wrapper: readonly string[], variant?: string): Promise<string> {
  const args = variant === undefined ? [] : ['--attach', variant];
  const trace = new Running(['trace', ...args, '-o', 'json'], wrapper);
  await trace.says(/ attached on /);
  run('bash', '-c', `! exec 3<>/dev/tcp/${service.replace(':', '/')}`);
  const { code, stdout, stderr } = await trace.end();
  assert.equal(code, 0, stderr);
  assert.match(stdout, /"kind":"unscheduled"/);
  assert.match(stderr, /; (\d+) of \1 programs attached, nothing lost/);
  return stderr;
}

test('kprobe takes CAP_BPF and CAP_PERFMON', async () => {
  await traced([...limit('unlimited'), ...user('bpf,perfmon')], 'kprobe');
});

test('with these two alone kprobes are what is tried, and it says why', async () => {
  const stderr = await traced([...limit('unlimited'), ...user('bpf,perfmon')]);
  const why =
    /^using kprobes, whose overhead is higher: fexit on the module ip_vs requires CAP_SYS_ADMIN$/m;
  if (existsSync('/sys/kernel/btf/ip_vs')) assert.match(stderr, why);
});

test('CAP_SYS_ADMIN alone does for every variant', async () => {
  for (const variant of locks ? ['kprobe'] : ['kprobe', 'fexit']) {
    await traced([...limit('unlimited'), ...user('sys_admin')], variant);
  }
});

async function refused(wrapper: readonly string[], args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await new Running(['trace', ...args], wrapper).ended;
  assert.equal(code, 3, stderr);
  assert.equal(stdout, '');
  assert.equal(stderr.trimEnd().split('\n').length, 1, stderr);
  return stderr;
}

test('fexit without CAP_SYS_ADMIN: one line', { skip: locks && 'no fexit here' }, async () => {
  assert.match(
    await refused(user('bpf,perfmon'), ['--attach', 'fexit']),
    /^ipvscope: ERR_NO_CAPABILITY: fexit on the module ip_vs requires CAP_SYS_ADMIN \(hint: run it as root, or with --attach kprobe\)$/m,
  );
});

test('a kernel that lets CAP_SYS_ADMIN alone trace: one line that names the setting', async () => {
  setParanoid('3');
  try {
    assert.match(
      await refused([...limit('unlimited'), ...user('bpf,perfmon')], ['--attach', 'kprobe']),
      /^ipvscope: ERR_PROBE_ATTACH: .* \(hint: kernel\.perf_event_paranoid is 3, .*=2 lets CAP_PERFMON do\)$/m,
    );
  } finally {
    setParanoid('2');
  }
});

test('no locked memory: one line, on kernels that count maps as such', {
  skip: !locks && 'this kernel does not',
}, async () => {
  assert.match(
    await refused([...limit('64'), ...user('bpf,perfmon')], ['--attach', 'kprobe']),
    /^ipvscope: ERR_PROBE_RING: .* \(hint: grant CAP_SYS_RESOURCE, or ulimit -l unlimited: /m,
  );
});

test('an addon that this user may not read: the line names it', async () => {
  const addon = new URL('../../../build/Release/ipvscope.node', import.meta.url).pathname;
  const hidden = ['unshare', '--mount', 'sh', '-ec'];
  const script = `cp ${addon} /run/addon; chmod 600 /run/addon; mount --bind /run/addon ${addon}; exec "$@"`;
  const line = await refused([...hidden, script, 'sh', ...user('sys_admin')], []);
  assert.match(line, /^ipvscope: ERR_ADDON_LOAD: the addon (\S+) cannot be loaded: this user/m);
  assert.ok(line.includes(addon));
});

test('a failed read of the aggregation maps: events, summary with the reason, exit code 1', async () => {
  const preload = new URL('./break-reads-on-signal.js', import.meta.url).pathname;
  const trace = new Running(
    ['trace', '-o', 'json'],
    ['env', `NODE_OPTIONS=--import=file://${preload}`],
  );
  await trace.says(/ attached on /);
  run('bash', '-c', `! exec 3<>/dev/tcp/${service.replace(':', '/')}`);
  trace.process.kill('SIGUSR2');
  await trace.says(/^broken: 4 tables$/m);
  const { code, stdout, stderr } = await trace.end();
  assert.match(stdout, /"kind":"unscheduled"/);
  assert.match(
    stderr,
    // Of a local client the ICMP error may come while its socket is in use: it sends a second SYN.
    /^[12] unscheduled .*, INCOMPLETE: ERR_PROBE_READ: cannot read the aggregation maps: .*$/m,
  );
  assert.doesNotMatch(stderr, /^ +at /m);
  assert.equal(code, 1);
});
