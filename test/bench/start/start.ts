import { fileURLToPath } from 'node:url';
import { monotonicUs } from '../clock.js';
import { allowedCpus } from '../cpus.js';
import { parseNumbers } from '../numbers.js';
import { Peer } from '../peer.js';
import { Producer } from '../producer.js';
import type { Context, Findings, Section } from '../section.js';
import { KEYS } from '../workload.js';
import { BPFTRACE, findings, type Started } from './findings.js';
import { firstOutput } from './first-output.js';

/** Milliseconds from the start; undefined where the program is not there or says nothing. */
type Measure = () => Promise<number | undefined>;

interface Row extends Started {
  readonly measure: Measure;
  readonly times: number[];
}

/** How long it takes until the first event is there (G8). */
export const start: Section = {
  name: 'start',
  title: 'time from the start of a program to its first event',
  async run({ quick, programs, signal, onProgress }: Context): Promise<Findings> {
    const rounds = quick ? 2 : 15;
    const producer = await Producer.start(programs.producer, allowedCpus()[0] ?? 0, KEYS, signal);
    try {
      const rows = makeRows(producer, signal);
      for (let round = 0; round < rounds; round++) {
        onProgress(`start: round ${round + 1} of ${rounds}`);
        const turn = round % rows.length;
        for (const { measure, times } of [...rows.slice(turn), ...rows.slice(0, turn)]) {
          const time = await measure();
          if (time !== undefined) times.push(time);
        }
      }
      return findings(rows);
    } finally {
      await producer.stop();
    }
  },
};

function makeRows(producer: Producer, signal: AbortSignal): Row[] {
  const script = 'BEGIN { printf("ready\\n"); exit(); }';
  const node = [process.execPath, '-e', 'console.log("ready")'] as const;
  const rows: readonly (readonly [label: string, measure: Measure])[] = [
    ['this project: first record delivered', () => firstRecord(producer, signal)],
    [
      `${BPFTRACE}: first output of \`BEGIN\``,
      () => firstOutput([BPFTRACE, '-e', script], 'ready', signal),
    ],
    ['node: first output, nothing else', () => firstOutput(node, 'ready', signal)],
  ];
  return rows.map(([label, measure]) => ({ label, measure, times: [] }));
}

/** The record is made as soon as the session says that it is open. */
async function firstRecord(producer: Producer, signal: AbortSignal): Promise<number> {
  const program = fileURLToPath(new URL('start-peer.js', import.meta.url));
  const startUs = monotonicUs();
  const { peer, ready } = await Peer.start(
    'this project',
    [process.execPath, program],
    signal,
    (line) => parseNumbers(line, ['program']),
  );
  try {
    await producer.feed(ready.program, 0, 1);
    const { firstUs } = parseNumbers(await peer.ask('first'), ['firstUs']);
    return (firstUs - startUs) / 1000;
  } finally {
    await peer.stop();
  }
}
