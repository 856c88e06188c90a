import { cpus } from 'node:os';
import { ExitCode, IpvscopeError } from '../error.js';
import { Detail, Kind, Loss, RECORD_SIZE, Variant } from '../record/layout.generated.js';
import { type OnBatch, RecordBatch } from '../record/record-batch.js';
import { type KindName, kindNames } from '../record/value-names.js';
import type { ServiceKey } from '../services/virtual-service.js';
import { loadAddon, type NativeSession, type ProgramState, type SessionConfig } from './addon.js';
import type { Attachment } from './attachment.js';
import type { EventFilter } from './event-filter.js';
import { translate } from './native-error.js';
import { RecordPump, type RecordReader } from './record-pump.js';
import { serviceKeys } from './service-keys.js';

export type { ProgramState } from './addon.js';

export interface SessionOptions {
  /** Bytes of each CPU's ring buffer: a power of two, at least one page. */
  readonly ringBytes?: number;
  /** Records that one call of `onBatch` may carry at most. */
  readonly batchRecords?: number;
  /** Kinds told packet by packet (default: all); packets of the others are added up. */
  readonly detail?: readonly KindName[];
  /** Whatever else is dropped or rejected is told packet by packet, too (default: no). */
  readonly detailDrops?: boolean;
  /** Packets that do not fit leave no trace: they are neither told nor added up (default: all fit). */
  readonly filter?: EventFilter;
  /**
   * Milliseconds (default: a minute). The kernel counts by number the keys that it knows, as many as
   * it has numbers for; a key that had no packet for so long may give its number to another.
   */
  readonly keyIdleMs?: number;
  /** Virtual services that there is room for (default: 4096). */
  readonly services?: number;
  /** How to attach (default: fentry and fexit). */
  readonly attachment?: Attachment;
  /** Keep the verifier's statistics of every program. */
  readonly verifierLog?: boolean;
  /** Load the record generator instead of the probe: needs no ip_vs, attaches nothing. */
  readonly generator?: boolean;
  /** Of the generator (default: true): none of its programs runs while `readAggregates()` reads. */
  readonly settled?: boolean;
  /**
   * Of the generator (default: true): aggregation maps are read by batch operations; else element by
   * element, as on kernels without these (before 5.6).
   */
  readonly batches?: boolean;
}

/** What happened and has no record, by cause (enum ipvscope_loss), as metrics name it. */
export interface Losses {
  readonly pending_full: number;
  readonly unpaired: number;
  readonly unreadable: number;
  readonly retry_full: number;
  readonly opening_evicted: number;
  readonly coalesced_full: number;
  /** Records of a size that the ring's reader did not expect. */
  readonly misfit: number;
}

export interface Counters {
  readonly losses: Losses;
  /** Packets that found no room in the ring and were added up instead: numbers without detail. */
  readonly detailDropped: number;
  /** Packets that were added up without addresses: the kernel's table had no room for their key. */
  readonly kernelOverflow: number;
  /** Packets that the lookup was given and that fit the filter; 0 where there is none. */
  readonly lookedUp: { readonly packets: number; readonly opening: number };
}

/** Of all CPUs' rings together, but for what one has at least. */
const RINGS_BYTES = 4 << 20;
const MIN_RING_BYTES = 64 << 10;
const PAGE_BYTES = 4096;
const DEFAULT_BATCH_RECORDS = 4096;
/** Virtual services that the probe has room for: 28 bytes each, and what the kernel needs. */
const DEFAULT_SERVICES = 4096;
const DEFAULT_KEY_IDLE_MS = 60_000;

/** enum ipvscope_variant, by name. */
const nativeVariant = {
  fexit: Variant.trampoline,
  kprobe: Variant.kprobe,
  generator: Variant.generator,
} as const;

function wrongArgument(message: string): IpvscopeError {
  return new IpvscopeError('ERR_ARGUMENT', message, { exitCode: ExitCode.usage });
}

const rethrow = (error: IpvscopeError): void => {
  throw error;
};

function translated<T>(call: () => T): T {
  try {
    return call();
  } catch (cause) {
    throw translate(cause);
  }
}

/** Where nothing is told one by one the rings only wake. */
function defaultRingBytes(detail: number): number {
  if (detail === 0) return PAGE_BYTES;
  // All of the machine's: there is a ring for each, whichever of them this process may use.
  const share = 2 ** Math.floor(Math.log2(RINGS_BYTES / Math.max(1, cpus().length)));
  return Math.max(share, MIN_RING_BYTES);
}

/**
 * Loads, attaches and reads the probe in the kernel. Owns one batch, which every read overwrites: use
 * it inside `onBatch`, or before the next `drain()` or `readAggregates()`.
 *
 * Every method but `close()` throws an IpvscopeError: ERR_PROBE_CLOSED before `open()` and after
 * `close()`, but for `detach()`; ERR_PROBE_READ where the kernel refuses what is asked of it; from
 * `open()` ERR_KERNEL_UNSUPPORTED where a function is missing, ERR_KERNEL_LOCKDOWN, ERR_BTF_FILE for
 * types that are not this kernel's, ERR_BTF_READ where its own cannot be read, and ERR_PROBE_OPEN,
 * ERR_PROBE_LOAD, ERR_PROBE_ATTACH and ERR_PROBE_RING by the step that failed.
 */
export class Session {
  /** The records read last; the next read overwrites them. */
  readonly batch: RecordBatch;
  readonly #native: NativeSession;
  readonly #config: SessionConfig;
  #pump: RecordPump | undefined;
  #delivering = false;
  #detached = false;

  constructor(options: SessionOptions = {}) {
    const detail = (options.detail ?? kindNames).reduce(
      (mask, kind) => mask | (1 << Kind[kind]),
      options.detailDrops === true ? Detail.drops : 0,
    );
    const { variant = 'fexit', btf = '' } = options.attachment ?? {};
    const ringBytes = options.ringBytes ?? defaultRingBytes(detail);
    const power = Math.log2(ringBytes);
    if (!Number.isInteger(power) || power < 12 || power > 30) {
      throw wrongArgument(
        `the ring's size must be a power of two from 4 KiB to 1 GiB, not ${ringBytes} bytes`,
      );
    }
    const keyIdleMs = options.keyIdleMs ?? DEFAULT_KEY_IDLE_MS;
    if (!Number.isInteger(keyIdleMs) || keyIdleMs < 1 || keyIdleMs >= 2 ** 32) {
      throw wrongArgument(`a key may be idle from 1 to ${2 ** 32 - 1} ms, not ${keyIdleMs}`);
    }
    this.#config = {
      ringBytes,
      detail,
      services: options.services ?? DEFAULT_SERVICES,
      variant: nativeVariant[options.generator === true ? 'generator' : variant],
      types: btf,
      verifierLog: options.verifierLog ?? false,
      keyIdleMs,
      filter: options.filter ?? {},
      settled: options.generator === true && options.settled !== false,
      batches: options.generator !== true || options.batches !== false,
    };
    const batchRecords = options.batchRecords ?? DEFAULT_BATCH_RECORDS;
    if (!Number.isInteger(batchRecords) || batchRecords < 1 || batchRecords > 1 << 20) {
      throw wrongArgument(`a batch holds from 1 to ${1 << 20} records, not ${batchRecords}`);
    }
    const addon = loadAddon();
    const bytes = new Uint8Array(batchRecords * RECORD_SIZE);
    this.batch = new RecordBatch(bytes, () => addon.dropReasons());
    this.#native = new addon.Session(bytes);
  }

  /** Loads and attaches every program; on return each of them sees packets. */
  open(): void {
    translated(() => this.#native.open(this.#config));
  }

  /**
   * Calls back on this thread's event loop with all that comes: records one by one within 40 ms, what
   * was added up within two seconds. Keeps the loop alive. Throws ERR_PROBE_STARTED the second time.
   * While a promise that `onBatch` returned is pending it is not called: records stay in the kernel.
   * `onError` (default: throws) is called once, where the kernel refuses to be read; from then on
   * nothing comes.
   */
  start(onBatch: OnBatch, onError = rethrow): void {
    const pump = new RecordPump(this.#untilError(onError), () => this.#deliver(onBatch));
    translated(() => this.#native.start(() => pump.wake()));
    this.#pump = pump;
  }

  /** What the pump reads: after the first error there is nothing more. */
  #untilError(onError: (error: IpvscopeError) => void): RecordReader {
    let failed = false;
    const read = <T>(call: () => T, nothing: T): T => {
      if (failed) return nothing;
      try {
        return call();
      } catch (cause) {
        if (!(cause instanceof IpvscopeError)) throw cause;
        failed = true;
        onError(cause);
        return nothing;
      }
    };
    return {
      batch: this.batch,
      drain: () => read(() => this.drain(), 0),
      rearm: () => read(() => this.rearm(), true),
      readAggregates: () => read(() => this.readAggregates(), 0),
      hasAggregates: () => read(() => this.hasAggregates(), false),
    };
  }

  /** Fills `bytes` now, the oldest records first; returns how many, 0 when the rings are empty. */
  drain(): number {
    return this.#read(() => this.#native.drain());
  }

  /** From here on the first record wakes; false where something has come that nobody was woken for. */
  rearm(): boolean {
    return translated(() => this.#native.rearm());
  }

  /** Whether anything was added up that `readAggregates()` has not told. */
  hasAggregates(): boolean {
    return translated(() => this.#native.hasAggregates());
  }

  /**
   * Fills `bytes` with records of several packets each: kinds that are not told one by one, and what
   * found no room in the ring. Returns how many, 0 when all there were have been read; what is added
   * up from then on comes with the calls after that.
   */
  readAggregates(): number {
    return this.#read(() => this.#native.readAggregates());
  }

  /**
   * Delivers what can be read without waiting; after `detach()`, everything there is. Of aggregates,
   * the kernel adds to one side of the map while the other is read: before `detach()` the side in use
   * is left for a later call. Returns at once when called from inside a delivery, whose batch it would
   * overwrite; a promise that `onBatch` returns is not waited for.
   */
  readAll(onBatch: OnBatch): void {
    if (this.#delivering) return;
    const { capacity } = this.batch;
    // A batch that is not full is the last: records that arrive meanwhile come with a later call.
    for (let records = capacity; records === capacity; ) {
      records = this.drain();
      if (records > 0) void this.#deliver(onBatch);
    }
    for (let side = this.#detached ? 2 : 1; side > 0; side--) {
      while (this.readAggregates() > 0) void this.#deliver(onBatch);
    }
  }

  #read(call: () => number): number {
    this.batch.count = translated(call);
    return this.batch.count;
  }

  #deliver(onBatch: OnBatch): Promise<void> | undefined {
    this.#delivering = true;
    try {
      return onBatch(this.batch);
    } finally {
      this.#delivering = false;
    }
  }

  programs(): readonly ProgramState[] {
    return translated(() => this.#native.programs());
  }

  /** Also gives up packets that were never seen to leave the hook, and counts them as unpaired. */
  counters(): Counters {
    const counts = translated(() => this.#native.losses());
    const count = (index: number): number => counts[index] ?? 0;
    const losses = {
      pending_full: count(Loss.pendingFull),
      unpaired: count(Loss.unpaired),
      unreadable: count(Loss.unreadable),
      retry_full: count(Loss.retryFull),
      opening_evicted: count(Loss.openingEvicted),
      coalesced_full: count(Loss.aggregationFull),
      misfit: count(Loss.misfit),
    };
    return {
      losses,
      detailDropped: count(Loss.ringFull),
      kernelOverflow: count(Loss.overflow),
      lookedUp: { packets: count(Loss.noneLookedUp), opening: count(Loss.noneLookedUpOpening) },
    };
  }

  /**
   * Tells the probe the virtual services: packets of connections that IPVS no longer knows are
   * reported where they were sent to one of these. Returns how many found no room.
   */
  setServices(services: readonly ServiceKey[]): number {
    return translated(() => this.#native.setServices(serviceKeys(services)));
  }

  /** Bytes of kernel memory that its maps, rings and programs take; 0 where /proc does not say. */
  kernelMemory(): number {
    return translated(() => this.#native.kernelMemory());
  }

  /**
   * Sends a packet of the probe's own through the hook of ip_vs, and says whether it was seen there.
   * Throws ERR_HEARTBEAT where none can be sent (no CAP_SYS_ADMIN or CAP_NET_ADMIN).
   */
  beat(): boolean {
    return translated(() => this.#native.beat());
  }

  /** Up to 1024 records of `keys` virtual services, numbered from `first`, into the ring. */
  generate(first: number, count: number, keys: number): void {
    translated(() => this.#native.generate(first, count, keys));
  }

  /** No new records from here on; what there is can still be read. Again is fine. */
  detach(): void {
    this.#detached = true;
    translated(() => this.#native.detach());
  }

  /** Takes the probe out of the kernel. Again is fine. */
  close(): void {
    this.#pump?.stop();
    this.#pump = undefined;
    this.#native.close();
  }
}
