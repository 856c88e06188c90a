import type { Connect } from '../testbed/connect.js';
import type { ObservedEvent } from './observed-event.js';

/** A connect with its events, in the order of time. */
export interface Match {
  readonly connect: Connect;
  readonly events: readonly ObservedEvent[];
}
