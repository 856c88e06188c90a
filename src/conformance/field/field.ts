import { existsSync } from 'node:fs';
import { IpvscopeError } from '../../error.js';
import { findPrograms } from '../../exec/find.js';
import { programText } from '../../exec/run.js';
import { kindNames } from '../../record/value-names.js';
import type { Recorder } from '../../scenario/recorder.js';
import type { Scenario } from '../../scenario/scenario.js';
import { monotonicNow } from '../../source/clock.js';
import { namespaceInode } from '../../testbed/namespaces.js';
import type { ClientPeer } from '../../testbed/peer.js';
import type { Testbed } from '../../testbed/testbed.js';
import type { ObservedEvent } from '../../verify/observed-event.js';
import type { Verification } from '../../verify/verification.js';
import { CaseContext } from './case-context.js';
import { fieldCases } from './cases/index.js';
import { eventProblems, eventTexts, expectedTexts } from './expected-events.js';
import type { FieldCase, Observation } from './field-case.js';
import { formatField, type Row } from './format-field.js';
import { InterfaceCaptures } from './interface-captures.js';

/** Situations from public reports, verified against independent observers. */
export const field: Scenario = {
  name: 'field',
  summary: 'situations from public reports, each verified against independent observers',
  description: [
    'a small input per case: services without servers, broken routes, expired entries, floods of ports',
    'clients, tcpdump and nftables counters observe the outcome',
    'the events must say the same, and no more; healthy traffic has none',
  ],
  detail: kindNames.filter((kind) => kind !== 'draining'),
  quiet: true,
  cases: fieldCases.map(({ name }) => name),
  play: playField,
};

interface PlayedCase {
  readonly field: FieldCase;
  readonly impossible?: string;
  readonly observation?: Observation;
  readonly ports: ReadonlySet<number>;
  readonly fromNs: number;
  readonly untilNs: number;
}

/** The cases with what was observed of each. */
export interface FieldResult extends Verification {
  readonly rows: readonly Row[];
}

export async function playField(
  testbed: Testbed,
  recorder: Recorder,
  names?: readonly string[],
): Promise<FieldResult> {
  findPrograms(['tcpdump', 'socat']);
  const wanted = fieldCases.filter(({ name }) => names?.includes(name) ?? true);
  await pinClients(testbed);
  const captures = await InterfaceCaptures.start((hosts) =>
    testbed.client.request('mark', { addresses: hosts }),
  );
  const directors = await Promise.all([namespaceInode('director'), namespaceInode('rs2')]);
  let local: Promise<ClientPeer> | undefined;
  const newContext = (): CaseContext =>
    new CaseContext({
      testbed,
      recorder,
      captures,
      local: () => {
        local ??= testbed.spawn({ role: 'director', kind: 'client' });
        return local;
      },
    });
  const played: PlayedCase[] = [];
  let lost = 0;
  try {
    for (const [index, one] of wanted.entries()) {
      testbed.signal?.throwIfAborted();
      const fromNs = monotonicNow();
      played.push(await playCase(one, newContext));
      const took = ((monotonicNow() - fromNs) / 1e9).toFixed(1);
      testbed.say(`case ${index + 1} of ${wanted.length}: ${one.name}, ${took} s`);
    }
    lost = await captures.stop();
  } finally {
    await captures.close();
  }
  const events = recorder.events();
  const rows = played.map((one) => rowOf(one, eventsOf(one, events, directors), recorder));
  const losses = lost > 0 ? [`tcpdump lost ${lost} packets`] : [];
  return {
    rows,
    report: [formatField(rows), ...losses].join('\n'),
    passed: rows.every(({ wrong }) => wrong.length === 0) && lost === 0,
  };
}

async function playCase(one: FieldCase, newContext: () => CaseContext): Promise<PlayedCase> {
  const impossible = await reasonAgainst(one);
  const nothing = { field: one, ports: new Set<number>(), fromNs: 0, untilNs: 0 };
  if (impossible !== undefined) return { ...nothing, impossible };
  const play = async (): Promise<PlayedCase> => {
    const context = newContext();
    await context.prepare();
    const fromNs = monotonicNow();
    try {
      const observation = await one.play(context);
      return { field: one, observation, ports: context.ports, fromNs, untilNs: monotonicNow() };
    } finally {
      await context.leave();
    }
  };
  const first = await play();
  // A busy machine, most often. Of a case that was played twice the second run counts.
  return (first.observation?.seen.spoiled.length ?? 0) > 0 ? await play() : first;
}

function eventsOf(
  { ports, fromNs, untilNs }: PlayedCase,
  events: readonly ObservedEvent[],
  directors: readonly number[],
): readonly ObservedEvent[] {
  return events
    .filter(
      ({ event, monotonicNs }) =>
        monotonicNs >= fromNs &&
        monotonicNs <= untilNs &&
        directors.includes(event.netns) &&
        event.kind !== 'draining' &&
        isAt(ports, event.virtual),
    )
    .sort((a, b) => a.monotonicNs - b.monotonicNs);
}

/** A rewritten packet may not show its original destination: then its time assigns it. */
const isAt = (ports: ReadonlySet<number>, virtual: string | undefined): boolean =>
  virtual === undefined || ports.has(Number(virtual.slice(virtual.lastIndexOf(':') + 1)));

function rowOf(
  { field: one, impossible, observation }: PlayedCase,
  observed: readonly ObservedEvent[],
  { isDefault }: Pick<Recorder, 'isDefault'>,
): Row {
  if (observation === undefined) {
    return {
      field: one,
      impossible: impossible ?? '',
      seen: '',
      reported: '',
      right: '',
      wrong: [],
    };
  }
  const { seen, events: wanted, byDefault, findings = [] } = observation;
  const all = observed.map(({ event }) => event);
  const events = byDefault === true ? all.filter(isDefault) : all;
  return {
    field: one,
    seen: seen.phrases.join(', '),
    reported: [eventTexts(events), ...findings.map(({ text }) => text)].join('; '),
    right: [
      `${expectedTexts(wanted)}${byDefault === true ? ' by default' : ''}`,
      ...findings.flatMap(({ wrong }) => wrong ?? []),
    ].join('; '),
    wrong: [
      ...seen.spoiled.map((line) => `input not established: ${line}`),
      ...eventProblems(wanted, events),
      ...findings.flatMap(({ text, wrong }) =>
        wrong === undefined ? [] : [`${text}, not ${wrong}`],
      ),
    ],
  };
}

/** Why this kernel cannot play a case, after loading the modules that it needs. */
async function reasonAgainst({ needs = [] }: FieldCase): Promise<string | undefined> {
  for (const { module, file, reason } of needs) {
    if (module !== undefined) {
      try {
        await programText('modprobe', [module], { step: 'modules' });
      } catch (cause) {
        if (!(cause instanceof IpvscopeError)) throw cause;
        return reason;
      }
    }
    if (file !== undefined && !existsSync(file)) return reason;
  }
  return undefined;
}

/** When clients retransmit must not depend on the kernel. */
async function pinClients({ shells }: Testbed): Promise<void> {
  const linear = 'net/ipv4/tcp_syn_linear_timeouts';
  if (!existsSync(`/proc/sys/${linear}`)) return;
  for (const role of ['client', 'director'] as const) {
    await shells.setSysctls(role, { [linear]: 0 });
  }
}
