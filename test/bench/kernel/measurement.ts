/** Who looks while the packets are sent. */
export const observers = {
  nobody: '',
  fexit: '`ipvscope serve`',
  trace: '`ipvscope serve --trace`: every notable packet as an event of its own',
  kprobe: '`ipvscope serve --attach kprobe`',
  empty:
    'two programs that do nothing, on the two functions whose return runs a program for every packet',
  bpftrace: 'a script that counts reused ports, and nothing else',
} as const;

export type ObserverName = keyof typeof observers;

/** What is sent. */
export const flows = {
  direct: 'to a host, no virtual service on the node',
  ordinary: 'of an established connection to a virtual service: not notable',
  new: 'opens a connection that ip_vs has no entry for: not notable',
  notable: 'a reused port, forwarded to a server of weight 0',
  local: 'to no virtual service, on a node that has some',
  defended: 'the same while drop_packet is in force',
  afterDrop: 'as new, after opening packets were dropped',
} as const;

export type Flow = keyof typeof flows;

/** One line of the guest's output. */
export interface Measurement {
  readonly observer: ObserverName;
  readonly flow: Flow;
  readonly round: number;
  /** A packet, from the system call on. */
  readonly instructions: number;
}

/** Another line: how long the observer took until it looked. */
export interface Attached {
  readonly observer: ObserverName;
  readonly round: number;
  /** Of the guest's time. */
  readonly attachMs: number;
}
