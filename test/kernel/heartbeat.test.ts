import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { after, afterEach, test } from 'node:test';
import { Running, run } from './command.js';

// The kernel's switches that make a probe blind which is attached and stays so. What is known of a
// probe that sees, it knows from packets of its own: nobody may be told of those.

run('modprobe', 'ip_vs_rr');
after(() => run('modprobe', '-r', 'ip_vs_rr', 'ip_vs'));

const FTRACE = '/proc/sys/kernel/ftrace_enabled';
const KPROBES = '/sys/kernel/debug/kprobes/enabled';
if (!existsSync(KPROBES)) run('mount', '-t', 'debugfs', 'debugfs', '/sys/kernel/debug');

const hasTypes = existsSync('/sys/kernel/btf/ip_vs');
const cases: readonly { variant: 'fexit' | 'kprobe'; path: string; name: string }[] = [
  ...(hasTypes
    ? [{ variant: 'fexit', path: FTRACE, name: 'kernel.ftrace_enabled=0' } as const]
    : []),
  { variant: 'kprobe', path: FTRACE, name: 'kernel.ftrace_enabled=0' },
  { variant: 'kprobe', path: KPROBES, name: `${KPROBES}=0` },
];

const flip = (path: string, value: 0 | 1): void => writeFileSync(path, `${value}\n`);
afterEach(() => {
  for (const path of [FTRACE, KPROBES]) flip(path, 1);
});

const PORT = 10967;
const get = (path: string): Promise<Response> => fetch(`http://127.0.0.1:${PORT}${path}`);
const metrics = async (): Promise<string> => (await get('/metrics')).text();
const value = (text: string, name: string): number =>
  Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]);

const seconds = (since: number): number => (performance.now() - since) / 1000;

for (const { variant, path, name } of cases) {
  test(`serve: ${name} is told within ten seconds, and that it is over: ${variant}`, async () => {
    const serve = await Running.attached([
      ...['serve', '--attach', variant, '--trace'],
      ...['--web.listen-address', `127.0.0.1:${PORT}`],
    ]);
    const seeing = await metrics();
    assert.equal(value(seeing, 'ipvscope_watching'), 1);
    assert.equal(value(seeing, 'ipvscope_blind_seconds_total'), 0);
    assert.equal((await get('/readyz')).status, 200);

    flip(path, 0);
    const since = performance.now();
    await serve.says(/^BLIND: the probe has seen none of its own packets /m);
    assert.ok(seconds(since) < 10, `told after ${seconds(since)} s`);
    const blind = await metrics();
    assert.equal(value(blind, 'ipvscope_watching'), 0);
    assert.equal(value(blind, 'ipvscope_attached'), 1, 'attached, and blind');
    const unready = await get('/readyz');
    assert.equal(unready.status, 503);
    assert.match(await unready.text(), /^BLIND: /);
    assert.ok(serve.stderr.includes(`(${name})`), serve.stderr);

    flip(path, 1);
    const again = performance.now();
    await serve.says(/^the probe sees its own packets again: it was BLIND for /m);
    assert.ok(seconds(again) < 10, `told after ${seconds(again)} s`);
    assert.equal((await get('/readyz')).status, 200);
    const after = await metrics();
    assert.equal(value(after, 'ipvscope_watching'), 1);
    assert.ok(value(after, 'ipvscope_blind_seconds_total') > 0);
    assert.doesNotMatch(after, /^ipvs_.* [1-9]/m, 'its own packets are in no metric');
    assert.equal(value(after, 'ipvscope_events_total'), 0);

    const { code, stdout, stderr } = await serve.end();
    assert.equal(code, 0);
    assert.equal(stdout, '', 'its own packets are no events');
    assert.match(
      stderr,
      /^BLIND: the probe saw none of its own packets for [\d.]+ s \(\S+\); nothing notable in the other [\d.]+ s, \d+ new connections; (\d+) of \1 programs attached(, LOST .*)?$/m,
    );
    assert.doesNotMatch(stderr, /nothing lost/);
  });

  test(`trace: ${name} before it is attached: ${variant}`, async () => {
    flip(path, 0);
    const trace = await Running.attached(['trace', '--attach', variant]);
    const { stderr } = await trace.end();
    assert.doesNotMatch(stderr, /nothing/);
    assert.match(stderr, /^BLIND: the probe saw none of its own packets for [\d.]+ s \(/m);
    assert.ok(stderr.includes(`(${name}); `), stderr);
  });
}

for (const variant of hasTypes ? (['fexit', 'kprobe'] as const) : (['kprobe'] as const)) {
  test(`two at once are told of neither's packets, whatever their filter: ${variant}`, async () => {
    const serve = await Running.attached([
      ...['serve', '--attach', variant, '--trace'],
      ...['--web.listen-address', `127.0.0.1:${PORT}`],
    ]);
    const filters = [
      [],
      ['--virtual', '10.96.0.10:80'],
      ['--virtual', '127.105.112.118:9'],
    ] as const;
    const traces = await Promise.all(
      filters.map((filter) =>
        Running.attached(['trace', '--attach', variant, '-k', 'all', ...filter]),
      ),
    );
    for (const trace of traces) {
      const { stdout, stderr } = await trace.end();
      assert.equal(stdout, '');
      assert.match(stderr, /^nothing notable .*nothing lost/m);
    }
    const text = await metrics();
    assert.ok(value(text, 'ipvscope_heartbeats_total\\{result="seen"\\}') > 0);
    assert.equal(value(text, 'ipvscope_events_total'), 0);
    assert.equal((await serve.end()).stdout, '');
  });

  test(`killed, it leaves nothing that keeps ip_vs: ${variant}`, async () => {
    const users = (): string => readFileSync('/sys/module/ip_vs/refcnt', 'utf8').trim();
    const before = users();
    const trace = await Running.attached(['trace', '--attach', variant]);
    trace.process.kill('SIGKILL');
    await trace.ended;
    // The kernel ends programs and namespace in its own time.
    const until = performance.now() + 10_000;
    while (users() !== before && performance.now() < until) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.equal(users(), before);
  });
}
