import { delayElsewhere } from './delay-elsewhere.js';
import { healthyRollout } from './healthy-rollout.js';
import { keepAlive } from './keep-alive.js';
import { noDrain } from './no-drain.js';
import { oneSecond } from './one-second.js';
import { rollout } from './rollout.js';
import type { Scenario } from './scenario.js';
import { slowServer } from './slow-server.js';
import { weightStuck } from './weight-stuck.js';

/** Every scenario, in the order in which they are told. */
export const scenarios: readonly Scenario[] = [
  rollout,
  oneSecond,
  noDrain,
  weightStuck,
  keepAlive,
  healthyRollout,
  delayElsewhere,
  slowServer,
];

export type { CapturedPacket, Captures } from './captures.js';
export type { Connect, Outcome } from './connect.js';
export { type Explanation, explain } from './explain.js';
export type { Match } from './match.js';
export { type ObservedEvent, observeBatch } from './observed-event.js';
export type { Played, ServerState } from './played.js';
export { formatReport, type ReportParts } from './report.js';
export type { Scenario } from './scenario.js';
export { Stage, type StageOptions, withStage } from './stage.js';
export { compareWitness, type WitnessReport, type WitnessRow } from './witness-compare.js';
