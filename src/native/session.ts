import { cpus } from 'node:os';
import { IpvscopeError } from '../error.js';
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
  /** Kinds delivered per event (default: all); packets of the others are aggregated. */
  readonly detail?: readonly KindName[];
  /** Also delivers every other dropped or rejected packet per event (default: no). */
  readonly detailDrops?: boolean;
  /** Which packets are of interest (default: all). Others are neither delivered nor counted. */
  readonly filter?: EventFilter;
  /**
   * Milliseconds (default: a minute) without a packet after which an aggregation key's slot may be
   * reassigned to another key.
   */
  readonly keyIdleMs?: number;
  /** Capacity of the map of virtual services (default: 4096). */
  readonly services?: number;
  /** How to attach (default: fentry and fexit). */
  readonly attachment?: Attachment;
  /** Keeps the verifier's statistics of every program. */
  readonly verifierLog?: boolean;
  /** Loads the record generator in place of the probe: needs no ip_vs, attaches nothing. */
  readonly generator?: boolean;
  /**
   * Generator only (default: true): none of its programs runs during `readAggregates()`, so that no
   * grace period has to elapse.
   */
  readonly settled?: boolean;
  /**
   * Generator only (default: true): reads aggregation maps by batch operations; else element by
   * element, as on kernels before 5.6.
   */
  readonly batches?: boolean;
}

/** Packets without a record, by cause (enum ipvscope_loss). The names are label values of metrics. */
export interface Losses {
  readonly pending_full: number;
  readonly unpaired: number;
  readonly unreadable: number;
  readonly retry_full: number;
  readonly opening_evicted: number;
  readonly coalesced_full: number;
  /** Records of an unexpected size in a ring. */
  readonly misfit: number;
}

/** What the kernel counts beside records. */
export interface Counters {
  readonly losses: Losses;
  /** Packets aggregated without event detail because a ring was full. */
  readonly detailDropped: number;
  /** Packets counted in overflow buckets, without addresses: the aggregation map was full. */
  readonly kernelOverflow: number;
  /** Packets that ip_vs looked up and that match the filter; 0 where there is no filter. */
  readonly lookedUp: { readonly packets: number; readonly opening: number };
}

/** Bytes of all CPUs' rings together; each has at least MIN_RING_BYTES. */
const RINGS_BYTES = 4 << 20;
const MIN_RING_BYTES = 64 << 10;
const PAGE_BYTES = 4096;
const DEFAULT_BATCH_RECORDS = 4096;
/** Each takes 28 bytes, and what the kernel needs for an element of a hash map. */
const DEFAULT_SERVICES = 4096;
const DEFAULT_KEY_IDLE_MS = 60_000;

/** enum ipvscope_variant, by how a kernel function is hooked. */
const nativeVariant = { fexit: Variant.trampoline, kprobe: Variant.kprobe } as const;

function wrongArgument(message: string): IpvscopeError {
  return new IpvscopeError('ERR_ARGUMENT', message);
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

/** Shares RINGS_BYTES among the CPUs; where nothing is delivered per event, the rings only wake. */
function defaultRingBytes(detail: number): number {
  if (detail === 0) return PAGE_BYTES;
  // Every CPU of the machine has a ring, whichever of them this process may use.
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
 * BTF of another kernel, ERR_BTF_READ where its own cannot be read, and ERR_PROBE_OPEN,
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
      variant: options.generator === true ? Variant.generator : nativeVariant[variant],
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
   * Starts to deliver on this thread's event loop: records of single packets within 40 ms, aggregates
   * within two seconds. Keeps the loop alive. Delivers nothing while a promise that `onBatch` returned
   * is pending. Calls `onError` (default: throws) once where a read fails, and delivers nothing more.
   *
   * @throws IpvscopeError ERR_PROBE_STARTED when called a second time.
   */
  start(onBatch: OnBatch, onError = rethrow): void {
    const pump = new RecordPump(this.#untilError(onError), () => this.#deliver(onBatch));
    translated(() => this.#native.start(() => pump.wake()));
    this.#pump = pump;
  }

  /** Returns what the pump reads from: after the first error it is always empty. */
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

  /** Fills the batch from the rings, oldest records first; returns how many, 0 when they are empty. */
  drain(): number {
    return this.#read(() => this.#native.drain());
  }

  /** Re-enables wakeups; returns false if records arrived meanwhile without one. */
  rearm(): boolean {
    return translated(() => this.#native.rearm());
  }

  /** Returns whether anything was aggregated that `readAggregates()` has not returned. */
  hasAggregates(): boolean {
    return translated(() => this.#native.hasAggregates());
  }

  /**
   * Fills the batch with records of several packets each: kinds that are not delivered per event, and
   * what found no room in a ring. Returns how many; 0 ends one reading, and what is aggregated from
   * then on comes with the next.
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

  /** Returns the state of every program that is loaded. */
  programs(): readonly ProgramState[] {
    return translated(() => this.#native.programs());
  }

  /** Reads the counters. Also expires packets whose exit from the hook was not seen: `unpaired`. */
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
   * Sets the virtual services whose orphan packets the probe reports: packets of connections that
   * IPVS no longer knows. Returns how many services found no room.
   */
  setServices(services: readonly ServiceKey[]): number {
    return translated(() => this.#native.setServices(serviceKeys(services)));
  }

  /** Returns the bytes of kernel memory of its maps, rings and programs; 0 where /proc does not say. */
  kernelMemory(): number {
    return translated(() => this.#native.kernelMemory());
  }

  /**
   * Sends a heartbeat through the hook of ip_vs; returns whether the probe saw it.
   *
   * @throws IpvscopeError ERR_HEARTBEAT where none can be sent (no CAP_SYS_ADMIN or CAP_NET_ADMIN).
   */
  beat(): boolean {
    return translated(() => this.#native.beat());
  }

  /** Makes up to 1024 records with the generator, numbered from `first`, of `keys` virtual services. */
  generate(first: number, count: number, keys: number): void {
    translated(() => this.#native.generate(first, count, keys));
  }

  /** Detaches all programs; the remaining records can still be read. Idempotent. */
  detach(): void {
    this.#detached = true;
    translated(() => this.#native.detach());
  }

  /** Unloads the probe and frees its maps. Idempotent. */
  close(): void {
    this.#pump?.stop();
    this.#pump = undefined;
    this.#native.close();
  }
}
