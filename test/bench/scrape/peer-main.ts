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

const answers: Readonly<Record<Request, () => Promise<Answer> | Answer>> = {
  ingest() {
    subject.ingest();
    return {};
  },
  async scrape() {
    const start = performance.now();
    const cpu = process.cpuUsage();
    await subject.scrape();
    const { user, system } = process.cpuUsage(cpu);
    return { cpuMs: (user + system) / 1000, wallMs: performance.now() - start };
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
