import type { RecordBatch } from '../wire/batch.js';
import { decodeEvent } from '../wire/decode.js';
import { Kind, Offset, RECORD_SIZE } from '../wire/layout.generated.js';
import { type KindName, kindNames } from '../wire/names.js';
import { columnHeader, formatColumns } from './columns.js';

export const outputFormats = ['columns', 'json'] as const;
export type OutputFormat = (typeof outputFormats)[number];

/** Counted always, printed only when asked for: they are normal, or follow from another event. */
const onRequest: readonly KindName[] = ['draining', 'retransmit'];

export const defaultKinds: readonly KindName[] = kindNames.filter(
  (kind) => !onRequest.includes(kind),
);

/** Prints the events of chosen kinds, one a line. */
export class EventPrinter {
  readonly #write: (text: string) => void;
  readonly #format: OutputFormat;
  readonly #toTime: (monotonicNs: number) => string;
  readonly #wanted: ReadonlySet<number>;
  #headerDue: boolean;

  constructor(options: {
    readonly write: (text: string) => void;
    readonly format: OutputFormat;
    readonly kinds: readonly KindName[];
    readonly toTime: (monotonicNs: number) => string;
  }) {
    this.#write = options.write;
    this.#format = options.format;
    this.#toTime = options.toTime;
    this.#wanted = new Set(options.kinds.map((kind) => Kind[kind]));
    this.#headerDue = options.format === 'columns';
  }

  print(batch: RecordBatch): void {
    let text = '';
    for (let index = 0; index < batch.count; index++) {
      if (!this.#wanted.has(batch.bytes[index * RECORD_SIZE + Offset.kind] ?? 0)) continue;
      const event = decodeEvent(batch, index, this.#toTime);
      text += `${this.#format === 'json' ? JSON.stringify(event) : formatColumns(event)}\n`;
    }
    if (text === '') return;
    if (this.#headerDue) {
      this.#headerDue = false;
      text = `${columnHeader}\n${text}`;
    }
    this.#write(text);
  }
}
