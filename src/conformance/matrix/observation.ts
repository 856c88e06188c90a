import type { CapturedPacket, Captures } from '../../testbed/captures.js';
import type { ConnectReply } from '../../testbed/peer-protocol.js';
import type { ObservedEvent } from '../../verify/observed-event.js';
import type { CaseInstance } from './case-instance.js';
import type { CaseRun } from './run-batch.js';

/** All observations of a test case: events, packets, client. */
export interface CaseObservation {
  readonly instance: CaseInstance;
  /** In the order of time. */
  readonly events: readonly ObservedEvent[];
  readonly packets: { readonly in: number; readonly old: number; readonly other: number };
  /**
   * From the first connection-opening packet to the last, on arrival: by tcpdump; for a client on the
   * director itself, by the events. Unlike the client's own clock it does not include a busy machine.
   */
  readonly spanMs: number;
  readonly ends: readonly ConnectReply[];
  readonly problem?: string;
}

/** The clocks of records and tcpdump may differ by this; the steps of a batch are further apart. */
const SLACK_NS = 1e6;

/** Selects the events and packets that belong to a test case. */
export function observe(
  played: CaseRun,
  netns: number,
  events: readonly ObservedEvent[],
  captures: Captures,
): CaseObservation {
  const { instance, fromNs, metNs, untilNs, ends, problem } = played;
  const { protocol } = instance.testCase.service;
  const isOurs = (client: string | undefined): boolean =>
    client !== undefined && instance.clients.includes(client);
  const ofCase = (packets: readonly CapturedPacket[] = []): readonly CapturedPacket[] =>
    packets.filter(
      (packet) =>
        packet.protocol === protocol &&
        isOurs(packet.client) &&
        packet.monotonicNs >= metNs - SLACK_NS &&
        packet.monotonicNs <= untilNs + SLACK_NS,
    );
  const count = (packets: readonly CapturedPacket[] = []): number => ofCase(packets).length;
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
    instance.testCase.service.localClient === true
      ? ours.filter(({ event }) => event.opening)
      : ofCase(captures.client)
  ).map(({ monotonicNs }) => monotonicNs);
  return {
    instance,
    events: ours,
    spanMs: moments.length === 0 ? 0 : (Math.max(...moments) - Math.min(...moments)) / 1e6,
    packets: {
      in: count(captures.client),
      old: to((role) => role === instance.old?.role),
      other: to((role) => role !== instance.old?.role),
    },
    ends,
    ...(problem === undefined ? {} : { problem }),
  };
}
