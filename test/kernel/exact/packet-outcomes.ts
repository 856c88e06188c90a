import { phases } from './phases.js';
import type { PlannedPacket, PlannedRound } from './plan.js';
import { ENDPOINT_SIZE, endpointsAt, type RoundPart, writeEndpoint } from './plan-file.js';
import { serversOf, services } from './planned-services.js';
import { type Sightings, What } from './sightings.js';

/** What became of a packet that came in, as captures on the director's devices show it. */
export interface PacketOutcome {
  readonly packet: PlannedPacket;
  readonly timeNs: number;
  /** The real server to which it went out. */
  to: string | undefined;
  /** An ICMP error about it went back. */
  refused: boolean;
}

/** The sender's list. */
export interface Plan {
  readonly rounds: readonly PlannedRound[];
  readonly file: Buffer;
  readonly parts: readonly RoundPart[];
}

/** Every packet of the plan, round by round in the order in which they came in. */
export interface PacketOutcomes {
  readonly rounds: readonly (readonly PacketOutcome[])[];
  readonly problems: readonly string[];
}

/** Lays the sender's list beside the sightings: each packet came in once and left once at most. */
export function readOutcomes(plan: Plan, sightings: Sightings): PacketOutcomes {
  const problems: string[] = [];
  const places = plan.rounds.flatMap(({ packets }, round) =>
    packets.map((packet, index) => ({ packet, round, index })),
  );
  const outcomes: (PacketOutcome | undefined)[] = places.map(() => undefined);
  const rounds: PacketOutcome[][] = plan.rounds.map(() => []);
  for (let number = 0; number < sightings.count; number++) {
    const place = places[sightings.mark(number) - 1];
    if (place === undefined) {
      problems.push(`leg ${sightings.leg(number)}: mark ${sightings.mark(number)} was never sent`);
      continue;
    }
    const { packet, round } = place;
    if (!isSame(plan, place, sightings, number)) {
      problems.push(`leg ${sightings.leg(number)}: ${name(packet)} was sent otherwise`);
    }
    if (sightings.leg(number) > 0 || sightings.what(number) === What.error) continue;
    if (outcomes[packet.mark - 1] !== undefined) problems.push(`${name(packet)} came in twice`);
    const outcome = { packet, timeNs: sightings.timeNs(number), to: undefined, refused: false };
    outcomes[packet.mark - 1] = outcome;
    rounds[round]?.push(outcome);
  }
  problems.push(...addWays(outcomes, sightings));
  const missing = outcomes.filter((outcome) => outcome === undefined).length;
  if (missing > 0) problems.push(`${missing} packets were sent and never came in`);
  return { rounds, problems };
}

interface Place {
  readonly packet: PlannedPacket;
  readonly round: number;
  /** Within the round. */
  readonly index: number;
}

/** Masquerading changes where a packet goes, and nothing else. */
function isSame(
  { file, parts }: Plan,
  { packet, round, index }: Place,
  sightings: Sightings,
  number: number,
): boolean {
  const part = parts[round];
  if (part === undefined) return false;
  const what = sightings.what(number);
  const length = sightings.leg(number) === 0 ? 2 * ENDPOINT_SIZE : ENDPOINT_SIZE;
  const [ours, theirs] = [endpointsAt(part, index), sightings.endpointsAt(number)];
  return (
    file.compare(sightings.bytes, theirs, theirs + length, ours, ours + length) === 0 &&
    sightings.sequence(number) === packet.sequence &&
    (what === What.error || (what === What.opening) === packet.opening)
  );
}

/** Where each packet went, if anywhere. */
function* addWays(
  outcomes: readonly (PacketOutcome | undefined)[],
  sightings: Sightings,
): Generator<string> {
  const servers = serverTexts();
  for (let number = 0; number < sightings.count; number++) {
    const outcome = outcomes[sightings.mark(number) - 1];
    const error = sightings.what(number) === What.error;
    if (outcome === undefined || (sightings.leg(number) === 0 && !error)) continue;
    if (outcome.refused || outcome.to !== undefined)
      yield `${name(outcome.packet)} left more than once`;
    if (error) outcome.refused = true;
    else outcome.to = servers.get(sightings.target(number)) ?? 'nobody';
  }
}

/** The bytes of a server's address and port, as `Sightings.target` gives them, to its name. */
function serverTexts(): ReadonlyMap<string, string> {
  const bytes = Buffer.alloc(ENDPOINT_SIZE);
  return new Map(
    phases
      .flatMap(({ index }) => services.flatMap((service) => serversOf(service, index)))
      .map(({ address, port, name }) => {
        writeEndpoint(bytes, 0, address, port);
        return [bytes.toString('latin1'), name];
      }),
  );
}

export const name = ({ mark, tuple, opening }: PlannedPacket): string =>
  `${opening ? 'SYN' : 'FIN'} ${mark} ${tuple.client} > ${tuple.service.name}`;
