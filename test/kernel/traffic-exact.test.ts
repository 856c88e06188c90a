import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { planAttachments } from '../../src/native/attachment.js';
import type { SourceState } from '../../src/source/event-source.js';
import { LiveSource } from '../../src/source/live-source.js';
import { CleanUp } from '../../src/testbed/clean-up.js';
import { namespaceInode } from '../../src/testbed/namespaces.js';
import { type ObservedEvent, observeBatch } from '../../src/verify/observed-event.js';
import { run } from './command.js';
import { compareEvents } from './exact/compare-events.js';
import { Counters } from './exact/counters.js';
import { formatExact } from './exact/format-exact.js';
import { Ledger } from './exact/ledger.js';
import { lineOf, startProgram } from './exact/namespace-program.js';
import { type Plan, readOutcomes } from './exact/packet-outcomes.js';
import { makePlan } from './exact/plan.js';
import { writePlan } from './exact/plan-file.js';
import { buildNetwork, directorDevices } from './exact/planned-network.js';
import { portRange, serverAddresses, serverNetworks } from './exact/planned-services.js';
import { compiled } from './exact/programs.js';
import { Random } from './exact/random.js';
import { Sightings } from './exact/sightings.js';
import { captureSums, eventSums } from './exact/sums.js';
import { VirtualServices, type Weights } from './exact/virtual-services.js';

// Opening packets from random ports, drawn from a seed, so that many come from a port used before.
// Captures on the director's interfaces, ip_vs' own counters and the sender's list say what became of each
// packet; the probe has to say the same of each, and the sums by service, server and verdict agree.

const OPENINGS = 100_000;
const MOST_PROBLEMS = 20;
const MOST_EVICTED = 3;

test('100,000 opening packets over 50 services: events equal what captures show', async (t) => {
  const seed = Number(process.env.IPVSCOPE_SEED ?? Date.now() % 2 ** 32);
  t.diagnostic(`seed ${seed} (IPVSCOPE_SEED=${seed} sends the same packets again)`);
  const rounds = makePlan(new Random(seed), OPENINGS);
  const mark = { source: '10.0.1.2', target: serverAddresses[0] ?? '' };
  const plan = { rounds, ...writePlan(rounds, mark) };
  run('modprobe', '-a', 'ip_vs', 'ip_vs_rr', 'ip_vs_wlc');
  const cleanUp = new CleanUp();
  let played: Played;
  try {
    played = await play(plan, cleanUp);
  } finally {
    await cleanUp.run();
  }

  const { events, counters, state } = played;
  const outcomes = readOutcomes(plan, played.sightings);
  const ledger = new Ledger();
  for (const [index, round] of outcomes.rounds.entries()) {
    ledger.add(round, played.weights[index] ?? new Map());
  }
  const comparison = compareEvents(ledger, events);
  const captured = captureSums(ledger, counters.chosen);
  const opening = events.map(({ event }) => event).filter((event) => event.opening);
  const reported = eventSums(opening.filter(({ kind }) => kind !== 'retry'));
  const { opening_evicted: evicted = 0, ...losses } = state.losses;
  const lost = Object.values(losses).reduce((sum, count) => sum + count, 0);
  const missed = state.programs.reduce((sum, { skippedRuns = 0 }) => sum + skippedRuns, 0);
  const report = { ledger, captured, reported, events, comparison, lost, evicted, missed };
  for (const line of formatExact(report)) t.diagnostic(line);
  const problems = [
    ...outcomes.problems,
    ...ledger.problems,
    ...counters.problems(outcomes.rounds.flat()),
    ...comparison.problems,
    ...captured.differences(reported),
  ];
  assert.deepEqual(problems.slice(0, MOST_PROBLEMS), [], `${problems.length} problems`);
  assert.equal(ledger.openings, OPENINGS);
  assert.deepEqual(
    { lost, missed, detailDropped: state.detailDropped },
    { lost: 0, missed: 0, detailDropped: 0 },
  );
  // At random, nine tuples have one bucket of the store less than once in twenty runs.
  assert.ok(evicted <= MOST_EVICTED, `${evicted} opening packets were evicted`);
  assert.ok(comparison.undetermined <= evicted, `${comparison.undetermined} are undetermined`);
});

/** All that was seen, by whom. */
interface Played {
  readonly sightings: Sightings;
  readonly counters: Counters;
  /** The director's table in each round. */
  readonly weights: readonly Weights[];
  readonly events: readonly ObservedEvent[];
  readonly state: SourceState;
}

async function play(plan: Plan, cleanUp: CleanUp): Promise<Played> {
  const directory = mkdtempSync(join(tmpdir(), 'ipvscope-exact-'));
  cleanUp.add(directory, () => rmSync(directory, { recursive: true }));
  const [planFile, seen] = [join(directory, 'plan'), join(directory, 'sightings')];
  writeFileSync(planFile, plan.file);
  const network = await buildNetwork(cleanUp);
  const netns = await namespaceInode('director');
  const { first, last } = portRange('listening');
  const witness = startProgram(
    'director',
    [compiled('witness'), seen, ...directorDevices],
    cleanUp,
  );
  const listeners = serverNetworks.map(({ role }) =>
    startProgram(role, [compiled('listener'), String(first), String(last)], cleanUp),
  );
  for (const program of [witness, ...listeners]) assert.equal(await lineOf(program), 'ready');

  const events: ObservedEvent[] = [];
  const source = new LiveSource({ attachments: planAttachments() });
  cleanUp.add('the probe', () => source.stop());
  source.start((batch) => {
    // Wall time is of no interest here, and takes its time.
    const observed = observeBatch(batch, () => '');
    events.push(...observed.filter(({ event }) => event.netns === netns));
  });

  const director = new VirtualServices(network.director);
  const counters = new Counters(director);
  const weights: Weights[] = [];
  const { own, router } = network.ethernet;
  let wentOut = 0;
  for (const [index, { phase, round }] of plan.rounds.entries()) {
    const { from, count, cpus } = plan.parts[index] ?? { from: 0, count: 0, cpus: 0 };
    if (round === 'all') await director.begin(phase);
    else await director.enter(round, phase);
    weights.push(structuredClone(director.weights));
    await network.client.script(
      `${compiled('sender')} ${planFile} ${from} ${count} ${cpus} eth0 ${own} ${router}`,
      'sender',
    );
    for (let cpu = 0; cpu < cpus; cpu++) {
      wentOut = Number(/^mark (\d+)$/.exec(await lineOf(witness))?.[1]);
    }
    // A server that is taken out of the table takes its counters along.
    if (round !== 'all') await counters.settle(wentOut);
  }
  source.stop();
  witness.endInput();
  assert.equal(await lineOf(witness), 'lost 0');
  const sightings = new Sightings(readFileSync(seen));
  return { sightings, counters, weights, events, state: source.state() };
}
