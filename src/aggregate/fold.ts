import { dropCause, showsMissingFix } from '../wire/decode.js';
import { Conntrack, Flag, Kind, Offset, Verdict } from '../wire/layout.generated.js';
import { KEY_START, KEY_WORDS } from './key.js';

/** What the metrics tell apart by name; any other number becomes 0. */
const kinds = onlyThese(Object.values(Kind));
const verdicts = onlyThese(Object.values(Verdict));
const protocols = onlyThese([6, 17, 132]);
/** IP_VS_{TCP,UDP,SCTP}_S_*: the most are SCTP's 14. */
const STATES = 16;

/**
 * Different keys that folding makes at most, whatever is folded: how a packet ended, for each pair of
 * `opening` and weight 0 and each of four protocols (three, and any other); of `reuse` also the state.
 *
 * | kind | forwarded, passed, other | rescheduled | dropped, rejected | ends |
 * | --- | --- | --- | --- | --- |
 * | of one cause (`unscheduled`, `overload`), or not sent | 3 | 2 (new weight 0) | 2 x 2 | 9 |
 * | `unavailable`: conntrack, with and without fix, or unavailable, or not sent | 3 | 2 | 2 x 4 | 13 |
 * | all others (one of them unknown): conntrack, with and without fix, or not sent | 3 | 2 | 2 x 3 | 11 |
 */
export const MOST_FOLDED_KEYS = 4 * 4 * (11 * STATES + 2 * 9 + 13 + 5 * 11);

/**
 * What is left of a key without a service and a server: family 0, no address, port, namespace or
 * mark; of all else only what some metric or the summary tells apart. A member that comes to the key
 * is folded away until it is written down here.
 */
export class KeyFolder {
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
    const flags = folded[(Offset.flags - KEY_START) / 4] as number;
    const cause = dropCause(kind, verdict, flags);
    const missingFix = showsMissingFix(cause, this.#byte(Offset.conntrack));

    let kept = flags & (Flag.opening | Flag.weightZero);
    if (verdict === Verdict.rescheduled) kept |= flags & Flag.newWeightZero;
    // The flags that tell the same cause again.
    if (cause === 'transmit') kept |= Flag.notTransmitted;
    if (cause === 'conntrack' && kind === Kind.unavailable) kept |= Flag.expired;

    folded.fill(0);
    this.#set(Offset.kind, kind);
    this.#set(Offset.verdict, verdict);
    this.#set(Offset.protocol, protocol);
    this.#set(Offset.connState, kind === Kind.reuse && state < STATES ? state : 0);
    this.#set(Offset.conntrack, missingFix ? Conntrack.unconfirmed : Conntrack.none);
    folded[(Offset.flags - KEY_START) / 4] = kept;
    return folded;
  }

  #byte(offset: number): number {
    return this.#bytes[offset - KEY_START] as number;
  }

  #set(offset: number, value: number): void {
    this.#bytes[offset - KEY_START] = value;
  }
}

/** By a byte's value: itself where it is one of these, else 0. */
function onlyThese(values: readonly number[]): Uint8Array {
  const table = new Uint8Array(256);
  for (const value of values) table[value] = value;
  return table;
}
