/** What decides about a reused port, and stays for three rounds. */
export interface Phase {
  readonly index: number;
  readonly connReuseMode: 0 | 1;
  readonly expireNodestConn: 0 | 1;
  readonly conntrack: boolean;
  /** CPUs that packets come in on; with one, the order of all packets is known. */
  readonly cpus: number;
}

const settings: readonly Omit<Phase, 'index'>[] = [
  { connReuseMode: 0, expireNodestConn: 0, conntrack: false, cpus: 1 },
  { connReuseMode: 1, expireNodestConn: 1, conntrack: false, cpus: 2 },
  { connReuseMode: 1, expireNodestConn: 0, conntrack: true, cpus: 1 },
  { connReuseMode: 0, expireNodestConn: 1, conntrack: true, cpus: 2 },
];

export const phases: readonly Phase[] = settings.map((phase, index) => ({ index, ...phase }));

/**
 * The rounds of a phase. Between `all` and `drained` one server of each service gets weight 0; then,
 * for `removed`, another is taken out of the table, or all of a service get weight 0.
 */
export const rounds = ['all', 'drained', 'removed'] as const;

export type Round = (typeof rounds)[number];
