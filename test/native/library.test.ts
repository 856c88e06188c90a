import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { IpvscopeError, type IpvsEvent, type Monitor, type MonitorOptions, open } from 'ipvscope';

// The public API, imported by the package's name, over the real ring; only packets are made up.

const opened: Monitor[] = [];

async function openGenerator(options: MonitorOptions = {}): Promise<Monitor> {
  const monitor = await open({ generator: true, ...options });
  opened.push(monitor);
  return monitor;
}

afterEach(async () => {
  for (const monitor of opened.splice(0)) await monitor.close();
});

/** Most records of one call of `generate()`. */
const A_CALL = 1000;
const KEYS = 10;

async function generate(monitor: Monitor, packets: number): Promise<void> {
  for (let first = 0; first < packets; first += A_CALL) {
    monitor.generate(first, Math.min(A_CALL, packets - first), KEYS);
    // Everything else on the event loop has its turn.
    await setImmediate();
  }
}

/** Takes events until they stand for so many packets. */
async function take(events: AsyncIterator<IpvsEvent>, packets: number): Promise<IpvsEvent[]> {
  const taken: IpvsEvent[] = [];
  for (let sum = 0; sum < packets; ) {
    const { value, done } = await events.next();
    if (done === true) break;
    taken.push(value);
    sum += value.count;
  }
  return taken;
}

const packetsOf = (events: readonly IpvsEvent[]): number =>
  events.reduce((sum, { count }) => sum + count, 0);

test('events arrive in order; snapshot and metrics count the same packets', async () => {
  const logged: string[] = [];
  const info = (message: string): void => void logged.push(message);
  const monitor = await openGenerator({ log: { debug: info, info, warn: info, error: info } });
  assert.match(logged[0] ?? '', /^ipvscope \S+ attached on /);
  const events = monitor.events();
  monitor.generate(0, 500, KEYS);
  const numbers: number[] = [];
  for await (const event of events) {
    assert.equal(event.kind, 'reuse');
    numbers.push(Number(event.client?.split(':').at(-1)));
    if (numbers.length === 500) break;
  }
  assert.deepEqual(
    numbers,
    Array.from({ length: 500 }, (_, number) => number),
  );
  const { rows, packets } = monitor.snapshot();
  assert.equal(packets, 500);
  assert.deepEqual(
    rows.map((row) => row.packets),
    Array.from({ length: KEYS }, () => 50),
  );
  const metrics = (await monitor.metrics()).toString();
  assert.match(metrics, /^ipvscope_events_total 500$/m);
  assert.match(monitor.contentType, /^text\/plain/);
  assert.deepEqual(monitor.state().programs.length, 1);
});

test('a consumer that takes nothing: records stay in the kernel, which aggregates; counts stay exact', async () => {
  const packets = 100_000;
  const monitor = await openGenerator();
  const events = monitor.events();
  await generate(monitor, packets);
  const { packets: drained } = monitor.snapshot();
  assert.ok(drained < packets / 4, `${drained} were drained`);
  const { detailDropped } = monitor.state();
  assert.ok(detailDropped > 0, 'the rings were full');
  const taken = await take(events, packets);
  assert.equal(packetsOf(taken), packets);
  assert.equal(packetsOf(taken.filter(({ client }) => client === undefined)), detailDropped);
  assert.equal(monitor.snapshot().packets, packets);
});

test('two iterations get the same events; one that is left holds nobody', async () => {
  const monitor = await openGenerator();
  const [first, second, left] = [monitor.events(), monitor.events(), monitor.events()];
  await left.return?.();
  monitor.generate(0, 1000, KEYS);
  const [one, two] = await Promise.all([take(first, 1000), take(second, 1000)]);
  assert.deepEqual(one, two);
  assert.deepEqual(await left.next(), { done: true, value: undefined });
});

test('close() delivers the rest, ends iterations after it, and is idempotent', async () => {
  const monitor = await openGenerator();
  const events = monitor.events();
  monitor.generate(0, 1000, KEYS);
  await monitor.close();
  await monitor.close();
  const rest: IpvsEvent[] = [];
  for await (const event of events) rest.push(event);
  assert.equal(packetsOf(rest), 1000);
  assert.equal(monitor.snapshot().packets, 1000);
  assert.equal(monitor.state().programs.length, 1);
  assert.deepEqual(await monitor.events().next(), { done: true, value: undefined });
});

test('kinds that are not chosen are counted, and make no events', async () => {
  const monitor = await openGenerator({ kinds: ['retry'] });
  const events = monitor.events();
  monitor.generate(0, 1000, KEYS);
  await monitor.close();
  assert.deepEqual(await events.next(), { done: true, value: undefined });
  assert.equal(monitor.snapshot().packets, 1000);
});

test('what cannot be opened is an IpvscopeError with code and exit code', async () => {
  await assert.rejects(
    open({ attach: { btf: '/nonexistent.btf' } }),
    (error) =>
      error instanceof IpvscopeError && error.code === 'ERR_BTF_FILE' && error.exitCode === 2,
  );
});

for (const path of ['dist/src/index.js', 'dist/src/native/session.js', 'package.json']) {
  test(`ipvscope/${path} cannot be imported`, async () => {
    const specifier = `ipvscope/${path}`;
    await assert.rejects(import(specifier), { code: 'ERR_PACKAGE_PATH_NOT_EXPORTED' });
  });
}
