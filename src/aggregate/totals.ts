/** What was received since the start; none of it ever falls. */
export interface Totals {
  readonly records: number;
  /** Packets they stand for. */
  readonly packets: number;
  /** Those whose row found no room, so that their service and server were folded away. */
  readonly overflow: number;
}
