/** Is notified by an aggregator whose rows it derives something from. */
export interface RowWatcher {
  /** Called after a batch that added rows. */
  onNewRows(): void;
  /** Called before these rows are removed and reused for other keys; they can still be read. */
  onExpire(rows: readonly number[]): void;
}
