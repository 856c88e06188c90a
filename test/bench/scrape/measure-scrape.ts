import { BenchError } from '../bench-error.js';
import { type Spread, spread } from '../statistics.js';
import { type Answer, Peer, type Request } from './peer.js';
import { PlainMetrics } from './plain-metrics.js';
import type { Size } from './workload.js';

export interface ScrapeOptions extends Size {
  /** Rounds that are measured, after some to warm up. */
  readonly rounds: number;
  /** Peers are ended when it aborts. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (line: string) => void;
}

/**
 * Times in milliseconds a scrape, until the bytes that would be sent are there: CPU time of the whole
 * process, its garbage collections included.
 */
export interface ScrapeFigures extends Size {
  readonly rounds: number;
  /** Samples of the metrics that both write. */
  readonly series: number;
  /** Of the whole answer, what the tool says of itself included. */
  readonly textBytes: number;
  /** Every value has changed since the scrape before. */
  readonly ours: Spread;
  readonly plain: Spread;
  /** Plain over ours, of the same round. */
  readonly ratio: Spread;
  /** None has. */
  readonly unchanged: Spread;
  /** The first one, that makes the text of every label. */
  readonly first: number;
  /** How long nothing else could run meanwhile, at most. */
  readonly firstBlocked: number;
  /** ... with every value changed. */
  readonly blocked: Spread;
  /** Bytes that a row takes, all in all: arrays, and what is kept of the text of its series. */
  readonly bytesPerRow: number;
  /** Those that are there from the start, whether the row is used or not. */
  readonly idleBytesPerRow: number;
  /** Bytes that prom-client takes for a server. */
  readonly plainBytesPerRow: number;
}

const WARM_UPS = 8;

/** Throws an IpvscopeError ERR_BENCH_TEXT where both do not write the same. */
export async function measureScrape(options: ScrapeOptions): Promise<ScrapeFigures> {
  const peers = {
    ours: await Peer.start('ours', options),
    plain: await Peer.start('plain', options),
  };
  options.signal?.addEventListener('abort', () => {
    peers.ours.stop();
    peers.plain.stop();
  });
  try {
    return await measure(peers, options);
  } finally {
    peers.ours.stop();
    peers.plain.stop();
  }
}

async function measure(
  { ours, plain }: { readonly ours: Peer; readonly plain: Peer },
  { services, servers, rounds, onProgress }: ScrapeOptions,
): Promise<ScrapeFigures> {
  await ours.ask('ingest');
  const { cpuMs: first = Number.NaN, longestMs: firstBlocked = Number.NaN } =
    await ours.ask('scrape');
  await plain.ask('ingest');
  const costs: { ours: Answer; plain: Answer; unchanged: Answer }[] = [];
  for (let round = -WARM_UPS; round < rounds; round++) {
    onProgress?.(round < 0 ? 'warming up' : `round ${round + 1} of ${rounds}`);
    await ours.ask('ingest');
    await plain.ask('ingest');
    // Each round another one begins.
    const plainFirst = round % 2 === 0 ? await plain.ask('scrape') : undefined;
    const cost = {
      ours: await ours.ask('scrape'),
      plain: plainFirst ?? (await plain.ask('scrape')),
      unchanged: await ours.ask('scrape'),
    };
    if (round >= 0) costs.push(cost);
  }
  const text = (await ours.ask('text')).text ?? '';
  const series = sameSamples(text, (await plain.ask('text')).text ?? '');
  const rows = services * servers;
  return {
    services,
    servers,
    rounds,
    series,
    textBytes: Buffer.byteLength(text),
    ours: spread(costs.map(({ ours: { cpuMs = 0 } }) => cpuMs)),
    plain: spread(costs.map(({ plain: { cpuMs = 0 } }) => cpuMs)),
    ratio: spread(costs.map((cost) => (cost.plain.cpuMs ?? 0) / (cost.ours.cpuMs ?? 0))),
    unchanged: spread(costs.map(({ unchanged: { cpuMs = 0 } }) => cpuMs)),
    first,
    firstBlocked,
    blocked: spread(costs.map(({ ours: { longestMs = 0 } }) => longestMs)),
    bytesPerRow: Math.round((await ask(ours, 'memory', 'usedBytes')) / rows),
    idleBytesPerRow: Math.round((await ask(ours, 'memory', 'idleBytes')) / rows),
    plainBytesPerRow: Math.round((await ask(plain, 'memory', 'usedBytes')) / rows),
  };
}

async function ask(peer: Peer, request: Request, what: 'usedBytes' | 'idleBytes'): Promise<number> {
  return (await peer.ask(request))[what] ?? Number.NaN;
}

/** How many samples of the workload's metrics both texts have: the same ones, in whatever order. */
export function sameSamples(ours: string, plain: string): number {
  const [a, b] = [samplesOf(ours), samplesOf(plain)];
  const line = a.findIndex((sample, index) => sample !== b[index]);
  if (line >= 0 || a.length !== b.length) {
    throw new BenchError(
      'ERR_BENCH_TEXT',
      `of ${a.length} samples one is '${a[line]}', and of prom-client's ${b.length} '${b[line]}'`,
    );
  }
  return a.length;
}

function samplesOf(text: string): string[] {
  return text
    .split('\n')
    .filter((line) => PlainMetrics.names.some((name) => line.startsWith(`${name}{`)))
    .sort();
}
