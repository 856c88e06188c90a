import type { RecordBatch } from '../wire/batch.js';
import { decodeEvent } from '../wire/decode.js';
import { Kind, Offset, RECORD_SIZE } from '../wire/layout.generated.js';
import { type KindName, kindNames } from '../wire/names.js';
import { columnHeader, formatColumns } from './columns.js';
import type { ParsedFilter } from './filter.js';
import { fitsFilter } from './match.js';

export const outputFormats = ['columns', 'json'] as const;
export type OutputFormat = (typeof outputFormats)[number];

/** Counted always, printed only when asked for: they are normal, or follow from another event. */
const onRequest: readonly KindName[] = ['draining', 'retransmit'];

export const defaultKinds: readonly KindName[] = kindNames.filter(
  (kind) => !onRequest.includes(kind),
);

/** Where lines go. */
export interface LineOutput {
  /** Whether it takes lines now. */
  readonly accepts: boolean;
  /** One line, without its end, with the events of so many packets. */
  line(text: string, packets: number): void;
  /** Of so many packets, in place of a line that it does not take. */
  skip(packets: number): void;
  /** These lines belong together, and no more come soon. */
  flush(): void;
}

/** Prints the events of chosen kinds, one a line. */
export class EventPrinter {
  readonly #output: LineOutput;
  readonly #format: OutputFormat;
  readonly #toTime: (monotonicNs: number) => string;
  readonly #wanted: ReadonlySet<number>;
  readonly #filter: ParsedFilter;
  #headerDue: boolean;

  constructor(options: {
    readonly output: LineOutput;
    readonly format: OutputFormat;
    readonly kinds: readonly KindName[];
    /** Of those, which (default: all). */
    readonly filter?: ParsedFilter;
    readonly toTime: (monotonicNs: number) => string;
  }) {
    this.#output = options.output;
    this.#format = options.format;
    this.#toTime = options.toTime;
    this.#wanted = new Set(options.kinds.map((kind) => Kind[kind]));
    this.#filter = options.filter ?? {};
    this.#headerDue = options.format === 'columns';
  }

  print(batch: RecordBatch): void {
    for (let index = 0; index < batch.count; index++) {
      if (!this.#wanted.has(batch.bytes[index * RECORD_SIZE + Offset.kind] ?? 0)) continue;
      if (fitsFilter(batch, index, this.#filter)) this.#printRecord(batch, index);
    }
    this.#output.flush();
  }

  #printRecord(batch: RecordBatch, index: number): void {
    const packets = batch.words[(index * RECORD_SIZE + Offset.count) / 4] ?? 0;
    if (!this.#output.accepts) {
      this.#output.skip(packets);
      return;
    }
    if (this.#headerDue) {
      this.#headerDue = false;
      this.#output.line(columnHeader, 0);
    }
    const event = decodeEvent(batch, index, this.#toTime);
    const text = this.#format === 'json' ? JSON.stringify(event) : formatColumns(event);
    this.#output.line(text, packets);
  }
}
