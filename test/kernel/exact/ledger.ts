import type { KindName, VerdictName } from '../../../src/record/value-names.js';
import type { PacketOutcome } from './packet-outcomes.js';
import { name } from './packet-outcomes.js';
import type { Tuple } from './plan.js';
import type { Weight } from './virtual-services.js';

/** What the probe has to say of one opening packet that found an entry or got no server. */
export interface Expected {
  readonly outcome: PacketOutcome;
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
  readonly outcome: PacketOutcome;
  readonly drops: number;
  /** Since the first copy, dropped or not. */
  readonly waitedNs: number;
}

/** A tuple as the interfaces have shown it until now. */
interface Memory {
  entry: string | undefined;
  /** Of the last packet that was sent on: it renewed the entry. */
  renewedNs: number;
  /**
   * The last packet was dropped. Then its entry expires, or stays with a server that is gone:
   * what is sent on after that made an entry of its own, what is dropped again found the old one.
   */
  wasDropped: boolean;
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
 * Follows every tuple through the director by what the interfaces show, the sender's list and the table
 * that the test itself set. What the probe must say follows from these alone.
 */
export class Ledger {
  readonly expected: Expected[] = [];
  readonly retries: ExpectedRetry[] = [];
  /** Packets that open nothing and went to a server of weight 0. */
  readonly draining: PacketOutcome[] = [];
  /**
   * Packets that open nothing, found no entry and left for no server: the director, whose address it
   * is, answers with a reset.
   */
  readonly orphans: PacketOutcome[] = [];
  readonly problems: string[] = [];
  /** Opening packets that made an entry and so have no event, with their server. */
  readonly fresh: { readonly outcome: PacketOutcome; readonly to: string }[] = [];
  openings = 0;
  readonly #memories = new Map<Tuple, Memory>();

  /** The packets of a round, in their order. */
  add(
    outcomes: readonly PacketOutcome[],
    weights: ReadonlyMap<string, ReadonlyMap<string, Weight>>,
  ): void {
    for (const outcome of outcomes) {
      const { tuple, opening } = outcome.packet;
      const memory = this.#memories.get(tuple);
      const table = weights.get(tuple.service.name) ?? new Map<string, Weight>();
      if (opening) this.#addOpening(outcome, memory, table);
      else this.#addClosing(outcome, memory, table);
    }
  }

  #addClosing(
    outcome: PacketOutcome,
    memory: Memory | undefined,
    table: ReadonlyMap<string, Weight>,
  ): void {
    if (outcome.to === undefined) {
      // An entry whose opening packet was dropped expired then, unless its server is gone.
      const { entry, wasDropped = false } = memory ?? {};
      const expired = wasDropped && entry !== undefined && table.get(entry) !== 'removed';
      if (entry === undefined || expired) this.orphans.push(outcome);
      return;
    }
    if (memory?.entry !== outcome.to) {
      this.problems.push(`${name(outcome.packet)} went to ${outcome.to}, not to ${memory?.entry}`);
      return;
    }
    if (table.get(outcome.to) === 0) this.draining.push(outcome);
    memory.closed = true;
    memory.wasDropped = false;
    memory.renewedNs = outcome.timeNs;
  }

  #addOpening(
    outcome: PacketOutcome,
    memory: Memory | undefined,
    table: ReadonlyMap<string, Weight>,
  ): void {
    const { packet, to, timeNs } = outcome;
    this.openings++;
    const isCopy = memory?.sequence === packet.sequence;
    const firstNs = isCopy ? memory.firstNs : timeNs;
    const waits = isCopy && to !== undefined && memory.dropped?.sequence !== packet.sequence;
    const wasDropped = isDropped(outcome);
    const entry = memory?.wasDropped && !wasDropped ? undefined : memory?.entry;
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
        outcome,
        entry,
        weight: entry === undefined ? undefined : table.get(entry),
        verdicts: verdictsOf(outcome, entry),
        kinds: kindsOf(outcome, memory, entry === undefined ? undefined : table.get(entry)),
        waitedNs: waits ? timeNs - firstNs : undefined,
      });
      if (entry === undefined && wasDropped) {
        this.problems.push(`${name(packet)} was dropped, and there was no entry`);
      }
    } else {
      this.fresh.push({ outcome, to });
    }
    const dropped = this.#addDrop(outcome, memory?.dropped, firstNs);
    this.#memories.set(packet.tuple, {
      entry: wasDropped ? entry : to,
      wasDropped,
      renewedNs: wasDropped ? (memory?.renewedNs ?? timeNs) : timeNs,
      closed: wasDropped && memory?.closed === true,
      sequence: packet.sequence,
      firstNs,
      dropped,
    });
  }

  /** Copies of this packet that were dropped or rejected, until one gets through. */
  #addDrop(outcome: PacketOutcome, known: Memory['dropped'], firstNs: number): Memory['dropped'] {
    const { sequence } = outcome.packet;
    if (outcome.to === undefined) {
      const drops = known?.sequence === sequence ? known.drops : 0;
      return { sequence, drops: drops + 1 };
    }
    if (known?.sequence === sequence) {
      this.retries.push({ outcome, drops: known.drops, waitedNs: outcome.timeNs - firstNs });
    }
    return undefined;
  }
}

const isDropped = ({ to, refused }: PacketOutcome): boolean => to === undefined && !refused;

function kindsOf(
  { packet, to, refused }: PacketOutcome,
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

function verdictsOf(
  { to, refused }: PacketOutcome,
  entry: string | undefined,
): readonly VerdictName[] {
  if (to === undefined) return [refused ? 'rejected' : 'dropped'];
  return to === entry ? ['forwarded', 'rescheduled'] : ['rescheduled'];
}
