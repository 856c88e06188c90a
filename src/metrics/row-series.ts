import type { SnapshotRow } from '../aggregate/snapshot.js';

/**
 * The series of one metric, kept from scrape to scrape. A series lives as long as one of its rows
 * does. While it lives it never falls: what a row added stays when the row expires.
 */
export interface RowSeries {
  /** Row `row` is new; `described` says what it is, and not how much. */
  adopt(row: number, described: SnapshotRow): void;
  /** Packets were added to an adopted row. */
  add(row: number, packets: number): void;
  /** An adopted row is about to be forgotten. */
  drop(row: number): void;
  /** Header and samples, every line ended. */
  text(): string;
}
