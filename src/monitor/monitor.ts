import { release } from 'node:os';
import { Aggregator } from '../aggregate/aggregator.js';
import type { ListenAddress } from '../http/listen-address.js';
import { HttpServer } from '../http/server.js';
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
import { ipvsInstance } from '../native/ipvs-module.js';
import type { RecordBatch } from '../record/batch.js';
import type { KindName } from '../record/names.js';
import { hostNetns } from '../services/reachable-namespaces.js';
import { ServiceTable } from '../services/service-table.js';
import { Clock } from '../source/clock.js';
import { isAttached, type SourceState } from '../source/event-source.js';
import { LiveSource } from '../source/live.js';
import { WatchedSource } from '../source/watched.js';
import { describeFilter, type ParsedFilter } from '../trace/filter.js';
import { defaultKinds } from '../trace/printer.js';
import { summaryLine } from '../trace/summary.js';
import { watchingLine } from '../trace/watching.js';
import { version } from '../version.js';
import { ReadyFile } from './ready-file.js';

export interface ObserverOptions {
  /** Default: nothing is logged. */
  readonly log?: Logger;
  readonly maxSeries?: number;
  /** Rows to which nothing was added for so long are forgotten; absent: never. */
  readonly expireAfterSeconds?: number;
  readonly listen?: ListenAddress;
  /** Scrapes in flight at most (default: any number). */
  readonly maxRequests?: number;
  /** Exists while every program is attached and the server listens. */
  readonly readyFile?: string;
  /** Kinds told packet by packet; all others are added up (default: what is printed by default). */
  readonly detail?: readonly KindName[];
  /** Whatever else is dropped or rejected is told packet by packet, too. */
  readonly detailDrops?: boolean;
  /** Which packets are wanted (default: all); the summary says so. */
  readonly filter?: ParsedFilter;
  readonly attach?: AttachRequest;
  /** Where ip_vs is not loaded, wait for it. */
  readonly wait?: boolean;
  /** See OnBatch in src/source/event-source.ts. */
  readonly onBatch?: (batch: RecordBatch, clock: Clock) => Promise<void> | undefined;
}

/**
 * What every attaching command has in common: the probe on this kernel, the aggregator behind it,
 * the metrics server where one is asked for, and the summary at the end.
 */
export class Observer {
  readonly #options: ObserverOptions;
  readonly #log: Logger;
  readonly #source: WatchedSource;
  readonly #aggregator: Aggregator;
  readonly #services = new ServiceTable({ readInside: readInNamespace });
  readonly #startedNs = process.hrtime.bigint();
  #readyFile: ReadyFile | undefined;
  #http: HttpServer | undefined;
  #registry: Metrics | undefined;
  #expiry: NodeJS.Timeout | undefined;

  private constructor(options: ObserverOptions) {
    this.#options = options;
    const log = options.log ?? silentLog;
    this.#log = log;
    this.#aggregator = new Aggregator(options.maxSeries, options.expireAfterSeconds);
    this.#source = new WatchedSource({
      attach: () =>
        new LiveSource({
          attachments: planAttachments(options.attach),
          detail: options.detail ?? defaultKinds,
          detailDrops: options.detailDrops ?? false,
          services: roomFor(this.#services.services.length),
          ...(options.filter === undefined ? {} : { filter: options.filter }),
          onSight: (sight) =>
            log[sight.watching === 'blind' ? 'warn' : 'info'](watchingLine(sight)),
          onRefused: ({ variant }, error) => log.warn(`${variant} refused: ${error.toLine()}`),
        }),
      instance: ipvsInstance,
      onAttached: (attachment) => this.#onAttached(attachment),
      onDetached: () => this.#readyFile?.remove(),
      onServicesLeftOut: (count) =>
        log.warn(
          `${count} virtual services found no room in the probe: packets of connections that IPVS` +
            ' no longer knows are not seen of these; start again for room',
        ),
      onWaiting: (reason) => log.info(`waiting: ${reason}`),
    });
    this.#services.onChange(() => this.#source.setServices(this.#services.keys()));
  }

  /** Throws an IpvscopeError, with nothing left behind, where something is missing. */
  static async start(options: ObserverOptions): Promise<Observer> {
    const observer = new Observer(options);
    try {
      await observer.#begin();
    } catch (cause) {
      await observer.stop();
      throw cause;
    }
    return observer;
  }

  async #begin(): Promise<void> {
    const { attach, readyFile, listen, maxRequests, onBatch, wait, expireAfterSeconds } =
      this.#options;
    // Before anything is waited for.
    checkRequest(attach);
    if (readyFile !== undefined) this.#readyFile = new ReadyFile(readyFile);
    const clock = new Clock();
    if (listen !== undefined) {
      this.#http = await HttpServer.listen({
        ...listen,
        ...(maxRequests === undefined ? {} : { maxRequests }),
        onTrouble: (line) => this.#log.warn(line),
        registry: this.metrics,
        version,
        ready: () => readiness(this.#source.state()),
      });
      this.#log.info(`metrics at ${this.#http.url}/metrics`);
    }
    await this.#services.start();
    if (expireAfterSeconds !== undefined) {
      const pass = () => this.#aggregator.expire(performance.now() / 1000);
      this.#expiry = setInterval(pass, expiryInterval(expireAfterSeconds) * 1000);
    }
    this.#source.start(
      (batch) => {
        clock.check();
        this.#aggregator.ingest(batch);
        return onBatch?.(batch, clock);
      },
      { wait: wait === true },
    );
  }

  #onAttached({ types, withoutFexit }: Attachment): void {
    if (withoutFexit !== undefined)
      this.#log.info(`kprobes, which cost a packet more: ${withoutFexit}`);
    const variants = new Map<string, string[]>();
    const state = this.#source.state();
    for (const { function: name, variant } of state.programs) {
      variants.set(name, [...(variants.get(name) ?? []), variant]);
    }
    const list = [...variants].map(([name, its]) => `${its.join('+')} ${name}`).join(', ');
    const from = types === undefined ? '' : ` with types from ${types}`;
    this.#log.info(`ipvscope ${version} attached on ${release()}${from}: ${list}`);
    if (state.watching !== 'proven') this.#log.warn(watchingLine(state));
    this.#readyFile?.write();
  }

  /** All metrics, made when they are first asked for. */
  get metrics(): Metrics {
    const input = {
      aggregator: this.#aggregator,
      state: () => this.#source.state(),
      hostNetns: hostNetns(),
      services: this.#services,
    };
    this.#registry ??= createRegistry(input, buildInfo());
    return this.#registry;
  }

  /** What happened and has no record, until now. */
  get lost(): number {
    return Object.values(this.#source.state().losses).reduce((sum, count) => sum + count, 0);
  }

  /** Delivers what is waiting now, before it returns. */
  flush(): void {
    this.#source.flush();
  }

  /** Whether all could be read that there was to read. */
  get complete(): boolean {
    return this.#source.state().failures === undefined;
  }

  /** Detaches, delivers what is left, closes the server and returns the summary line. */
  async stop(): Promise<string> {
    this.#services.stop();
    this.#source.stop();
    this.#readyFile?.close();
    clearInterval(this.#expiry);
    await this.#http?.close();
    this.#http = undefined;
    const seconds = Number(process.hrtime.bigint() - this.#startedNs) / 1e9;
    const filter = describeFilter(this.#options.filter ?? {});
    return summaryLine(this.#aggregator.snapshot(), this.#source.state(), seconds, filter);
  }
}

function readiness(state: SourceState): true | string {
  if (!isAttached(state)) return 'the probe is not attached';
  return state.watching === 'blind' ? watchingLine(state) : true;
}

/** Virtual services that the probe gets room for where there are so many at its start. */
const roomFor = (services: number): number => Math.max(1_024, 2 * services);

/** Seconds from one expiry pass to the next: a row lives at most so much longer than it was told. */
const expiryInterval = (expireAfterSeconds: number): number =>
  Math.min(60, Math.max(1, expireAfterSeconds / 4));
