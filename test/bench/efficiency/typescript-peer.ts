/**
 * One row of the section in a process of its own: `typescript-peer.js CONSUMER [ARGUMENT]`, driven by
 * run.ts.
 */
import { createInterface } from 'node:readline';
import { IpvscopeError } from '../../../src/error.js';
import { BenchError } from '../bench-error.js';
import { TOTALS } from '../totals.js';
import { type Consumer, consumers } from './consumer.js';
import { parseRound, type Round } from './protocol.js';
import { Stopwatch } from './stopwatch.js';

function runRound(consumer: Consumer, watch: Stopwatch, round: Round): void {
  // What the driver's requests left behind would else be collected, and counted, in a section.
  globalThis.gc?.({ type: 'minor' });
  for (let i = 0; i < round.fills; i++) {
    watch.fill(() => consumer.fill(round.first + i * round.records, round.records));
    const consumed = watch.measure(() => consumer.consume());
    const expected = consumer.expect(round.records);
    if (consumed !== expected) {
      throw new BenchError('ERR_BENCH_ROUND', `consumed ${consumed} records of ${expected}`);
    }
  }
}

async function serve(consumer: Consumer): Promise<void> {
  const watch = new Stopwatch();
  const say = (line: string) => process.stdout.write(`${line}\n`);
  say('{}');
  for await (const line of createInterface({ input: process.stdin })) {
    const round = parseRound(line);
    if (round !== undefined) {
      runRound(consumer, watch, round);
      say(JSON.stringify(await watch.take()));
    } else if (line === TOTALS) {
      say(JSON.stringify(await consumer.totals()));
    } else {
      throw new BenchError('ERR_BENCH_REQUEST', `cannot make sense of: ${line}`);
    }
  }
}

const [, , name = '', argument = ''] = process.argv;
const make = consumers[name];
try {
  if (make === undefined) {
    throw new BenchError('ERR_BENCH_REQUEST', `choose one of: ${Object.keys(consumers)}`);
  }
  const consumer = make(argument);
  await serve(consumer);
  consumer.close();
} catch (error) {
  if (!(error instanceof IpvscopeError)) throw error;
  process.stderr.write(`${error.toLine()}\n`);
  process.exitCode = error.exitCode;
}
