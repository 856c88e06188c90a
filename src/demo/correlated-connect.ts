import type { Connect } from '../testbed/connect.js';
import type { ObservedEvent } from '../verify/observed-event.js';
import type { RoundRecord } from '../verify/round-record.js';

/** One connect as observed by the client, the probe and the packet capture. */
export interface CorrelatedConnect {
  readonly connect: Connect;
  /** Whether an earlier connect of the round used its port. */
  readonly reused: boolean;
  /** The probe's events, in the order of time. */
  readonly events: readonly ObservedEvent['event'][];
  /** Its connection-opening packets captured at the director: those that arrived ... */
  readonly packetsIn: number;
  /** ... and those that were sent on to a server. */
  readonly packetsOut: number;
}

/** The clocks of captures and clients may differ by this. */
const SLACK_NS = 1e6;

/** Assigns every event and packet of a round to the connect that it belongs to. */
export function correlateConnects({ played, events }: RoundRecord): readonly CorrelatedConnect[] {
  const connects = [...played.connects].sort((a, b) => a.startNs - b.startNs);
  /** The latest connect of that client by then. */
  const owner = (client: string | undefined, monotonicNs: number): Connect | undefined =>
    connects.findLast((each) => each.client === client && each.startNs <= monotonicNs + SLACK_NS);
  const { captures } = played;
  const into = captures?.client ?? [];
  const out = Object.values(captures?.servers ?? {}).flat();
  const ours = [...events]
    .filter(({ event }) => event.netns === played.netns && event.opening)
    .sort((a, b) => a.monotonicNs - b.monotonicNs);
  return connects.map((connect, index) => ({
    connect,
    reused: connects.slice(0, index).some(({ client }) => client === connect.client),
    events: ours
      .filter(({ event, monotonicNs }) => owner(event.client, monotonicNs) === connect)
      .map(({ event }) => event),
    packetsIn: into.filter((packet) => owner(packet.client, packet.monotonicNs) === connect).length,
    packetsOut: out.filter((packet) => owner(packet.client, packet.monotonicNs) === connect).length,
  }));
}
