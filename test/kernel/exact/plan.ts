import { type Phase, phases, rounds } from './phases.js';
import { endpoint, type Service, services } from './planned-services.js';
import type { Random } from './random.js';

/** A client's address and port toward one service: what ip_vs knows a connection by. */
export interface Tuple {
  /** Number of the phase, which no other has client addresses of. */
  readonly phase: number;
  readonly service: Service;
  readonly address: string;
  readonly port: number;
  /** `10.0.1.20:40001` */
  readonly client: string;
  readonly cpu: number;
}

export interface PlannedPacket {
  /** Unique, from 1: its place in the plan. */
  readonly mark: number;
  readonly tuple: Tuple;
  readonly opening: boolean;
  readonly sequence: number;
}

export interface PlannedRound {
  readonly phase: Phase;
  readonly round: (typeof rounds)[number];
  readonly packets: readonly PlannedPacket[];
}

/** A used tuple: what the next packet of it depends on. */
interface Used {
  readonly tuple: Tuple;
  readonly firstStage: number;
  sequence: number;
  lastStage: number;
  lastIndex: number;
  retired: boolean;
}

const NEW_SHARE = 0.32;
const SAME_NUMBER_SHARE = 0.5;
const AT_ONCE_SHARE = 0.12;
const CLOSING_SHARE = 0.25;
const CLIENT_ADDRESSES = 4;
/** Tuples that may come again: of the last so many. */
const RECENT = 1_500;
/**
 * An entry in CLOSE lives for 10 seconds. A refusing service's tuple comes again within so many
 * packets of a round or not at all, so that nobody has to guess whether its entry is still there.
 */
const SOON = 500;

/** A client address belongs to one phase: no phase meets what another left behind. */
export const clientAddresses = (phase: number, version: 4 | 6): readonly string[] =>
  addresses[version][phase] ?? [];

const addressesOf = (version: 4 | 6): readonly (readonly string[])[] =>
  phases.map(({ index }) =>
    Array.from({ length: CLIENT_ADDRESSES }, (_, number) => {
      const host = 20 + index * CLIENT_ADDRESSES + number;
      return version === 4 ? `10.0.1.${host}` : `fd00:1::${host.toString(16)}`;
    }),
  );

const addresses = { 4: addressesOf(4), 6: addressesOf(6) } as const;

/** Of every phase. */
export const allClientAddresses: readonly string[] = Object.values(addresses).flat(2);

/** So many opening packets, and some closing ones that make TIME_WAIT. */
export function makePlan(random: Random, openings: number): readonly PlannedRound[] {
  const all = phases.flatMap((phase) => rounds.map((round) => ({ phase, round })));
  let mark = 0;
  let taken = new Set<string>();
  let used: Used[] = [];
  return all.map(({ phase, round }, position) => {
    const stageIndex = rounds.indexOf(round);
    if (stageIndex === 0) {
      used = [];
      taken = new Set();
    }
    const count =
      Math.floor((openings * (position + 1)) / all.length) -
      Math.floor((openings * position) / all.length);
    const packets: PlannedPacket[] = [];
    let latest: Used | undefined;
    for (let index = 0; index < count; index++) {
      const again = pickUsed(random, used, latest, { stageIndex, index });
      const known = again ?? newTuple(random, phase, stageIndex, taken);
      if (again === undefined) used.push(known);
      else if (!random.chance(SAME_NUMBER_SHARE)) known.sequence = random.word();
      known.lastStage = stageIndex;
      known.lastIndex = index;
      latest = known;
      const { tuple, sequence } = known;
      packets.push({ mark: ++mark, tuple, opening: true, sequence });
      // Rejected once, its entry may or may not be found again.
      if (stageIndex === 2 && tuple.service.losesAll && known.firstStage < 2) known.retired = true;
      if (stageIndex < 2 && tuple.service.answer === 'silent' && random.chance(CLOSING_SHARE)) {
        packets.push({ mark: ++mark, tuple, opening: false, sequence });
      }
    }
    return { phase, round, packets };
  });
}

function pickUsed(
  random: Random,
  used: readonly Used[],
  latest: Used | undefined,
  now: { readonly stageIndex: number; readonly index: number },
): Used | undefined {
  if (random.chance(NEW_SHARE)) return undefined;
  const recent = Math.min(used.length, RECENT);
  for (let attempt = 0; attempt < 20; attempt++) {
    const atOnce = attempt === 0 && random.chance(AT_ONCE_SHARE);
    const known = atOnce ? latest : used[used.length - 1 - random.below(recent)];
    if (known === undefined || known.retired) continue;
    const soon = known.lastStage === now.stageIndex && now.index - known.lastIndex < SOON;
    if (soon || known.tuple.service.answer !== 'refusing') return known;
  }
  return undefined;
}

function newTuple(random: Random, phase: Phase, firstStage: number, taken: Set<string>): Used {
  for (;;) {
    const service = random.of(services);
    const address = random.of(clientAddresses(phase.index, service.version));
    const port = 1024 + random.below(64_512);
    const client = endpoint(address, port);
    const name = `${client} ${service.name}`;
    if (taken.has(name)) continue;
    taken.add(name);
    const cpu = random.below(phase.cpus);
    const tuple = { phase: phase.index, service, address, port, client, cpu };
    const sequence = random.word();
    return { tuple, firstStage, sequence, lastStage: firstStage, lastIndex: 0, retired: false };
  }
}
