import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { Running, run } from './command.js';

// ip_vs comes, goes and comes back while the commands run.

const unload = (): boolean => spawnSync('modprobe', ['-r', 'ip_vs_rr', 'ip_vs']).status === 0;

before(() => assert.ok(unload()));
after(() => run('modprobe', 'ip_vs'));

const sysfs = '/sys/kernel/btf/ip_vs';

test('trace --wait: waits for ip_vs, says so, and attaches when it is loaded', async () => {
  const trace = new Running(['trace', '--wait']);
  await trace.says(/^waiting: ip_vs is not loaded$/m);
  run('modprobe', 'ip_vs');
  await trace.says(/^ipvscope \S+ attached on /m);
  const { code, stderr } = await trace.end();
  assert.equal(code, 0);
  assert.match(stderr, /^nothing notable in .*; (\d+) of \1 programs attached/m);
});

test('serve answers while it waits, and is ready once it is attached', async () => {
  assert.ok(unload());
  const serve = new Running(['serve', '--web.listen-address', '127.0.0.1:10965']);
  const get = (path: string): Promise<Response> => fetch(`http://127.0.0.1:10965${path}`);
  const attached = async (): Promise<string | undefined> =>
    /^ipvscope_attached (\d)$/m.exec(await (await get('/metrics')).text())?.[1];

  await serve.says(/^waiting: ip_vs is not loaded$/m);
  assert.equal((await get('/readyz')).status, 503);
  assert.equal((await get('/healthz')).status, 200);
  assert.equal(await attached(), '0');
  run('modprobe', 'ip_vs');
  await serve.says(/^ipvscope \S+ attached on /m);
  assert.equal((await get('/readyz')).status, 200);
  assert.equal(await attached(), '1');
  assert.equal((await serve.end()).code, 0);
});

test('fentry and fexit keep ip_vs from being unloaded, until the command ends', async (context) => {
  if (!existsSync(sysfs)) return context.skip('this kernel has no BTF of ip_vs: no fexit');
  const trace = await Running.attached(['trace', '--attach', 'fexit']);
  assert.equal(unload(), false);
  assert.equal((await trace.end()).code, 0);
  assert.ok(unload());
  run('modprobe', 'ip_vs');
});

test('kprobes let ip_vs go; the probe is attached again when it is back', async () => {
  const trace = await Running.attached(['trace', '--attach', 'kprobe']);
  assert.ok(unload());
  await trace.says(/^waiting: ip_vs is not loaded$/m);
  run('modprobe', 'ip_vs');
  await trace.says(/attached on [\s\S]*attached on /m);
  const { code, stderr } = await trace.end();
  assert.equal(code, 0);
  assert.match(stderr, /; (\d+) of \1 programs attached/);
});

test('the ready file goes with the module, and comes back with it', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'ipvscope-ready-'));
  const ready = join(directory, 'ready');
  const trace = new Running(['trace', '--wait', '--attach', 'kprobe', '--ready-file', ready]);
  await trace.says(/attached on/);
  while (!existsSync(ready)) await setTimeout(5);
  assert.ok(unload());
  await trace.says(/^waiting: ip_vs is not loaded$/m);
  assert.equal(existsSync(ready), false);
  run('modprobe', 'ip_vs');
  await trace.says(/attached on [\s\S]*attached on /m);
  while (!existsSync(ready)) await setTimeout(5);
  assert.equal((await trace.end()).code, 0);
  assert.equal(existsSync(ready), false);
  rmSync(directory, { recursive: true });
});

test('kprobes: unloaded and loaded between two polls is noticed', async () => {
  const trace = await Running.attached(['trace', '--attach', 'kprobe']);
  assert.ok(unload());
  run('modprobe', 'ip_vs');
  await trace.says(/attached on [\s\S]*attached on /m);
  assert.equal((await trace.end()).code, 0);
});
