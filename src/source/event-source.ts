import type { OnBatch } from '../record/record-batch.js';

/** One program of the probe and where it is attached. */
export interface AttachedProgram {
  /** The kernel function. */
  readonly function: string;
  /** `fentry`, `fexit`, `kprobe`, `kretprobe`, or of a tracepoint `tp_btf`, `raw_tp`. */
  readonly variant: string;
  readonly attached: boolean;
  /** Runs that the kernel skipped: what happened then was not seen. Absent: it does not count. */
  readonly skippedRuns?: number;
}

/**
 * Whether the probe is known to see packets. `proven`: it sees its own; `blind`: it does not, or a
 * switch of the kernel is off; `unproven`: it can send none, and silence proves nothing.
 */
export type Watching = 'proven' | 'blind' | 'unproven';

export interface Sight {
  readonly watching: Watching;
  /** Why it is not proven; empty where it is. */
  readonly unprovenCause: string;
  /** How long it was blind, each time from the last of its own packets that it saw to the next. */
  readonly blindSeconds: number;
  /** Why it was, the last time; empty where it never was. */
  readonly blindCause: string;
  /** Packets of its own. */
  readonly heartbeats: { readonly seen: number; readonly missed: number };
}

/** Packets that ip_vs was given, and those of them that open a connection. */
export interface LookedUp {
  readonly packets: number;
  readonly opening: number;
}

/** What a source says of itself; the cause of everything that has no record. */
export interface SourceState extends Sight {
  readonly programs: readonly AttachedProgram[];
  /** Cause to count. */
  readonly losses: Readonly<Record<string, number>>;
  /** Packets whose number is known, but not their detail: there were too many. */
  readonly detailDropped: number;
  /** Packets whose service and server are not known: there were too many of them at once. */
  readonly kernelOverflow: number;
  /** What the lookup was given of the packets that the filter asks for. */
  readonly lookedUp?: LookedUp;
  /** Bytes of kernel memory that the probe takes; absent while there is none. */
  readonly kernelMemory?: number;
  /** What kept it from reading all there was, a line each; absent: nothing did. */
  readonly failures?: readonly string[];
}

/** Of a source that is not there. */
export const noSource: SourceState = {
  programs: [],
  losses: {},
  detailDropped: 0,
  kernelOverflow: 0,
  watching: 'unproven',
  unprovenCause: 'the probe is not attached',
  blindSeconds: 0,
  blindCause: '',
  heartbeats: { seen: 0, missed: 0 },
};

/** Whether every program is attached, and there are any. */
export const isAttached = ({ programs }: SourceState): boolean =>
  programs.length > 0 && programs.every((program) => program.attached);

/** Where records come from. */
export interface EventSource {
  start(onBatch: OnBatch): void;
  state(): SourceState;
  /** Delivers what is waiting now, before it returns. */
  flush(): void;
  /**
   * Delivers what is still on its way, then lets go of everything. Again is fine. What cannot be read
   * is no error: `state().failures` says it.
   */
  stop(): void;
}
