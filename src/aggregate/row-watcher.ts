/** Whoever keeps something that was made of a row. */
export interface RowWatcher {
  /** Row `row` of the table, as it is still, is about to be forgotten and given to another key. */
  onExpire(row: number): void;
}
