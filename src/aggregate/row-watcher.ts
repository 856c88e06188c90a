/** Whoever keeps something that was made of rows. */
export interface RowWatcher {
  /** A batch brought rows that were not there before. */
  onNewRows(): void;
  /** These rows of the table, as they are still, are about to be removed and given to other keys. */
  onExpire(rows: readonly number[]): void;
}
