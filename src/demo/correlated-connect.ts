import type { Connect } from '../testbed/connect.js';
import type { ObservedEvent } from '../verify/observed-event.js';
import type { RoundRecord } from '../verify/round-record.js';

/** What is known of one connect, from three sides. */
export interface CorrelatedConnect {
  readonly connect: Connect;
  /** Whether an earlier connect of the round used its port. */
  readonly reused: boolean;
  /** What the probe saw of it, in the order of time. */
  readonly events: readonly ObservedEvent['event'][];
  /** Its opening packets that tcpdump saw at the director: those that came in ... */
  readonly packetsIn: number;
  /** ... and those that went on to a server. */
  readonly packetsOut: number;
}

/** How the clock of the captures may differ from that of the clients. */
const SLACK_NS = 1e6;

/** Lays everything that was seen in a round beside the connect that it belongs to. */
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
