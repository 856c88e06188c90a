import type { CapturedPacket, Captures } from '../../testbed/captures.js';
import type { ConnectReply } from '../../testbed/peer-protocol.js';
import type { ObservedEvent } from '../../verify/observed-event.js';
import type { Part } from './case-instance.js';
import type { PlayedPart } from './run-batch.js';

/** All that was seen of a cell's client, by everybody who looked. */
export interface Seen {
  readonly part: Part;
  /** In the order of time. */
  readonly events: readonly ObservedEvent[];
  readonly packets: { readonly in: number; readonly old: number; readonly other: number };
  /**
   * From the first opening packet to the last, where they came in: by tcpdump; for a client on the
   * director itself, by the events. Unlike the client's own clock it does not show a busy machine.
   */
  readonly spanMs: number;
  readonly ends: readonly ConnectReply[];
  readonly problem?: string;
}

/** The record's clock and tcpdump's are read apart; the steps of an act are further apart. */
const SLACK_NS = 1e6;

/** Picks from everything what belongs to a cell. */
export function seenOf(
  played: PlayedPart,
  netns: number,
  events: readonly ObservedEvent[],
  captures: Captures,
): Seen {
  const { part, fromNs, metNs, untilNs, ends, problem } = played;
  const { protocol } = part.cell.service;
  const isOurs = (client: string | undefined): boolean =>
    client !== undefined && part.clients.includes(client);
  const ofCell = (packets: readonly CapturedPacket[] = []): readonly CapturedPacket[] =>
    packets.filter(
      (packet) =>
        packet.protocol === protocol &&
        isOurs(packet.client) &&
        packet.monotonicNs >= metNs - SLACK_NS &&
        packet.monotonicNs <= untilNs + SLACK_NS,
    );
  const count = (packets: readonly CapturedPacket[] = []): number => ofCell(packets).length;
  const to = (isWanted: (role: string) => boolean): number =>
    Object.entries(captures.servers)
      .filter(([role]) => isWanted(role))
      .reduce((sum, [, packets]) => sum + count(packets), 0);
  const ours = events
    .filter(
      ({ event, monotonicNs }) =>
        event.netns === netns &&
        event.proto === protocol &&
        isOurs(event.client) &&
        monotonicNs >= fromNs &&
        monotonicNs <= untilNs,
    )
    .sort((a, b) => a.monotonicNs - b.monotonicNs);
  const moments = (
    part.cell.service.localClient === true
      ? ours.filter(({ event }) => event.opening)
      : ofCell(captures.client)
  ).map(({ monotonicNs }) => monotonicNs);
  return {
    part,
    events: ours,
    spanMs: moments.length === 0 ? 0 : (Math.max(...moments) - Math.min(...moments)) / 1e6,
    packets: {
      in: count(captures.client),
      old: to((role) => role === part.old?.role),
      other: to((role) => role !== part.old?.role),
    },
    ends,
    ...(problem === undefined ? {} : { problem }),
  };
}
