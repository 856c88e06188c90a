import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import type { IpvsEvent } from '../../src/record/event.js';
import { type Ended, Running, run } from './command.js';

// The scenarios verify themselves; here the captures, the clients and the exit code are compared with
// what was printed, and every way of ending leaves no namespace behind.

const namespaces = (): string[] =>
  run('ip', 'netns', 'list')
    .split('\n')
    .filter((line) => line.startsWith('ipvscope-'));

const eventsOf = ({ stdout }: Ended): IpvsEvent[] =>
  stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as IpvsEvent);

/** The numbers of the row that begins with `title`, of the report's table below `table`. */
function row({ stderr }: Ended, table: string, title: string): string[] {
  const lines = stderr.split('\n');
  const start = lines.findIndex((line) => line.startsWith(table));
  const found = lines.slice(start).find((line) => line.trim().startsWith(`${title} `));
  assert.ok(found, `${table}: ${title} in\n${stderr}`);
  return found
    .trim()
    .slice(title.length)
    .trim()
    .split(/\s{2,}|\s/);
}

/**
 * Milliseconds, the least that a client's timer of one second takes: it counts ticks, of which the
 * first may be nearly over, and a packet's way to the director takes its own time.
 */
const SECOND = 980;

before(() => run('modprobe', 'ip_vs'));

test('rollout: new connections to weight 0, timeouts, and three observers that agree', async () => {
  const ended = await new Running(['reproduce', 'rollout', '--witness', '-o', 'json']).ended;
  assert.equal(ended.code, 0, ended.stderr);
  const events = eventsOf(ended);
  const toDraining = events.filter(
    (event) => event.kind === 'reuse' && event.verdict === 'forwarded' && event.weight === 0,
  );
  // Three of six ports belong to the drained server: two connects each while it drains, two after.
  assert.equal(toDraining.length, 12);
  for (const event of toDraining) {
    assert.match(event.client ?? '', /^10\.0\.1\.2:4\d{4}$/);
    assert.equal(event.virtual, '10.96.0.10:80');
    assert.equal(event.destination, '10.0.2.2:8080');
    assert.equal(event.opening, true);
    assert.equal(event.available, true);
    assert.equal(event.forwarding, 'masquerade');
  }
  assert.deepEqual(row(ended, 'rollout: client', 'stopped').slice(0, 3), ['12', '6', 'timeout']);
  const [into, first, second, unforwarded] = [
    'in',
    'to 10.0.2.2:8080',
    'to 10.0.3.2:8080',
    'not forwarded',
  ].map((title) => row(ended, 'connection-opening packets', title).map(Number));
  assert.ok(into && first && second && unforwarded);
  assert.equal(into[0], (first[0] ?? 0) + (second[0] ?? 0) + (unforwarded[0] ?? 0));
  for (const numbers of [into, first, second, unforwarded]) assert.equal(numbers[1], numbers[2]);
  assert.equal(unforwarded[0], 0);
  // How many copies a client sends to a dead server is its kernel's affair.
  assert.match(ended.stderr, /^verified: 54 connects and \d+ events are consistent$/m);
  assert.match(ended.stderr, /nothing lost(?: \(|$)/m);
  assert.deepEqual(namespaces(), []);
});

test('one-second: the connects whose SYN was dropped, and no others, take a second', async () => {
  const ended = await new Running(['reproduce', 'one-second', '--witness', '-o', 'json']).ended;
  assert.equal(ended.code, 0, ended.stderr);
  const dropped = eventsOf(ended).filter((event) => event.verdict === 'dropped');
  assert.equal(dropped.length, 5);
  for (const event of dropped) {
    assert.equal(event.kind, 'reuse');
    assert.equal(event.cause, 'conntrack');
    assert.equal(event.conntrack, 'confirmed');
  }
  assert.deepEqual(dropped.map((event) => `${event.conn_state} ${event.weight}`).sort(), [
    'CLOSE 1',
    'CLOSE 1',
    'CLOSE 1',
    'ESTABLISHED 0',
    'ESTABLISHED 0',
  ]);
  // Each is followed by the copy that got through, which says what the client waited.
  const retries = eventsOf(ended).filter((event) => event.kind === 'retry');
  const clients = (events: IpvsEvent[]): unknown[] => events.map((event) => event.client).sort();
  assert.deepEqual(clients(retries), clients(dropped));
  for (const { delay_ms: delay, drops } of retries) {
    assert.equal(drops, 1);
    assert.ok(delay !== undefined && delay >= SECOND && delay < 1600, `${delay} ms`);
  }
  for (const phase of ['after-reset', 'after-vanish']) {
    const [, failed, least, , , most] = row(ended, 'one-second: client', phase);
    assert.equal(failed, '-');
    assert.ok(Number(least) >= SECOND && Number(most) < 1600, `${phase}: ${least} to ${most} ms`);
  }
  for (const phase of ['fresh', 'after-fin', 'control']) {
    const most = row(ended, 'one-second: client', phase).at(-1);
    assert.ok(Number(most) < 800, `${phase}: ${most} ms`);
  }
  const [packets, withEvent, said] = row(ended, 'connection-opening packets', 'not forwarded').map(
    Number,
  );
  assert.deepEqual([packets, withEvent, said], [5, 5, 5]);
  assert.deepEqual(namespaces(), []);
});

test('reproduce serves metrics, and Ctrl-C ends a loop with a summary and no namespaces', async () => {
  const loop = await Running.attached([
    ...['reproduce', 'rollout', '--loop', '-o', 'json'],
    ...['--web.listen-address', '127.0.0.1:10964'],
  ]);
  // The first event toward weight 0 is printed when the metric has it, too.
  await new Promise<void>((resolve) => {
    loop.process.stdout?.on('data', () => loop.stdout.includes('"weight":0') && resolve());
  });
  const metrics = await (await fetch('http://127.0.0.1:10964/metrics')).text();
  assert.match(
    metrics,
    /^ipvs_new_connections_to_draining_total\{proto="TCP",local_address="10\.96\.0\.10",local_port="80",local_mark="",netns="\d+",remote_address="10\.0\.2\.2",remote_port="8080",cause="reuse"\} [1-9]/m,
  );
  assert.notDeepEqual(namespaces(), []);
  const ended = await loop.end('SIGINT');
  assert.equal(ended.code, 0, ended.stderr);
  assert.match(ended.stderr.trimEnd().split('\n').at(-1) ?? '', /; (\d+) of \1 programs attached/);
  assert.deepEqual(namespaces(), []);
});

test('what a killed run left behind is removed by the next', async () => {
  const killed = await Running.attached(['reproduce', 'one-second', '-o', 'json']);
  await killed.end('SIGKILL');
  const left = namespaces();
  assert.equal(left.length, 4);
  // It is not played to its end: the testbed is built once the probe is attached.
  const next = await Running.attached(['reproduce', 'one-second', '-o', 'json']);
  const { code, stderr } = await next.end('SIGINT');
  assert.equal(code, 0, stderr);
  assert.match(stderr, /^removed leftovers: ipvscope-/m);
  assert.deepEqual(namespaces(), []);
});
