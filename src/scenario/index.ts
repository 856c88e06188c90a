import { delayElsewhere } from './delay-elsewhere.js';
import { healthyRollout } from './healthy-rollout.js';
import { keepAlive } from './keep-alive.js';
import { noDrain } from './no-drain.js';
import { oneSecond } from './one-second.js';
import { rollout } from './rollout.js';
import { rolloutRescheduled } from './rollout-rescheduled.js';
import type { Scenario } from './scenario.js';
import { slowServer } from './slow-server.js';
import { weightStuck } from './weight-stuck.js';

/** The named scenarios, in the order in which `--list` prints them. */
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
];
