import { release } from 'node:os';
import { Aggregator } from '../aggregate/aggregator.js';
import type { Snapshot } from '../aggregate/snapshot.js';
import { IpvscopeError } from '../error.js';
import { type Logger, silentLog } from '../log.js';
import { createRegistry, type Metrics } from '../metrics/registry.js';
import { readInNamespace } from '../native/addon.js';
import {
  type Attachment,
  type AttachRequest,
  checkRequest,
  planAttachments,
} from '../native/attachment.js';
import { buildInfo } from '../native/build-info.js';
import type { EventFilter } from '../native/event-filter.js';
import { ipvsInstance } from '../native/ipvs-module.js';
import type { IpvsEvent } from '../record/event.js';
import { defaultKinds, EventSelection } from '../record/event-selection.js';
import type { RecordBatch } from '../record/record-batch.js';
import type { KindName } from '../record/value-names.js';
import { hostNetns } from '../services/reachable-namespaces.js';
import { ServiceTable } from '../services/service-table.js';
import { Clock } from '../source/clock.js';
import type { SourceState } from '../source/event-source.js';
import { LiveSource } from '../source/live-source.js';
import { ReattachingSource } from '../source/reattaching-source.js';
import { version } from '../version.js';
import { EventStream } from './event-stream.js';
import { watchingLine } from './watching-line.js';

/** What `open()` takes. Everything is optional. */
export interface MonitorOptions {
  /**
   * Kinds that are delivered per event (default: all but `draining` and `retransmit`). Packets of
   * the others are aggregated in the kernel: counted, never delivered by `events()`.
   */
  readonly kinds?: readonly KindName[];
  /** Also delivers every dropped or rejected packet of any kind (default: where `kinds` is absent). */
  readonly drops?: boolean;
  /** Which packets are of interest (default: all). Others are neither delivered nor counted. */
  readonly filter?: EventFilter;
  /** How to attach (default: fentry and fexit where the kernel takes them, else kprobes). */
  readonly attach?: AttachRequest;
  /** Where ip_vs is not loaded: waits for it in the background (default: `open()` is rejected). */
  readonly wait?: boolean;
  /** Bounds the memory of counters: series; packets beyond share overflow series (default: 10000). */
  readonly maxSeries?: number;
  /** Series to which nothing was added for so many seconds expire (default: never). */
  readonly expireAfterSeconds?: number;
  /** Called when every program is attached: at the start, and again after ip_vs was reloaded. */
  readonly onAttached?: () => void;
  /** Called when the probe is about to detach, or was detached because ip_vs was unloaded. */
  readonly onDetached?: () => void;
  /** Logs what was attached and what keeps the probe from seeing (default: nothing is logged). */
  readonly log?: Logger;
  /**
   * Loads the record generator in place of the probe: needs no ip_vs, sees no packets. Records are
   * made by `generate()`. To try a consumer on any kernel that loads BPF programs.
   */
  readonly generator?: boolean;
}

/** For callers that read records without decoding each. */
export interface RecordListener {
  /**
   * Takes each batch as `OnBatch` (src/source/event-source.ts) does; the clock turns a record's time
   * into wall time.
   */
  readonly onBatch?: (batch: RecordBatch, clock: Clock) => Promise<void> | undefined;
}

/**
 * Attaches to this kernel's ip_vs and monitors it until `close()`, which the caller owes.
 *
 * @example
 * const monitor = await open({ kinds: ['reuse', 'retry'] });
 * for await (const event of monitor.events()) console.log(event.kind, event.client);
 *
 * @throws IpvscopeError, with nothing left behind: `ERR_NO_IP_VS`, `ERR_NO_CAPABILITY`, `ERR_NO_BTF`,
 * `ERR_NO_MODULE_BTF`, `ERR_ADDON_LOAD` and others where something is missing (`exitCode` 3),
 * `ERR_BTF_FILE` for a BTF file that cannot be used (`exitCode` 2).
 */
export async function open(options: MonitorOptions = {}): Promise<Monitor> {
  const monitor = new Monitor(options);
  try {
    await monitor.start();
  } catch (cause) {
    await monitor.close();
    throw cause;
  }
  return monitor;
}

/**
 * Monitors the ip_vs of one kernel: attaches the probe, aggregates its records, and hands out events,
 * snapshots and metrics. Counts are exact whether or not anybody takes the events.
 */
export class Monitor {
  readonly #options: MonitorOptions & RecordListener;
  readonly #kinds: readonly KindName[];
  readonly #drops: boolean;
  readonly #source: ReattachingSource;
  readonly #aggregator: Aggregator;
  readonly #services = new ServiceTable({ readInside: readInNamespace });
  readonly #clock = new Clock();
  readonly #streams = new Set<EventStream>();
  /** The source that is attached now, or was last. */
  #live: LiveSource | undefined;
  #registry: Metrics | undefined;
  #expiry: NodeJS.Timeout | undefined;
  #closed = false;

  /**
   * Prepares a monitor that is not attached yet: `start()` attaches. For callers that serve metrics
   * before; all others call `open()`.
   *
   * @throws IpvscopeError `ERR_BTF_FILE` for a BTF file that cannot be used.
   */
  constructor(options: MonitorOptions & RecordListener = {}) {
    // Before anything is waited for.
    checkRequest(options.attach);
    this.#options = options;
    this.#kinds = options.kinds ?? defaultKinds;
    this.#drops = options.drops ?? options.kinds === undefined;
    this.#aggregator = new Aggregator(options.maxSeries, options.expireAfterSeconds);
    this.#source = new ReattachingSource({
      attach: () => this.#attach(),
      instance: options.generator === true ? () => 'generator' : ipvsInstance,
      onAttached: (attachment) => this.#onAttached(attachment),
      onDetached: () => this.#options.onDetached?.(),
      onServicesLeftOut: (count) =>
        this.#log.warn(
          `no room for ${count} virtual services in the probe: their orphan packets are not seen` +
            ' (restart ipvscope to make room)',
        ),
      onWaiting: (reason) => this.#log.info(`waiting: ${reason}`),
    });
    this.#services.onChange(() => this.#source.setServices(this.#services.keys()));
  }

  /** Attaches, or starts to wait for ip_vs. To be called once; throws as `open()` does. */
  async start(): Promise<void> {
    await this.#services.start();
    const { expireAfterSeconds, wait } = this.#options;
    if (expireAfterSeconds !== undefined) {
      const pass = () => this.#aggregator.expire(performance.now() / 1000);
      this.#expiry = setInterval(pass, expiryInterval(expireAfterSeconds) * 1000);
    }
    this.#source.start((batch) => this.#deliver(batch), { wait: wait === true });
  }

  /**
   * Iterates over the events from now on, until `close()`; what was delivered before is not repeated.
   * Call it right after `open()`, before anything else is awaited, to miss none.
   *
   * While a consumer has not taken what was delivered, the kernel's rings are not drained: they fill,
   * and the kernel then aggregates, so that an event may stand for several packets (`count`) without
   * client. Leaving the loop ends the iteration. Several iterations may run; the slowest is waited for.
   */
  events(): AsyncIterableIterator<IpvsEvent> {
    const selection = new EventSelection(this.#kinds, this.#drops);
    const stream = new EventStream(selection, (left) => this.#streams.delete(left));
    if (this.#closed) stream.end();
    else this.#streams.add(stream);
    return stream;
  }

  /** Returns all that was counted until now, by service, server, kind and verdict. */
  snapshot(): Snapshot {
    return this.#aggregator.snapshot();
  }

  /** Returns what the probe says of itself: programs, losses, and whether it sees packets. */
  state(): SourceState {
    return this.#source.state();
  }

  /** The content type of `metrics()`. */
  get contentType(): string {
    return this.#metrics.contentType;
  }

  /** Returns all metrics as of now, in Prometheus' text format. The buffer must not be written to. */
  metrics(): Promise<Buffer> {
    return this.#metrics.metrics();
  }

  /** Delivers what can be read from the kernel now, before it returns; back-pressure does not hold it. */
  flush(): void {
    this.#source.flush();
  }

  /**
   * Makes records with the generator (see `MonitorOptions.generator`): up to 1024, numbered from
   * `first`, of `keys` virtual services.
   */
  generate(first: number, count: number, keys: number): void {
    if (this.#options.generator !== true || this.#live === undefined) {
      throw new IpvscopeError('ERR_ARGUMENT', 'only a monitor with the generator makes records');
    }
    this.#live.generate(first, count, keys);
  }

  /**
   * Detaches and delivers the remaining records; iterations end after them. `snapshot()`, `state()`
   * and `metrics()` then say how it was at the end. Idempotent.
   */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#services.stop();
    this.#source.stop();
    clearInterval(this.#expiry);
    for (const stream of this.#streams) stream.end();
    this.#streams.clear();
  }

  #attach(): LiveSource {
    const { attach, filter, generator } = this.#options;
    this.#live = new LiveSource({
      attachments: generator === true ? [{ variant: 'fexit' }] : planAttachments(attach),
      detail: this.#kinds,
      detailDrops: this.#drops,
      services: roomFor(this.#services.services.length),
      ...(filter === undefined ? {} : { filter }),
      ...(generator === undefined ? {} : { generator }),
      onSight: (sight) =>
        this.#log[sight.watching === 'blind' ? 'warn' : 'info'](watchingLine(sight)),
      onRefused: ({ variant }, error) => this.#log.warn(`${variant} refused: ${error.toLine()}`),
    });
    return this.#live;
  }

  #deliver(batch: RecordBatch): Promise<void> | undefined {
    this.#clock.check();
    this.#aggregator.ingest(batch);
    const listener = this.#options.onBatch?.(batch, this.#clock);
    if (this.#streams.size === 0) return listener;
    const { format } = this.#clock;
    const held = [listener, ...[...this.#streams].map((stream) => stream.push(batch, format))];
    return held.every((one) => one === undefined)
      ? undefined
      : Promise.all(held).then(() => undefined);
  }

  #onAttached({ btf, withoutFexit }: Attachment): void {
    if (withoutFexit !== undefined) {
      this.#log.info(`using kprobes, whose overhead is higher: ${withoutFexit}`);
    }
    const variants = new Map<string, string[]>();
    const state = this.#source.state();
    for (const { function: name, variant } of state.programs) {
      variants.set(name, [...(variants.get(name) ?? []), variant]);
    }
    const list = [...variants].map(([name, its]) => `${its.join('+')} ${name}`).join(', ');
    const from = btf === undefined ? '' : ` with BTF from ${btf}`;
    this.#log.info(`ipvscope ${version} attached on ${release()}${from}: ${list}`);
    if (state.watching !== 'proven') this.#log.warn(watchingLine(state));
    this.#options.onAttached?.();
  }

  /** Made when metrics are first asked for. */
  get #metrics(): Metrics {
    const input = {
      aggregator: this.#aggregator,
      state: () => this.#source.state(),
      hostNetns: hostNetns(),
      services: this.#services,
    };
    this.#registry ??= createRegistry(input, buildInfo());
    return this.#registry;
  }

  get #log(): Logger {
    return this.#options.log ?? silentLog;
  }
}

/** Virtual services that the probe gets room for where there are so many at its start. */
const roomFor = (services: number): number => Math.max(1_024, 2 * services);

/** Seconds between expiry passes: how much longer than asked for a series lives at most. */
const expiryInterval = (expireAfterSeconds: number): number =>
  Math.min(60, Math.max(1, expireAfterSeconds / 4));
