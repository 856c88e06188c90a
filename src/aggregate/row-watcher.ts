/** Whoever keeps something that was made of rows. */
export interface RowWatcher {
  /** These rows of the table, as they are still, are about to be forgotten and given to other keys. */
  onExpire(rows: readonly number[]): void;
}
