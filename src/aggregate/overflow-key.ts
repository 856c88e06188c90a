import { possibleCause } from '../record/cause.js';
import { Cause, Flag, Kind, Verdict } from '../record/layout.generated.js';
import { RecordView } from '../record/record-view.generated.js';
import { KEY_BYTES, KEY_OFFSET, KEY_WORDS } from './row-key.js';

/** Values that metrics distinguish by name; any other becomes 0. */
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

/**
 * Different overflow keys at most: how a packet ended, for each pair of
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
 * Maps keys that found no room to the few keys of overflow rows: family 0, no address, port, namespace
 * or mark; of all else only what some metric or the summary distinguishes. A member that is added to
 * the key is left out until it is named here.
 */
export class OverflowKey {
  readonly #key: RecordView;

  constructor() {
    this.#key = new RecordView(new Uint8Array(KEY_BYTES));
    this.#key.start = -KEY_OFFSET;
  }

  /** Makes the overflow key of the key at `start`; the words returned are valid until the next call. */
  make(words: Uint32Array, start: number): Uint32Array {
    const key = this.#key;
    for (let word = 0; word < KEY_WORDS; word++) key.words[word] = words[start + word] as number;
    const kind = kinds[key.kind] as number;
    const verdict = verdicts[key.verdict] as number;
    const protocol = protocols[key.protocol] as number;
    const { connState, flags } = key;
    const cause = possibleCause(kind, verdict, causes[key.cause] as number);

    let kept = flags & (Flag.opening | Flag.weightZero);
    if (verdict === Verdict.rescheduled && kind !== Kind.retry) kept |= flags & Flag.newWeightZero;
    if (cause === Cause.conntrack && kind !== Kind.retry) kept |= flags & Flag.missingFix;

    key.words.fill(0);
    key.kind = kind;
    key.verdict = kind === Kind.retry ? Verdict.forwarded : verdict;
    key.protocol = protocol;
    key.connState = kind === Kind.reuse && connState < STATES ? connState : 0;
    key.cause = cause;
    key.flags = kept;
    return key.words;
  }
}

/** By a byte's value: itself where it is one of these, else 0. */
function onlyThese(values: readonly number[]): Uint8Array {
  const table = new Uint8Array(256);
  for (const value of values) table[value] = value;
  return table;
}
