import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { CleanUp } from '../../src/testbed/clean-up.js';
import { seriesOf } from '../../src/verify/metrics-text.js';
import { Running, run } from './command.js';
import { type RoundPart, writePlan } from './exact/plan-file.js';
import { buildNetwork } from './exact/planned-network.js';
import { endpoint, serverAddresses, services } from './exact/planned-services.js';
import { compiled } from './exact/programs.js';
import { Random } from './exact/random.js';
import { VirtualServices } from './exact/virtual-services.js';
import { floodPhase, makeFlood } from './flood/flood-plan.js';
import { InterfaceCounters } from './flood/interface-counters.js';

// More connection-opening packets than can be delivered per event: every packet of both waves matches an
// entry, so the metrics must count it. nftables on the director's interfaces is the independent check;
// `serve` is scraped over HTTP as Prometheus does.

const ENTRIES = 1_500;
/**
 * The first comes while `serve --trace` is stopped, so that the rings overflow; the second while
 * `serve`, as a node runs it, is asked all the time.
 */
const WAVES = [60_000, 30_000] as const;
const PORT = 10_964;
const MOST_WAIT_MS = 60_000;
const MOST_SCRAPE_MS = 1_000;

/** The sum over all series of a metric. */
const sumOf = (text: string, metric: string): number =>
  seriesOf(text, metric).reduce((sum, { value }) => sum + value, 0);

const scrape = async (): Promise<string> =>
  (await fetch(`http://127.0.0.1:${PORT}/metrics`)).text();

test('a flood: sums of counts equal packets sent, per service and verdict', async (t) => {
  const seed = Number(process.env.IPVSCOPE_SEED ?? Date.now() % 2 ** 32);
  t.diagnostic(`seed ${seed} (IPVSCOPE_SEED=${seed} sends the same packets again)`);
  run('modprobe', '-a', 'ip_vs', 'ip_vs_rr', 'ip_vs_wlc');
  const cleanUp = new CleanUp();
  try {
    await flood(new Random(seed), cleanUp, (line) => t.diagnostic(line));
  } finally {
    await cleanUp.run();
  }
});

async function flood(random: Random, cleanUp: CleanUp, say: (line: string) => void): Promise<void> {
  const plan = makeFlood(random, { entries: ENTRIES, waves: WAVES });
  const directory = mkdtempSync(join(tmpdir(), 'ipvscope-flood-'));
  cleanUp.add(directory, () => rmSync(directory, { recursive: true }));
  const mark = { source: '10.0.1.2', target: serverAddresses[0] ?? '' };
  const { file, parts } = writePlan(plan, mark);
  const planFile = join(directory, 'plan');
  writeFileSync(planFile, file);

  const network = await buildNetwork(cleanUp);
  const director = new VirtualServices(network.director);
  const interfaceCounters = await InterfaceCounters.start(network.director);
  const { own, router } = network.ethernet;
  const send = async (part: RoundPart | undefined): Promise<number> => {
    const { from, count, cpus } = part as RoundPart;
    const startMs = performance.now();
    await network.client.script(
      `${compiled('sender')} ${planFile} ${from} ${count} ${cpus} eth0 ${own} ${router}`,
      'sender',
    );
    return (performance.now() - startMs) / 1000;
  };
  const listen = ['serve', '--web.listen-address', `127.0.0.1:${PORT}`];
  await director.begin(floodPhase);
  await send(parts[0]);
  await director.enter('drained', floodPhase);

  const traced = await serveUntil(cleanUp, [...listen, '--trace'], async (serve) => {
    await interfaceCounters.forget();
    serve.process.kill('SIGSTOP');
    const seconds = await send(parts[1]);
    serve.process.kill('SIGCONT');
    say(`${WAVES[0]} packets while serve was stopped, in ${seconds.toFixed(1)} s`);
    return check(await untilCounted(WAVES[0]), WAVES[0], await interfaceCounters.read(), director);
  });
  say(`${traced.detailDropped} of them aggregated without detail`);
  assert.ok(
    traced.detailDropped > 0,
    'the flood was too small: every packet was delivered per event',
  );

  const counted = await serveUntil(cleanUp, listen, async () => {
    await interfaceCounters.forget();
    // The first ever takes its time: the code is not compiled yet.
    await scrape();
    let under = true;
    const sent = send(parts[2]).finally(() => {
      under = false;
    });
    const scrapes: number[] = [];
    while (under) {
      const startMs = performance.now();
      await scrape();
      scrapes.push(performance.now() - startMs);
    }
    const slowest = Math.max(...scrapes);
    say(
      `${WAVES[1]} packets in ${(await sent).toFixed(1)} s, meanwhile ${scrapes.length} scrapes, ` +
        `the slowest ${slowest.toFixed(0)} ms`,
    );
    assert.ok(scrapes.length > 1 && slowest < MOST_SCRAPE_MS, `${scrapes} ms`);
    return check(await untilCounted(WAVES[1]), WAVES[1], await interfaceCounters.read(), director);
  });
  assert.equal(counted.detailDropped, 0, 'what nobody asked for is not missed');
}

/** Runs the command meanwhile; it has to end well. */
async function serveUntil<Result>(
  cleanUp: CleanUp,
  args: readonly string[],
  meanwhile: (serve: Running) => Promise<Result>,
): Promise<Result> {
  const serve = await Running.attached(args);
  const end = async (): Promise<void> => {
    serve.process.kill('SIGCONT');
    assert.equal((await serve.end('SIGTERM')).code, 0, serve.stderr);
  };
  // Ended already, it ends again at once.
  cleanUp.add('serve', end);
  const result = await meanwhile(serve);
  await end();
  return result;
}

/** Verifies the metrics against the interface counters. */
function check(
  text: string,
  total: number,
  captured: ReadonlyMap<string, number>,
  director: VirtualServices,
): { readonly detailDropped: number } {
  assert.equal(
    [...captured.values()].reduce((sum, packets) => sum + packets, 0),
    total,
    'every packet went on to a real server',
  );
  assert.deepEqual(told(text), expected(captured, director));
  for (const metric of [
    'ipvs_dropped_packets_total',
    'ipvscope_records_lost_total',
    'ipvscope_probe_missed_runs_total',
    'ipvscope_series_overflow_packets_total',
  ]) {
    assert.equal(sumOf(text, metric), 0, metric);
  }
  return { detailDropped: sumOf(text, 'ipvscope_detail_shed_packets_total') };
}

/** What is in the ring, and in the kernel's tables, comes in its own time. */
async function untilCounted(total: number): Promise<string> {
  const giveUp = performance.now() + MOST_WAIT_MS;
  for (;;) {
    const text = await scrape();
    const counted = sumOf(text, 'ipvscope_events_total');
    if (counted === total) return text;
    assert.ok(counted < total, `${counted} packets told, ${total} sent`);
    assert.ok(performance.now() < giveUp, `${counted} packets told, ${total} sent`);
  }
}

/** Packets by virtual service and by whether their real server has weight 0, where there are any. */
type ByService = Readonly<Record<string, number>>;

const sums = (samples: Iterable<readonly [key: string, packets: number]>): ByService => {
  const all: Record<string, number> = {};
  for (const [key, packets] of samples) all[key] = (all[key] ?? 0) + packets;
  return all;
};

/**
 * A number that came again was sent again, and of an entry's first packet the probe has not seen the
 * number: it was attached later. Whichever of these, it was forwarded.
 */
function told(text: string): ByService {
  const samples = [
    ...seriesOf(text, 'ipvs_port_reuse_total'),
    ...seriesOf(text, 'ipvs_opening_retransmits_total'),
    ...seriesOf(text, 'ipvs_undetermined_openings_total'),
  ];
  // A service's series are there at 0 before its first packet.
  const counted = samples.filter(({ value }) => value > 0);
  return sums(
    counted.map(({ labels, value }) => {
      const { local_address: address = '', local_port: port, draining, verdict } = labels;
      const how = verdict ?? 'forwarded';
      return [`${endpoint(address, Number(port))} ${how} draining=${draining}`, value] as const;
    }),
  );
}

function expected(captured: ReadonlyMap<string, number>, { weights }: VirtualServices): ByService {
  return sums(
    services.flatMap(({ name }) =>
      [...(weights.get(name) ?? [])]
        .map(([server, weight]) => {
          const key = `${name} forwarded draining=${weight === 0}`;
          return [key, captured.get(server) ?? 0] as const;
        })
        .filter(([, packets]) => packets > 0),
    ),
  );
}
