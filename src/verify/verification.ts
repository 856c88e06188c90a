/** Whether a round is consistent with what independent observers saw. */
export interface Verification {
  /** For people: what was played, what was observed, and every inconsistency. */
  readonly report: string;
  readonly passed: boolean;
}
