import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../../../src/cli/main.js', import.meta.url));

const cases: readonly {
  readonly args: readonly string[];
  readonly code: number;
  readonly stdout?: RegExp;
  readonly stderr?: RegExp;
  readonly env?: Readonly<Record<string, string>>;
}[] = [
  { args: ['no-such-command'], code: 2, stderr: /unknown command 'no-such-command'/ },
  { args: ['trace', '--no-such-option'], code: 2, stderr: /unknown option/ },
  {
    args: ['trace', '--kind', 'reuse,foo'],
    code: 2,
    stderr: /Unknown event kind 'foo' \(choose from all, reuse, /,
  },
  {
    args: ['trace', '-k', 'reuse', '-k', 'foo'],
    code: 2,
    stderr: /Unknown event kind 'foo' \(choose from all, reuse, /,
  },
  {
    args: ['trace', '--client', '10.0.0.5/24'],
    code: 2,
    stderr: /At character 1 of '10\.0\.0\.5\/24'/,
  },
  { args: ['serve', '-o', 'json'], code: 2, stderr: /'--output' .* needs --trace/ },
  { args: ['serve', '--client', ':1'], code: 2, stderr: /'--client' .* needs --trace/ },
  {
    args: ['serve', '--trace', '-k', 'foo'],
    code: 2,
    stderr: /Unknown event kind 'foo' \(choose from all, reuse, /,
  },
  { args: ['serve', '--web.max-requests', '-1'], code: 2, stderr: /whole number/ },
  // What it needs later is checked before it waits for ip_vs.
  { args: ['serve', '--btf', '/nowhere.btf'], code: 2, stderr: /^ipvscope: ERR_BTF_FILE: / },
  { args: ['serve', '--btf', '/etc/passwd'], code: 2, stderr: /^ipvscope: ERR_BTF_FILE: / },
  { args: ['serve', '--btf', '/etc'], code: 2, stderr: /^ipvscope: ERR_BTF_FILE: / },
  { args: ['serve', '--ready-file', '/nowhere/x'], code: 2, stderr: /^ipvscope: ERR_READY_FILE: / },
  { args: ['serve', '--ready-file', '/dev/null'], code: 2, stderr: /it is not a regular file/ },
  {
    args: ['lab', 'trace'],
    env: { IPVSCOPE_LAB_CACHE: '/proc/nowhere/cache' },
    code: 3,
    stderr: /^ipvscope: ERR_LAB_CACHE: .* \(hint: name a directory .* in IPVSCOPE_LAB_CACHE\)$/m,
  },
  {
    args: ['lab', 'trace'],
    env: { IPVSCOPE_LAB_CACHE: '/etc/passwd/cache' },
    code: 3,
    stderr: /^ipvscope: ERR_LAB_CACHE: /,
  },
  { args: ['trace', '--output', 'xml'], code: 2, stderr: /columns, json/ },
  { args: ['trace', '--timeout', '-1'], code: 2, stderr: /duration above 0/ },
  { args: ['serve', '--web.listen-address', 'x'], code: 2, stderr: /must be like :10962/ },
  { args: ['serve', '--web.listen-address', ':70000'], code: 2, stderr: /must be like :10962/ },
  { args: ['serve', '--metrics.max-series', '0'], code: 2, stderr: /whole number/ },
  { args: ['serve', '--metrics.expire-after', '0'], code: 2, stderr: /duration above 0/ },
  { args: ['lab'], code: 2, stderr: /missing required argument 'command'/ },
  { args: ['lab', '--kernel', '2.4', 'trace'], code: 2, stderr: /2\.4/ },
  { args: ['lab', 'acts', '--kernel', '2.4'], code: 2, stderr: /2\.4/ },
  { args: ['lab', 'demo', '--help'], code: 0, stdout: /Examples:/ },
  { args: ['reproduce', 'no-such-scenario'], code: 2, stderr: /no-such-scenario/ },
  {
    args: ['reproduce', 'field', '--case', 'no-route,no-such-case'],
    code: 2,
    stderr: /unknown case 'no-such-case' \(hint: choose from sh-weight0, /,
  },
  {
    args: ['reproduce', 'rollout', '--case', 'no-route'],
    code: 2,
    stderr: /unknown case 'no-route'/,
  },
  {
    args: ['--version'],
    code: 0,
    stdout: /^ipvscope \d+\.\d+\.\d+\ncommit: \S+\nlibbpf: \S+\nnode: \d+\.\d+\.\d+\n$/,
  },
  { args: ['--help'], code: 0, stdout: /Exit codes: 0 success/ },
  { args: ['trace', '--help'], code: 0, stdout: /Examples:/ },
  { args: ['serve', '--help'], code: 0, stdout: /default: :10962,[\s\S]*Examples:/ },
  { args: ['trace', '--verbose', '--help'], code: 0, stdout: /--verbose/ },
  { args: ['help', 'trace'], code: 0, stdout: /Examples:/ },
  { args: ['lab', '--help'], code: 0, stdout: /Examples:/ },
  { args: ['reproduce', '--help'], code: 0, stdout: /Examples:/ },
  { args: ['reproduce', '--list'], code: 0, stdout: /^rollout .*\n(?:.*\n)*one-second /m },
];

for (const { args, code, stdout, stderr, env } of cases) {
  test(`ipvscope ${args.join(' ')} exits ${code}`, () => {
    const run = spawnSync(process.execPath, [main, ...args], {
      encoding: 'utf8',
      env: { ...process.env, ...env },
      timeout: 30_000,
    });
    assert.equal(run.status, code, run.stderr);
    if (stdout !== undefined) assert.match(run.stdout, stdout);
    if (stderr !== undefined) assert.match(run.stderr, stderr);
    assert.doesNotMatch(run.stderr, /^\s+at /m, 'no stack trace');
  });
}
