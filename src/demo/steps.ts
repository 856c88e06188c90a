import { rollout } from '../scenario/rollout.js';
import { rolloutRescheduled } from '../scenario/rollout-rescheduled.js';
import type { Scenario } from '../scenario/scenario.js';
import { compareCaptures } from '../verify/compare-captures.js';
import { explain } from '../verify/explain.js';
import type { RoundRecord } from '../verify/round-record.js';
import { type CorrelatedConnect, correlateConnects } from './correlated-connect.js';

/** One step of the incident: a scenario on a kernel, and its expected outcome. */
export interface DemoStep {
  readonly title: string;
  readonly scenario: Scenario;
  /** On a kernel whose ip_vs lacks the fix of Linux 5.9. */
  readonly unfixed: boolean;
  /** Expected observations that are missing, one line each. */
  readonly missing: (connects: readonly CorrelatedConnect[]) => Iterable<string>;
}

/** An immediate connect takes less, however slow the machine ... */
const AT_ONCE_MS = 800;
/** ... and one whose packet was dropped takes more: its timer of a second counts ticks. */
const SECOND_MS = 980;

export const demoSteps: readonly DemoStep[] = [
  {
    title: '1: mode 0',
    scenario: rollout,
    unfixed: false,
    *missing(connects) {
      if (!connects.some(isToDraining)) yield 'no connect was sent to the server of weight 0';
      if (!connects.some(({ connect }) => connect.outcome === 'timeout')) yield 'none timed out';
    },
  },
  {
    title: '2: mode 1, unfixed',
    scenario: rolloutRescheduled,
    unfixed: true,
    *missing(connects) {
      for (const each of connects) {
        if (!isConnected(each)) yield `${name(each)} failed`;
        if (!each.reused && !wasSentOnce(each)) yield `${name(each)} lost a packet`;
        if (each.reused) yield* missingSecond(each);
      }
    },
  },
  {
    title: '3: mode 1',
    scenario: rolloutRescheduled,
    unfixed: false,
    *missing(connects) {
      for (const each of connects) {
        if (!isConnected(each)) yield `${name(each)} failed`;
        if (!wasSentOnce(each)) yield `${name(each)} lost a packet`;
        if (each.reused && each.connect.connectMs >= AT_ONCE_MS) yield `${name(each)} is slow`;
        if (isToDraining(each)) yield `${name(each)} was sent to the server of weight 0`;
        if (each.events.some(({ verdict }) => verdict === 'dropped')) {
          yield `${name(each)} was dropped`;
        }
        if (each.reused && !each.events.some(({ verdict }) => verdict === 'rescheduled')) {
          yield `${name(each)} was not rescheduled`;
        }
      }
    },
  },
];

/** What is wrong with a step as it was played: expected observations missing, or inconsistencies. */
export function stepProblems(step: DemoStep, record: RoundRecord): readonly string[] {
  const { played, events } = record;
  const connects = correlateConnects(record);
  return [
    ...(connects.some(({ reused }) => reused) ? step.missing(connects) : ['no port was reused']),
    ...explain(played, events).problems,
    ...(played.captures === undefined
      ? ['nothing was captured']
      : compareCaptures(played, played.captures, events).problems),
  ];
}

function* missingSecond(each: CorrelatedConnect): Generator<string> {
  const { connect, events } = each;
  if (connect.connectMs < SECOND_MS) yield `${name(each)} took no second`;
  const dropped = events.filter(({ verdict }) => verdict === 'dropped');
  if (dropped.length !== 1 || dropped[0]?.missing_fix === undefined) {
    yield `${name(each)} was dropped ${dropped.length} times, not once for want of the fix`;
  }
  const retry = events.find(({ kind }) => kind === 'retry');
  if (retry === undefined || (retry.delay_ms ?? 0) < SECOND_MS) {
    yield `${name(each)} shows no packet that got through a second later`;
  }
}

const isConnected = ({ connect }: CorrelatedConnect): boolean => connect.outcome === 'connected';

const wasSentOnce = ({ packetsIn, packetsOut }: CorrelatedConnect): boolean =>
  packetsIn === 1 && packetsOut === 1;

/** Whether ip_vs sent an opening packet of it to a server of weight 0. */
export const isToDraining = ({ events }: CorrelatedConnect): boolean =>
  events.some(({ verdict, weight }) => verdict === 'forwarded' && weight === 0);

const name = ({ connect }: CorrelatedConnect): string =>
  `${connect.phase} ${connect.client} (${connect.connectMs.toFixed(0)} ms)`;
