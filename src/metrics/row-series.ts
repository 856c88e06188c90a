import type { SnapshotRow } from '../aggregate/snapshot.js';
import type { SampleText } from './sample-text.js';

/**
 * The series of one metric, kept from scrape to scrape. A series lives as long as one of its rows
 * does. While it lives it never falls: what a row added stays when the row expires.
 */
export interface RowSeries {
  /** As of the last `update`. */
  readonly samples: SampleText;
  /** Row `row` is new; `described` says what it is, and not how much. */
  adopt(row: number, described: SnapshotRow): void;
  /** Packets were added to an adopted row. */
  add(row: number, packets: number): void;
  /** An adopted row is about to be forgotten. */
  drop(row: number): void;
  /** Brings the samples up to date. */
  update(): void;
}
