import { writeFileSync } from 'node:fs';
import { release } from 'node:os';
import { Aggregator } from '../aggregate/aggregator.js';
import { ExitCode, IpvscopeError } from '../error.js';
import { HttpServer } from '../http/server.js';
import { createRegistry } from '../metrics/registry.js';
import { type Attachment, type AttachRequest, planAttachments } from '../native/attachment.js';
import { ipvsInstance } from '../native/ipvs-module.js';
import { Clock } from '../source/clock.js';
import { isAttached, type SourceState } from '../source/event-source.js';
import { LiveSource } from '../source/live.js';
import { WatchedSource } from '../source/watched.js';
import { describeFilter, type ParsedFilter } from '../trace/filter.js';
import { defaultKinds } from '../trace/printer.js';
import { summaryLine } from '../trace/summary.js';
import { watchingLine } from '../trace/watching.js';
import { version } from '../version.js';
import type { RecordBatch } from '../wire/batch.js';
import type { KindName } from '../wire/names.js';
import type { ListenAddress } from './options.js';

export interface ObserverOptions {
  readonly maxSeries?: number;
  /** Rows to which nothing was added for so long are forgotten; absent: never. */
  readonly expireAfterSeconds?: number;
  readonly listen?: ListenAddress;
  /** Created once every program is attached and the server listens. */
  readonly readyFile?: string;
  /** Kinds told packet by packet; all others are added up (default: what is printed by default). */
  readonly detail?: readonly KindName[];
  /** Which packets are wanted (default: all); the summary says so. */
  readonly filter?: ParsedFilter;
  readonly attach?: AttachRequest;
  /** Where ip_vs is not loaded, wait for it. */
  readonly wait?: boolean;
  readonly onBatch?: (batch: RecordBatch, clock: Clock) => void;
}

/**
 * What every attaching command has in common: the probe on this kernel, the aggregator behind it,
 * the metrics server where one is asked for, and the summary at the end.
 */
export class Observer {
  readonly #options: ObserverOptions;
  readonly #source: WatchedSource;
  readonly #aggregator: Aggregator;
  readonly #startedNs = process.hrtime.bigint();
  #http: HttpServer | undefined;
  #expiry: NodeJS.Timeout | undefined;

  private constructor(options: ObserverOptions) {
    this.#options = options;
    this.#aggregator = new Aggregator(options.maxSeries, options.expireAfterSeconds);
    this.#source = new WatchedSource({
      attach: () =>
        new LiveSource({
          attachments: planAttachments(options.attach),
          detail: options.detail ?? defaultKinds,
          ...(options.filter === undefined ? {} : { filter: options.filter }),
          onSight: (sight) => note(watchingLine(sight)),
          onRefused: ({ variant }, error) => note(`${variant} refused: ${error.toLine()}`),
        }),
      instance: ipvsInstance,
      onAttached: (attachment) => this.#onAttached(attachment),
      onWaiting: (reason) => note(`waiting: ${reason}`),
    });
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
    const { listen, onBatch, wait, expireAfterSeconds } = this.#options;
    const clock = new Clock();
    if (listen !== undefined) {
      const input = { aggregator: this.#aggregator, state: () => this.#source.state() };
      this.#http = await HttpServer.listen({
        ...listen,
        registry: createRegistry(input, version),
        version,
        ready: () => readiness(this.#source.state()),
      });
      note(`metrics at ${this.#http.url}/metrics`);
    }
    if (expireAfterSeconds !== undefined) {
      const pass = () => this.#aggregator.expire(performance.now() / 1000);
      this.#expiry = setInterval(pass, expiryInterval(expireAfterSeconds) * 1000);
    }
    this.#source.start(
      (batch) => {
        clock.check();
        this.#aggregator.ingest(batch);
        onBatch?.(batch, clock);
      },
      { wait: wait === true },
    );
  }

  #onAttached({ types }: Attachment): void {
    const variants = new Map<string, string[]>();
    const state = this.#source.state();
    for (const { function: name, variant } of state.programs) {
      variants.set(name, [...(variants.get(name) ?? []), variant]);
    }
    const list = [...variants].map(([name, its]) => `${its.join('+')} ${name}`).join(', ');
    const from = types === undefined ? '' : ` with types from ${types}`;
    note(`ipvscope ${version} attached on ${release()}${from}: ${list}`);
    if (state.watching !== 'proven') note(watchingLine(state));
    const { readyFile } = this.#options;
    if (readyFile !== undefined) writeReadyFile(readyFile);
  }

  /** Delivers what is waiting now, before it returns. */
  flush(): void {
    this.#source.flush();
  }

  /** Detaches, delivers what is left, closes the server and returns the summary line. */
  async stop(): Promise<string> {
    this.#source.stop();
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

/** Seconds from one expiry pass to the next: a row lives at most so much longer than it was told. */
const expiryInterval = (expireAfterSeconds: number): number =>
  Math.min(60, Math.max(1, expireAfterSeconds / 4));

/** What a person should read: to stderr, so that stdout carries events alone. */
export function note(line: string): void {
  process.stderr.write(`${line}\n`);
}

function writeReadyFile(path: string): void {
  try {
    writeFileSync(path, `${process.pid}\n`);
  } catch (cause) {
    throw new IpvscopeError('ERR_READY_FILE', `cannot write the ready file ${path}`, {
      hint: 'name a file in a directory that exists',
      exitCode: ExitCode.usage,
      cause,
    });
  }
}
