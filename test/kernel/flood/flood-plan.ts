import { type Phase, phases } from '../exact/phases.js';
import {
  allClientAddresses,
  type PlannedPacket,
  type PlannedRound,
  type Tuple,
} from '../exact/plan.js';
import { endpoint, type Service, services } from '../exact/planned-services.js';
import type { Random } from '../exact/random.js';

/** The first of exact's phases, in which an entry is always followed, on two CPUs. */
export const floodPhase: Phase = { ...(phases[0] as Phase), cpus: 2 };

/** Of the rest, each has a new ISN: a reused port. */
const SAME_NUMBER_SHARE = 0.2;

/** Services whose entries stay in SYN_RECV, whatever comes. */
export const floodServices: readonly Service[] = services.filter(
  ({ answer }) => answer === 'silent',
);

export interface FloodSize {
  /** Entries of ip_vs. Each has to be met again before it ends, a minute later. */
  readonly entries: number;
  /** Opening packets of each wave, all of them to these entries. */
  readonly waves: readonly number[];
}

/** The packets that make the entries, then the waves. */
export function makeFlood(random: Random, { entries, waves }: FloodSize): readonly PlannedRound[] {
  let mark = 0;
  const tuples = Array.from({ length: entries }, (_, index) => newTuple(random, index));
  const sequences = tuples.map(() => random.word());
  const packet = (index: number): PlannedPacket => ({
    mark: ++mark,
    tuple: tuples[index] as Tuple,
    opening: true,
    sequence: sequences[index] ?? 0,
  });
  return [
    { phase: floodPhase, round: 'all', packets: tuples.map((_, index) => packet(index)) },
    ...waves.map(
      (count): PlannedRound => ({
        phase: floodPhase,
        round: 'drained',
        packets: Array.from({ length: count }, () => {
          const index = random.below(entries);
          if (!random.chance(SAME_NUMBER_SHARE)) sequences[index] = random.word();
          return packet(index);
        }),
      }),
    ),
  ];
}

/** No two share a port: no entry is met by another's packet. */
function newTuple(random: Random, index: number): Tuple {
  const service = random.of(floodServices);
  const address = random.of(
    allClientAddresses.filter((known) => known.includes(':') === (service.version === 6)),
  );
  const port = 1024 + index;
  const client = endpoint(address, port);
  return { phase: floodPhase.index, service, address, port, client, cpu: index % floodPhase.cpus };
}
