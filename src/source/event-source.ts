import type { OnBatch } from '../record/record-batch.js';

/** One program of the probe and where it is attached. */
export interface AttachedProgram {
  /** The kernel function. */
  readonly function: string;
  /** `fentry`, `fexit`, `kprobe`, `kretprobe`, or of a tracepoint `tp_btf`, `raw_tp`. */
  readonly variant: string;
  readonly attached: boolean;
  /** Runs that the kernel skipped (BPF recursion): not seen. Absent where it does not count them. */
  readonly skippedRuns?: number;
}

/**
 * Whether the probe is known to see packets. `proven`: it sees its heartbeats; `blind`: it does not, or
 * a switch of the kernel is off; `unproven`: no heartbeat can be sent, and silence proves nothing.
 */
export type Watching = 'proven' | 'blind' | 'unproven';

/** What the heartbeats show. */
export interface Sight {
  readonly watching: Watching;
  /** Why it is not proven; empty where it is. */
  readonly unprovenCause: string;
  /** Seconds of blindness, each time from the last heartbeat that was seen to the next. */
  readonly blindSeconds: number;
  /** Why it was blind the last time; empty where it never was. */
  readonly blindCause: string;
  /** Heartbeats that were sent, by whether the probe saw them. */
  readonly heartbeats: { readonly seen: number; readonly missed: number };
}

/** Packets that ip_vs looked up, and those of them that open a connection. */
export interface LookedUp {
  readonly packets: number;
  readonly opening: number;
}

/** The state of a source, and the counts of everything that has no record. */
export interface SourceState extends Sight {
  readonly programs: readonly AttachedProgram[];
  /** Packets without a record, by cause. */
  readonly losses: Readonly<Record<string, number>>;
  /** Packets aggregated without event detail because the rings were full. */
  readonly detailDropped: number;
  /** Packets counted in the kernel's overflow buckets, without service and server. */
  readonly kernelOverflow: number;
  /** Packets that ip_vs looked up and that match the filter. */
  readonly lookedUp?: LookedUp;
  /** Bytes of kernel memory of the probe; absent while it is not attached. */
  readonly kernelMemory?: number;
  /** Reads that failed, a line each; absent: none did. */
  readonly failures?: readonly string[];
}

/** The state of a source that is not attached. */
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

/** Returns whether there are programs and all of them are attached. */
export const isAttached = ({ programs }: SourceState): boolean =>
  programs.length > 0 && programs.every((program) => program.attached);

/** Delivers records. */
export interface EventSource {
  start(onBatch: OnBatch): void;
  state(): SourceState;
  /** Delivers what can be read now, before it returns; back-pressure does not hold it. */
  flush(): void;
  /**
   * Detaches all programs, delivers the remaining records and frees everything. Idempotent. Failed
   * reads are reported by `state().failures`, not thrown.
   */
  stop(): void;
}
