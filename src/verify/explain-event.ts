import type { IpvsEvent } from '../record/event.js';
import { type Played, serverStateAt } from '../testbed/played.js';
import type { ObservedEvent } from './observed-event.js';

const CLOSED_STATES = ['TIME_WAIT', 'CLOSE'];

/** Whether the matched entry has no handshake to retransmit. */
export const foundClosed = ({ conn_state: state }: IpvsEvent): boolean =>
  state !== undefined && CLOSED_STATES.includes(state);

/** What is wrong with an event by itself, and against the state of its servers at that moment. */
export function eventProblems(played: Played, { event, monotonicNs }: ObservedEvent): string[] {
  const problems = [...disagreements(event)];
  if (event.virtual !== played.virtual) problems.push(`is about ${event.virtual}`);
  if (!played.conntrack && event.conntrack !== 'none') {
    problems.push(`has conntrack ${event.conntrack}, where nothing is tracked`);
  }
  if (event.destination !== undefined) {
    const state = serverStateAt(played.states, event.destination, monotonicNs);
    if (state === undefined) {
      problems.push(`names a server that there is not, ${event.destination}`);
    } else if (state.weight !== event.weight) {
      problems.push(`says weight ${event.weight}, ${state.server} had ${state.weight}`);
    } else if (event.available !== true) {
      problems.push(`says that ${state.server} was not in the table`);
    }
  }
  return problems.map(
    (problem) => `${event.kind} ${event.verdict} ${event.client ?? ''} ${problem}`,
  );
}

/** Facts of one event that contradict each other. */
function* disagreements(event: IpvsEvent): Generator<string> {
  const { verdict, cause, new_destination: chosen, expired, conntrack, missing_fix: fix } = event;
  if (event.destination === undefined && event.kind !== 'unscheduled') yield 'names no server';
  if (event.kind === 'retransmit' && foundClosed(event)) {
    yield `repeats no handshake: its entry is in ${event.conn_state}`;
  }
  if ((verdict === 'rescheduled') !== (chosen !== undefined)) {
    yield chosen === undefined ? 'names no new server' : `was sent to a new server, ${chosen}`;
  }
  const refused = verdict === 'dropped' || verdict === 'rejected';
  const waited = event.delay_ms !== undefined;
  if (refused && waited) yield 'says what its client waited, and it waits still';
  if (waited !== (cause === 'unanswered')) {
    yield waited ? 'does not say why its client waited' : 'does not say how long its client waited';
  }
  if ((refused || waited) !== (cause !== undefined)) {
    yield cause === undefined ? 'gives no cause' : `gives a cause, ${cause}`;
  }
  // Only a kernel without it drops for an nf_conn that is not confirmed.
  if ((cause === 'conntrack' && conntrack === 'unconfirmed') !== (fix !== undefined)) {
    yield fix === undefined ? 'names no missing fix' : `says that ${fix} is missing`;
  }
  if (verdict === 'forwarded' && expired) yield 'expired the entry that it followed';
  if (
    cause === 'conntrack' &&
    !(expired && (conntrack === 'confirmed' || conntrack === 'unconfirmed'))
  ) {
    // ip_vs drops for an nf_conn that the packet has, after it has expired the entry.
    yield `was dropped for conntrack: ${conntrack}${expired ? '' : ', entry not expired'}`;
  }
}
