import { Cause, Flag, Kind, Offset, Verdict } from '../record/layout.generated.js';
import { KEY_OFFSET, KEY_WORDS } from './row-key.js';

/** What the metrics tell apart by name; any other number becomes 0. */
const kinds = onlyThese(Object.values(Kind));
const verdicts = onlyThese(Object.values(Verdict));
const protocols = onlyThese([6, 17, 132]);
/** IP_VS_{TCP,UDP,SCTP}_S_*: the most are SCTP's 14. */
const STATES = 16;

/** Why no server was chosen is not distinguished here. */
const causes = new Uint8Array(256);
for (const cause of Object.values(Cause)) {
  causes[cause] = cause >= Cause.noServer && cause <= Cause.unscheduled ? Cause.unscheduled : cause;
}

/** Causes of a drop, by kind. */
const dropCauses: Readonly<Record<number, readonly number[]>> = {
  [Kind.unavailable]: [Cause.conntrack, Cause.unavailable, Cause.transmit, Cause.node],
  [Kind.unscheduled]: [Cause.unscheduled, Cause.transmit],
  [Kind.overload]: [Cause.overload, Cause.transmit],
};
const anyDropCause = [Cause.conntrack, Cause.transmit, Cause.node];

/**
 * Different keys that folding makes at most, whatever is folded: how a packet ended, for each pair of
 * `opening` and weight 0 and each of four protocols (three, and any other); of `reuse` also the state.
 * Each cause or none, `conntrack` with and without the fix; of packets that were sent also
 * `unanswered`.
 *
 * | kind | forwarded | passed, other | rescheduled | dropped, rejected | ends |
 * | --- | --- | --- | --- | --- | --- |
 * | `unscheduled`, `overload` | 2 | 2 | 2 (new weight 0) x 2 | 2 x 3 | 14 |
 * | `unavailable` | 2 | 2 | 4 | 2 x 6 | 20 |
 * | `retry`: each cause, however it ended | | | | | 8 |
 * | nine others (one of them unknown) | 2 | 2 | 4 | 2 x 5 | 18 |
 */
export const MAX_OVERFLOW_KEYS = 4 * 4 * (18 * STATES + 2 * 14 + 20 + 8 + 8 * 18);

/**
 * What is left of a key without a service and a server: family 0, no address, port, namespace or
 * mark; of all else only what some metric or the summary tells apart. A member that comes to the key
 * is folded away until it is written down here.
 */
export class OverflowKey {
  readonly #words = new Uint32Array(KEY_WORDS);
  readonly #bytes = new Uint8Array(this.#words.buffer);

  /** Reads the key at `start`; the words returned are valid until the next call. */
  fold(words: Uint32Array, start: number): Uint32Array {
    const folded = this.#words;
    for (let word = 0; word < KEY_WORDS; word++) folded[word] = words[start + word] as number;
    const kind = kinds[this.#byte(Offset.kind)] as number;
    const verdict = verdicts[this.#byte(Offset.verdict)] as number;
    const protocol = protocols[this.#byte(Offset.protocol)] as number;
    const state = this.#byte(Offset.connState);
    const flags = this.#byte(Offset.flags) | (this.#byte(Offset.flags + 1) << 8);
    const cause = keptCause(kind, verdict, causes[this.#byte(Offset.cause)] as number);

    let kept = flags & (Flag.opening | Flag.weightZero);
    if (verdict === Verdict.rescheduled && kind !== Kind.retry) kept |= flags & Flag.newWeightZero;
    if (cause === Cause.conntrack && kind !== Kind.retry) kept |= flags & Flag.missingFix;

    folded.fill(0);
    this.#set(Offset.kind, kind);
    this.#set(Offset.verdict, kind === Kind.retry ? Verdict.forwarded : verdict);
    this.#set(Offset.protocol, protocol);
    this.#set(Offset.connState, kind === Kind.reuse && state < STATES ? state : 0);
    this.#set(Offset.cause, cause);
    this.#set(Offset.flags, kept & 0xff);
    this.#set(Offset.flags + 1, kept >> 8);
    return folded;
  }

  #byte(offset: number): number {
    return this.#bytes[offset - KEY_OFFSET] as number;
  }

  #set(offset: number, value: number): void {
    this.#bytes[offset - KEY_OFFSET] = value;
  }
}

/** The cause where packets of that kind and end may have it, else none. */
function keptCause(kind: number, verdict: number, cause: number): number {
  if (kind === Kind.retry) return cause;
  if (verdict === Verdict.forwarded || verdict === Verdict.rescheduled) {
    return cause === Cause.unanswered ? cause : Cause.none;
  }
  if (verdict !== Verdict.dropped && verdict !== Verdict.rejected) return Cause.none;
  return (dropCauses[kind] ?? anyDropCause).includes(cause) ? cause : Cause.none;
}

/** By a byte's value: itself where it is one of these, else 0. */
function onlyThese(values: readonly number[]): Uint8Array {
  const table = new Uint8Array(256);
  for (const value of values) table[value] = value;
  return table;
}
