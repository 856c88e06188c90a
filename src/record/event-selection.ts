import { Kind, Verdict } from './layout.generated.js';
import type { RecordBatch } from './record-batch.js';
import { type KindName, kindNames } from './value-names.js';

/** Counted always, delivered only on request: normal, or implied by another event. */
const onRequest: readonly KindName[] = ['draining', 'retransmit'];

/** The kinds that are delivered unless others are chosen. */
export const defaultKinds: readonly KindName[] = kindNames.filter(
  (kind) => !onRequest.includes(kind),
);

/** Selects records by kind; with `drops` also every dropped or rejected packet of any kind. */
export class EventSelection {
  readonly #kinds: ReadonlySet<number>;
  readonly #drops: boolean;

  constructor(kinds: readonly KindName[], drops: boolean) {
    this.#kinds = new Set(kinds.map((kind) => Kind[kind]));
    this.#drops = drops;
  }

  /** Returns whether the batch's record `index` is selected. */
  has(batch: RecordBatch, index: number): boolean {
    const { kind, verdict } = batch.record(index);
    if (this.#kinds.has(kind)) return true;
    return this.#drops && (verdict === Verdict.dropped || verdict === Verdict.rejected);
  }
}
