import type { SnapshotRow } from '../aggregate/snapshot.js';
import type { RowFamily } from './row-family.js';
import type { RowSeries } from './row-series.js';
import { SampleText } from './sample-text.js';
import { headerText, type LabelPart, seriesText } from './text.js';

/** A counter's series: for each row the sample that it adds to. */
export class CounterSeries implements RowSeries {
  readonly samples: SampleText;
  readonly #family: RowFamily;
  /** By row: its sample + 1; 0 where it adds to none. */
  readonly #sampleOf: Int32Array;
  /** Samples by `name{labels} `, and the other way round. */
  readonly #byText = new Map<string, number>();
  readonly #texts: string[] = [];
  /** By sample: rows that add to it, and holders. */
  readonly #users: number[] = [];

  /** `rows`: how many the count table has room for. */
  constructor(family: RowFamily, rows: number) {
    this.#family = family;
    this.#sampleOf = new Int32Array(rows);
    this.samples = new SampleText(headerText(family.name, family.help, 'counter'));
    if (family.fromStart !== undefined) this.hold(family.fromStart);
  }

  adopt(row: number, described: SnapshotRow, service: string): void {
    const labels = this.#family.labels(described, service);
    if (labels !== undefined) this.#sampleOf[row] = this.hold(labels) + 1;
  }

  add(row: number, packets: number): void {
    const sample = (this.#sampleOf[row] as number) - 1;
    if (sample >= 0) this.samples.set(sample, this.samples.valueOf(sample) + packets);
  }

  drop(row: number): void {
    const sample = (this.#sampleOf[row] as number) - 1;
    if (sample < 0) return;
    this.#sampleOf[row] = 0;
    this.release(sample);
  }

  hold(labels: readonly LabelPart[]): number {
    const text = seriesText(this.#family.name, ...labels);
    let sample = this.#byText.get(text);
    if (sample === undefined) {
      sample = this.samples.open(text);
      this.#byText.set(text, sample);
      this.#texts[sample] = text;
      this.#users[sample] = 0;
    }
    (this.#users[sample] as number)++;
    return sample;
  }

  release(sample: number): void {
    if (--(this.#users[sample] as number) > 0) return;
    this.#byText.delete(this.#texts[sample] as string);
    this.#texts[sample] = '';
    this.samples.close(sample);
  }

  update(): void {
    // Nothing: each addition is in its sample already.
  }
}
