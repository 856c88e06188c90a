/** One row of the benchmark in TypeScript: `typescript-peer.js batch|event`, driven by peer.ts. */
import { createInterface } from 'node:readline';
import { IpvscopeError } from '../../src/error.js';
import { Session } from '../../src/native/session.js';
import { type Consumer, consumers } from './consumer.js';
import { parseRound, READY, type Round, TOTALS } from './protocol.js';
import { Stopwatch } from './stopwatch.js';
import { KEYS, RING_BYTES } from './workload.js';

/** Most records of one call of `Session.generate`. */
const GENERATE_MOST = 1024;

function fill(session: Session, first: number, records: number): void {
  for (let done = 0; done < records; done += GENERATE_MOST) {
    session.generate(first + done, Math.min(GENERATE_MOST, records - done), KEYS);
  }
}

function runRound(session: Session, consumer: Consumer, watch: Stopwatch, round: Round): void {
  for (let i = 0; i < round.fills; i++) {
    fill(session, round.first + i * round.records, round.records);
    const consumed = watch.measure(() => consumer.consume());
    if (consumed !== round.records) {
      throw new IpvscopeError(
        'ERR_BENCH_ROUND',
        `consumed ${consumed} records of ${round.records}`,
      );
    }
  }
}

async function serve(session: Session, consumer: Consumer): Promise<void> {
  const watch = new Stopwatch();
  const say = (line: string) => process.stdout.write(`${line}\n`);
  say(READY);
  for await (const line of createInterface({ input: process.stdin })) {
    const round = parseRound(line);
    if (round !== undefined) {
      runRound(session, consumer, watch, round);
      say(JSON.stringify(await watch.take()));
    } else if (line === TOTALS) {
      say(JSON.stringify(consumer.totals()));
    } else {
      throw new IpvscopeError('ERR_BENCH_REQUEST', `cannot make sense of: ${line}`);
    }
  }
}

const Chosen = consumers[process.argv[2] ?? ''];
try {
  if (Chosen === undefined) {
    throw new IpvscopeError('ERR_BENCH_REQUEST', `choose one of: ${Object.keys(consumers)}`);
  }
  const session = new Session({ generator: true, ringBytes: RING_BYTES });
  session.open();
  await serve(session, new Chosen(session));
  session.close();
} catch (error) {
  if (!(error instanceof IpvscopeError)) throw error;
  process.stderr.write(`${error.toLine()}\n`);
  process.exitCode = error.exitCode;
}
