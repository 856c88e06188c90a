/** What was received since the start. Monotonic. */
export interface Totals {
  readonly records: number;
  /** Packets they stand for. */
  readonly packets: number;
  /** Those counted in overflow rows, without service and server. */
  readonly overflow: number;
}
