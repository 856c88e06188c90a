import type { Played } from '../testbed/played.js';
import type { ObservedEvent } from './observed-event.js';

/** All that is known of one round, as JSON carries it from one process to another. */
export interface RoundRecord {
  /** As `uname -r` names the kernel that it was played on. */
  readonly release: string;
  readonly played: Played;
  readonly events: readonly ObservedEvent[];
}
