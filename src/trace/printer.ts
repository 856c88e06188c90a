import { decodeEvent } from '../record/decode.js';
import { EventSelection } from '../record/event-selection.js';
import type { RecordBatch } from '../record/record-batch.js';
import type { KindName } from '../record/value-names.js';
import { columnHeader, formatColumns, type NamespaceName } from './columns.js';
import type { ParsedFilter } from './filter.js';
import { fitsFilter } from './fits-filter.js';
import type { OutputFormat } from './output-formats.js';

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

/** Prints the events of chosen kinds, one a line; with `drops` also every dropped packet. */
export class EventPrinter {
  readonly #output: LineOutput;
  readonly #format: OutputFormat;
  readonly #toTime: (monotonicNs: number) => string;
  readonly #selection: EventSelection;
  readonly #filter: ParsedFilter;
  readonly #nameOf: NamespaceName;
  #headerDue: boolean;

  constructor(options: {
    readonly output: LineOutput;
    readonly format: OutputFormat;
    readonly kinds: readonly KindName[];
    /** Whatever else is dropped or rejected, too (default: no). */
    readonly drops?: boolean;
    readonly nameOf: NamespaceName;
    /** Of those, which (default: all). */
    readonly filter?: ParsedFilter;
    readonly toTime: (monotonicNs: number) => string;
  }) {
    this.#output = options.output;
    this.#format = options.format;
    this.#toTime = options.toTime;
    this.#selection = new EventSelection(options.kinds, options.drops ?? false);
    this.#nameOf = options.nameOf;
    this.#filter = options.filter ?? {};
    this.#headerDue = options.format === 'columns';
  }

  print(batch: RecordBatch): void {
    for (let index = 0; index < batch.count; index++) {
      if (!this.#selection.has(batch, index)) continue;
      if (fitsFilter(batch, index, this.#filter)) this.#printRecord(batch, index);
    }
    this.#output.flush();
  }

  #printRecord(batch: RecordBatch, index: number): void {
    const packets = batch.record(index).count;
    if (!this.#output.accepts) {
      this.#output.skip(packets);
      return;
    }
    if (this.#headerDue) {
      this.#headerDue = false;
      this.#output.line(columnHeader, 0);
    }
    const event = decodeEvent(batch, index, this.#toTime);
    const text =
      this.#format === 'json' ? JSON.stringify(event) : formatColumns(event, this.#nameOf);
    this.#output.line(text, packets);
  }
}
