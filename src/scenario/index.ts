import { delayElsewhere } from './delay-elsewhere.js';
import { field } from './field/field.js';
import { healthyRollout } from './healthy-rollout.js';
import { keepAlive } from './keep-alive.js';
import { noDrain } from './no-drain.js';
import { oneSecond } from './one-second.js';
import { rollout } from './rollout.js';
import { rolloutRescheduled } from './rollout-rescheduled.js';
import type { Scenario } from './scenario.js';
import { slowServer } from './slow-server.js';
import { table } from './table/table.js';
import { weightStuck } from './weight-stuck.js';

/** Every scenario, in the order in which they are told. */
export const scenarios: readonly Scenario[] = [
  rollout,
  rolloutRescheduled,
  oneSecond,
  noDrain,
  weightStuck,
  keepAlive,
  healthyRollout,
  delayElsewhere,
  slowServer,
  table,
  field,
];

export type { CapturedPacket, Captures } from './captures.js';
export type { Connect, Outcome } from './connect.js';
export { type Explanation, explain } from './explain.js';
export type { Match } from './match.js';
export { type ObservedEvent, observeBatch } from './observed-event.js';
export type { Played, ServerState } from './played.js';
export { formatReport, quantile, type ReportParts } from './report.js';
export { rollout } from './rollout.js';
export { rolloutRescheduled } from './rollout-rescheduled.js';
export type { RoundRecord } from './round-record.js';
export type {
  Judgement,
  PlayOptions,
  Scenario,
  TraceBeside,
  Trial,
  Watcher,
} from './scenario.js';
export { Stage, type StageOptions, withStage } from './stage.js';
export { textTable } from './text-table.js';
export { compareWitness, type WitnessReport, type WitnessRow } from './witness-compare.js';
