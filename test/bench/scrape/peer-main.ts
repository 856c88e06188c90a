/** One subject in a process of its own: `peer-main.js ours|plain SERVICES SERVERS`. */
import { usedBytes } from '../../support/heap.js';
import type { Answer, Request } from './peer.js';
import { type SubjectName, subjects } from './subject.js';
import { makeWorkload } from './workload.js';

const [name, services, servers] = process.argv.slice(2);
const Chosen = subjects[name as SubjectName];
const workload = makeWorkload({ services: Number(services), servers: Number(servers) });
// Code that has not run yet is no memory of rows.
const warm = new Chosen(makeWorkload({ services: 1, servers: 1 }));
warm.ingest();
await warm.scrape();
const before = usedBytes();
const subject = new Chosen(workload);
const idleBytes = usedBytes() - before;

/** Milliseconds that the event loop was kept for at most, until the work is done. */
async function longestTurn(work: () => Promise<unknown>): Promise<number> {
  let longest = 0;
  let last = performance.now();
  let isDone = false;
  const turn = (): void => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
    if (!isDone) setImmediate(turn);
  };
  setImmediate(turn);
  await work();
  isDone = true;
  turn();
  return longest;
}

const answers: Readonly<Record<Request, () => Promise<Answer> | Answer>> = {
  ingest() {
    subject.ingest();
    return {};
  },
  async scrape() {
    const cpu = process.cpuUsage();
    const longestMs = await longestTurn(() => subject.scrape());
    const { user, system } = process.cpuUsage(cpu);
    return { cpuMs: (user + system) / 1000, longestMs };
  },
  async text() {
    return { text: Buffer.from(await subject.scrape()).toString() };
  },
  memory() {
    return { usedBytes: usedBytes() - before, idleBytes };
  },
};

process.on('message', async (request: Request) => {
  process.send?.(await answers[request]());
});
process.send?.({});
