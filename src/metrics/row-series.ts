import type { SnapshotRow } from '../aggregate/snapshot.js';
import type { SampleText } from './sample-text.js';
import type { LabelPart } from './text.js';

/**
 * The series of one metric, kept from scrape to scrape. A series lives as long as one of its rows
 * does, or somebody holds it. While it lives it never falls: what a row added stays when the row
 * expires.
 */
export interface RowSeries {
  /** As of the last `update`. */
  readonly samples: SampleText;
  /** Row `row` is new; `described` says what it is, and not how much. `service`: its service's labels. */
  adopt(row: number, described: SnapshotRow, service: string): void;
  /** Packets were added to an adopted row. */
  add(row: number, packets: number): void;
  /** An adopted row is about to be removed. */
  drop(row: number): void;
  /** The series of these labels is there from now on, at 0 where it was not. Returns its number. */
  hold(labels: readonly LabelPart[]): number;
  /** Ends one `hold`. */
  release(series: number): void;
  /** Brings the samples up to date. */
  update(): void;
}
