/**
 * What `trace` (hold) and `serve --trace` (skip) do with events, in a process of its own: the ring, the
 * printing and the end are theirs, the packets are generated: `node … hold|skip PACKETS`. Sends what was
 * counted when all are generated, and once more at the end.
 */
import { Aggregator } from '../../src/aggregate/aggregator.js';
import { EventPrinting } from '../../src/cli/support/print-events.js';
import { standardError, writeError } from '../../src/cli/support/standard-streams.js';
import { Stop } from '../../src/cli/support/stop.js';
import { IpvscopeError } from '../../src/error.js';
import { createLogger } from '../../src/log.js';
import { Session } from '../../src/native/session.js';
import type { RecordBatch } from '../../src/record/record-batch.js';
import { kindNames } from '../../src/record/value-names.js';
import { Clock } from '../../src/source/clock.js';

const unread = process.argv[2] === 'hold' ? 'hold' : 'skip';
const packets = Number(process.argv[3]);
const A_CALL = 1000;

const clock = new Clock();
const aggregator = new Aggregator();
const session = new Session({ generator: true });
const stop = new Stop();
const printing = new EventPrinting({
  stop,
  log: createLogger({ format: 'plain', write: writeError }),
  format: 'json',
  drops: false,
  kinds: kindNames,
  unread,
});

function onBatch(batch: RecordBatch): Promise<void> | undefined {
  aggregator.ingest(batch);
  return printing.onBatch(batch, clock);
}

function tell(): void {
  const mostBytes = process.resourceUsage().maxRSS * 1024;
  process.send?.({
    packets: aggregator.totals().packets,
    detailDropped: session.counters().detailDropped,
    mostBytes,
  });
}

async function generate(): Promise<void> {
  for (let first = 0; first < packets && !stop.signal.aborted; first += A_CALL) {
    session.generate(first, A_CALL, 10);
    // Everything else on the event loop has its turn.
    await new Promise((resolve) => setImmediate(resolve));
  }
}

session.open();
session.start(onBatch);
tell();
await generate();
// What is drained whether or not anybody reads has come once nothing is left.
if (unread === 'skip') while (session.drain() > 0) void onBatch(session.batch);
tell();
await stop.wait();
await printing.settle();
session.detach();
session.readAll(onBatch);
tell();
session.close();
try {
  await printing.end({ tell: unread === 'skip' });
} catch (cause) {
  if (!(cause instanceof IpvscopeError)) throw cause;
  writeError(`${cause.toLine()}\n`);
  process.exitCode = cause.exitCode;
}
await standardError().flushed();
process.exit();
