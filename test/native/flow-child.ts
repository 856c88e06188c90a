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
import { RecordBatch } from '../../src/record/batch.js';
import { kindNames } from '../../src/record/names.js';
import { Clock } from '../../src/source/clock.js';

const unread = process.argv[2] === 'hold' ? 'hold' : 'skip';
const packets = Number(process.argv[3]);
const A_CALL = 1000;

const clock = new Clock();
const aggregator = new Aggregator();
const session = new Session({ generator: true });
const batch = new RecordBatch(session.bytes);
const stop = new Stop();
const printing = new EventPrinting({
  stop,
  log: createLogger({ format: 'plain', write: writeError }),
  format: 'json',
  drops: false,
  kinds: kindNames,
  unread,
});

function onRecords(records: number): Promise<void> | undefined {
  batch.count = records;
  aggregator.ingest(batch);
  return printing.onBatch(batch, clock);
}

function tell(): void {
  const mostBytes = process.resourceUsage().maxRSS * 1024;
  process.send?.({
    packets: aggregator.totals().packets,
    shed: session.counters().shed,
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
session.start(onRecords);
tell();
await generate();
// What is drained whether or not anybody reads has come once nothing is left.
for (
  let records = unread === 'skip' ? session.drain() : 0;
  records > 0;
  records = session.drain()
) {
  void onRecords(records);
}
tell();
await stop.wait();
await printing.settle();
session.detach();
for (let records = session.drain(); records > 0; records = session.drain()) void onRecords(records);
for (let side = 0; side < 2; side++) {
  for (let records = session.coalesced(); records > 0; records = session.coalesced()) {
    void onRecords(records);
  }
}
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
