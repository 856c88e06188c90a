import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { planAttachments } from '../../src/native/attachment.js';
import type { IpvsEvent } from '../../src/record/event.js';
import type { SourceState } from '../../src/source/event-source.js';
import { LiveSource } from '../../src/source/live-source.js';
import { CleanUp } from '../../src/testbed/clean-up.js';
import { sysctlScript } from '../../src/testbed/namespace-shell.js';
import { namespaceInode } from '../../src/testbed/namespaces.js';
import { observeBatch } from '../../src/verify/observed-event.js';
import { run } from './command.js';
import { lineOf, startProgram } from './exact/namespace-program.js';
import type { Phase } from './exact/phases.js';
import { clientAddresses, type PlannedPacket, type PlannedRound } from './exact/plan.js';
import { writePlan } from './exact/plan-file.js';
import { buildNetwork, directorDevices } from './exact/planned-network.js';
import {
  endpoint,
  type Service,
  serverAddresses,
  serversOf,
  services,
} from './exact/planned-services.js';
import { compiled } from './exact/programs.js';

// Opening packets of whole port ranges, with ISNs that the test chose, to one service with one server
// that never answers. A capture on the director's interfaces counts what went on to the server.

const PORTS = 28_000;
const FEW = 100;
const phase: Phase = {
  index: 0,
  connReuseMode: 0,
  expireNodestConn: 0,
  conntrack: false,
  cpus: 2,
};
const service = services[0] as Service;
const server = serversOf(service, phase.index)[0]?.name ?? '';
const [busy = '', early = '', late = ''] = clientAddresses(phase.index, 4);

let mark = 0;

/** A packet from each of so many ports. */
function wave(address: string, ports: number, isn: number): PlannedRound {
  const packets = Array.from({ length: ports }, (_, index): PlannedPacket => {
    const port = 32_768 + index;
    const client = endpoint(address, port);
    const cpu = index % phase.cpus;
    return {
      mark: ++mark,
      tuple: { phase: phase.index, service, address, port, client, cpu },
      opening: true,
      sequence: isn + index,
    };
  });
  return { phase, round: 'all', packets };
}

interface Step {
  /** Commands for the director, before the packets. */
  readonly director: readonly string[];
  readonly wave: PlannedRound;
  /** How many of them go on to the server. */
  readonly forwarded: number;
}

const add = `ipvsadm -a -t ${service.name} -r ${server} -m -w 1`;
const drain = `ipvsadm -e -t ${service.name} -r ${server} -m -w 0`;
const remove = `ipvsadm -d -t ${service.name} -r ${server}`;

const before: readonly Step[] = [
  { director: [add], wave: wave(early, FEW, 1_000), forwarded: FEW },
];

const attached: readonly Step[] = [
  // The probe has not seen the packet that made the entry; the second time it has.
  { director: [], wave: wave(early, FEW, 1_000), forwarded: FEW },
  { director: [], wave: wave(early, FEW, 1_000), forwarded: FEW },
  // A client wraps its ports, and meets a server that is gone, and back again.
  { director: [], wave: wave(busy, PORTS, 100_000), forwarded: PORTS },
  { director: [drain], wave: wave(busy, PORTS, 200_000), forwarded: PORTS },
  { director: [remove], wave: wave(busy, PORTS, 300_000), forwarded: 0 },
  { director: [add], wave: wave(busy, PORTS, 300_000), forwarded: PORTS },
  // The service has no server, and then one: twice rejected, then sent.
  { director: [remove], wave: wave(late, FEW, 400_000), forwarded: 0 },
  { director: [], wave: wave(late, FEW, 400_000), forwarded: 0 },
  { director: [add], wave: wave(late, FEW, 400_000), forwarded: FEW },
  { director: [], wave: wave(late, FEW, 400_000), forwarded: FEW },
];

run('modprobe', '-a', 'ip_vs', 'ip_vs_rr');

test('opening packets of whole port ranges: what became of each, and what its client waited', async (t) => {
  const cleanUp = new CleanUp();
  let played: Played;
  try {
    played = await play(cleanUp);
  } finally {
    await cleanUp.run();
  }
  const { events, state } = played;
  for (const line of played.times) t.diagnostic(line);
  // What the ring has no room for comes all the same, as records that count.
  t.diagnostic(`${state.detailDropped} of them without their detail`);

  const lost = Object.values(state.losses).reduce((sum, count) => sum + count, 0);
  const missed = state.programs.reduce((sum, { skippedRuns = 0 }) => sum + skippedRuns, 0);
  assert.deepEqual({ lost, missed }, { lost: 0, missed: 0 });
  assert.deepEqual(sumsOf(events), {
    'undetermined forwarded': FEW,
    'reuse forwarded': PORTS,
    'unavailable dropped unavailable': PORTS,
    'retransmit forwarded': PORTS,
    'retry forwarded unavailable': PORTS,
    'unscheduled rejected unscheduled': 2 * FEW,
    'retry forwarded unscheduled': FEW,
    'retransmit forwarded unanswered': 2 * FEW,
  });
  for (const { kind, client, cause, delay_ms: delay, drops } of events) {
    if (client === undefined) continue;
    assert.equal(drops, kind === 'retry' ? (cause === 'unscheduled' ? 2 : 1) : undefined);
    const waits = kind === 'retry' || cause === 'unanswered';
    assert.equal(delay !== undefined, waits, `${kind} ${cause}: ${delay} ms`);
    assert.ok((delay ?? 0) < played.seconds * 1000, `${delay} ms`);
  }
});

/** Packets by what the events say of them. */
function sumsOf(events: readonly IpvsEvent[]): Readonly<Record<string, number>> {
  const sums: Record<string, number> = {};
  for (const { kind, verdict, cause, count } of events) {
    const key = [kind, verdict, ...(cause === undefined ? [] : [cause])].join(' ');
    sums[key] = (sums[key] ?? 0) + count;
  }
  return sums;
}

interface Played {
  readonly events: readonly IpvsEvent[];
  readonly state: SourceState;
  readonly seconds: number;
  readonly times: readonly string[];
}

async function play(cleanUp: CleanUp): Promise<Played> {
  const directory = mkdtempSync(join(tmpdir(), 'ipvscope-openings-'));
  cleanUp.add(directory, () => rmSync(directory, { recursive: true }));
  const steps = [...before, ...attached];
  const target = { source: '10.0.1.2', target: serverAddresses[0] ?? '' };
  const { file, parts } = writePlan(
    steps.map((step) => step.wave),
    target,
  );
  const planFile = join(directory, 'plan');
  writeFileSync(planFile, file);

  const network = await buildNetwork(cleanUp);
  const netns = await namespaceInode('director');
  const seen = join(directory, 'seen');
  const capture = startProgram(
    'director',
    [compiled('witness'), seen, ...directorDevices],
    cleanUp,
  );
  assert.equal(await lineOf(capture), 'ready');
  await network.director.script(
    [
      sysctlScript({ 'net/ipv4/vs/conn_reuse_mode': 0, 'net/ipv4/vs/expire_nodest_conn': 0 }),
      `ipvsadm -A -t ${service.name} -s rr`,
    ].join('\n'),
    'ipvsadm',
  );

  const times: string[] = [];
  let went = 0;
  let number = 0;
  const take = async ({ director, forwarded }: Step): Promise<void> => {
    const { from, count, cpus } = parts[number++] ?? { from: 0, count: 0, cpus: 0 };
    await network.director.script(director.join('\n'), 'ipvsadm');
    const startMs = performance.now();
    const { own, router } = network.ethernet;
    await network.client.script(
      `${compiled('sender')} ${planFile} ${from} ${count} ${cpus} eth0 ${own} ${router}`,
      'sender',
    );
    went += forwarded;
    let seen = 0;
    for (let cpu = 0; cpu < cpus; cpu++) {
      seen = Number(/^mark (\d+)$/.exec(await lineOf(capture))?.[1]);
    }
    times.push(`${count} packets in ${((performance.now() - startMs) / 1000).toFixed(1)} s`);
    assert.equal(seen, went, `step ${number}: packets that went on to the server`);
  };

  for (const step of before) await take(step);
  const events: IpvsEvent[] = [];
  const source = new LiveSource({ attachments: planAttachments() });
  cleanUp.add('the probe', () => source.stop());
  const startMs = performance.now();
  source.start((batch) => {
    const observed = observeBatch(batch, () => '');
    events.push(...observed.map(({ event }) => event).filter((event) => event.netns === netns));
  });
  for (const step of attached) await take(step);
  source.stop();
  const seconds = (performance.now() - startMs) / 1000;
  capture.endInput();
  assert.equal(await lineOf(capture), 'lost 0');
  return { events, state: source.state(), seconds, times };
}
