import type { KindName, VerdictName } from '../../../src/record/value-names.js';
import type { Weight } from './director.js';
import type { Fate } from './fates.js';
import { name } from './fates.js';
import type { Tuple } from './plan.js';

/** What the probe has to say of one opening packet that found an entry or got no server. */
export interface Expected {
  readonly fate: Fate;
  /** The entry's server; undefined where there was no entry. */
  readonly entry: string | undefined;
  readonly weight: Weight | undefined;
  /** Two where only the scheduler's counters tell: the same server again. */
  readonly verdicts: readonly VerdictName[];
  readonly kinds: readonly KindName[];
  /** Since the first copy of this packet; undefined where it is the first, or did not get through. */
  readonly waitedNs: number | undefined;
}

/** A `retry` event, which comes beside the packet's own or alone. */
export interface ExpectedRetry {
  readonly fate: Fate;
  readonly drops: number;
  /** Since the first copy, dropped or not. */
  readonly waitedNs: number;
}

/** A tuple as the legs have shown it until now. */
interface Memory {
  entry: string | undefined;
  /** Of the last packet that was sent on: it renewed the entry. */
  renewedNs: number;
  /**
   * The last packet was swallowed. Then its entry is told to go, or stays with a server that is gone:
   * what is sent on after that made an entry of its own, what is swallowed again found the old one.
   */
  swallowed: boolean;
  /** The entry is in TIME_WAIT: a FIN was its last packet. */
  closed: boolean;
  /** Of the last opening packet. */
  sequence: number;
  /** When the first copy of that packet came. */
  firstNs: number;
  dropped: { readonly sequence: number; drops: number } | undefined;
}

/** Until then an entry that nothing renews is surely there: CLOSE lives 10 s, SYN_RECV 60 s. */
const SURE_MS = { refusing: 8_000, silent: 50_000, listening: 50_000 } as const;

/**
 * Follows every tuple through the director by what the legs show, the sender's list and the table
 * that the test itself set. What the probe must say follows from these alone.
 */
export class Ledger {
  readonly expected: Expected[] = [];
  readonly retries: ExpectedRetry[] = [];
  /** Packets that open nothing and went to a server of weight 0. */
  readonly draining: Fate[] = [];
  readonly problems: string[] = [];
  /** Opening packets that made an entry and so have no event, with their server. */
  readonly fresh: { readonly fate: Fate; readonly to: string }[] = [];
  openings = 0;
  readonly #memories = new Map<Tuple, Memory>();

  /** The packets of a stage, in their order. */
  add(fates: readonly Fate[], weights: ReadonlyMap<string, ReadonlyMap<string, Weight>>): void {
    for (const fate of fates) {
      const { tuple, opening } = fate.packet;
      const memory = this.#memories.get(tuple);
      const table = weights.get(tuple.service.name) ?? new Map<string, Weight>();
      if (opening) this.#addOpening(fate, memory, table);
      else this.#addClosing(fate, memory, table);
    }
  }

  #addClosing(fate: Fate, memory: Memory | undefined, table: ReadonlyMap<string, Weight>): void {
    if (fate.to === undefined) return;
    if (memory?.entry !== fate.to) {
      this.problems.push(`${name(fate.packet)} went to ${fate.to}, not to ${memory?.entry}`);
      return;
    }
    if (table.get(fate.to) === 0) this.draining.push(fate);
    memory.closed = true;
    memory.swallowed = false;
    memory.renewedNs = fate.timeNs;
  }

  #addOpening(fate: Fate, memory: Memory | undefined, table: ReadonlyMap<string, Weight>): void {
    const { packet, to, timeNs } = fate;
    this.openings++;
    const isCopy = memory?.sequence === packet.sequence;
    const firstNs = isCopy ? memory.firstNs : timeNs;
    const waits = isCopy && to !== undefined && memory.dropped?.sequence !== packet.sequence;
    const swallowed = isSwallowed(fate);
    const entry = memory?.swallowed && !swallowed ? undefined : memory?.entry;
    if (to !== undefined && typeof table.get(to) !== 'number') {
      this.problems.push(`${name(packet)} went to ${to}, which is not in the table`);
    }
    if (memory !== undefined && entry !== undefined) {
      const age = (timeNs - memory.renewedNs) / 1e6;
      if (age > SURE_MS[packet.tuple.service.answer]) {
        this.problems.push(`${name(packet)} came ${age} ms late: this machine is too slow`);
      }
    }
    if (entry !== undefined || to === undefined) {
      this.expected.push({
        fate,
        entry,
        weight: entry === undefined ? undefined : table.get(entry),
        verdicts: verdictsOf(fate, entry),
        kinds: kindsOf(fate, memory, entry === undefined ? undefined : table.get(entry)),
        waitedNs: waits ? timeNs - firstNs : undefined,
      });
      if (entry === undefined && swallowed) {
        this.problems.push(`${name(packet)} was swallowed, and there was no entry`);
      }
    } else {
      this.fresh.push({ fate, to });
    }
    const dropped = this.#addDrop(fate, memory?.dropped, firstNs);
    this.#memories.set(packet.tuple, {
      entry: swallowed ? entry : to,
      swallowed,
      renewedNs: swallowed ? (memory?.renewedNs ?? timeNs) : timeNs,
      closed: swallowed && memory?.closed === true,
      sequence: packet.sequence,
      firstNs,
      dropped,
    });
  }

  /** Copies of this packet that were dropped or rejected, until one gets through. */
  #addDrop(fate: Fate, known: Memory['dropped'], firstNs: number): Memory['dropped'] {
    const { sequence } = fate.packet;
    if (fate.to === undefined) {
      const drops = known?.sequence === sequence ? known.drops : 0;
      return { sequence, drops: drops + 1 };
    }
    if (known?.sequence === sequence) {
      this.retries.push({ fate, drops: known.drops, waitedNs: fate.timeNs - firstNs });
    }
    return undefined;
  }
}

const isSwallowed = ({ to, refused }: Fate): boolean => to === undefined && !refused;

function kindsOf(
  { packet, to, refused }: Fate,
  memory: Memory | undefined,
  weight: Weight | undefined,
): readonly KindName[] {
  if (weight === 'removed') return ['unavailable'];
  if (refused && to === undefined) return ['unscheduled'];
  // Whether a server's reset was faster than the clients' next packet is not known here.
  if (packet.tuple.service.answer === 'refusing') return ['reuse', 'retransmit'];
  if (memory?.closed) return ['reuse'];
  return memory?.sequence === packet.sequence ? ['retransmit'] : ['reuse'];
}

function verdictsOf({ to, refused }: Fate, entry: string | undefined): readonly VerdictName[] {
  if (to === undefined) return [refused ? 'rejected' : 'dropped'];
  return to === entry ? ['forwarded', 'rescheduled'] : ['rescheduled'];
}
