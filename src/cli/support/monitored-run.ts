import type { ListenAddress } from '../../http/listen-address.js';
import { HttpServer } from '../../http/server.js';
import { type Logger, silentLog } from '../../log.js';
import { Monitor, type MonitorOptions, type RecordListener } from '../../monitor/monitor.js';
import { watchingLine } from '../../monitor/watching-line.js';
import { isAttached, type SourceState } from '../../source/event-source.js';
import { describeFilter, type ParsedFilter } from '../../trace/filter.js';
import { summaryLine } from '../../trace/summary.js';
import { version } from '../../version.js';

import { ReadyFile } from './ready-file.js';

export interface MonitoredRunOptions extends MonitorOptions, RecordListener {
  /** Which packets are of interest (default: all); the summary says so. */
  readonly filter?: ParsedFilter;
  /** Serves metrics there. */
  readonly listen?: ListenAddress;
  /** Scrapes in flight at most (default: any number). */
  readonly maxRequests?: number;
  /** Exists while every program is attached and the server listens. */
  readonly readyFile?: string;
}

/**
 * Composes what every attaching command has: the monitor, the metrics server and the ready file where
 * they are asked for, logs, and the summary at the end.
 */
export class MonitoredRun {
  readonly monitor: Monitor;
  readonly #options: MonitoredRunOptions;
  readonly #log: Logger;
  readonly #startedNs = process.hrtime.bigint();
  #readyFile: ReadyFile | undefined;
  #http: HttpServer | undefined;

  private constructor(options: MonitoredRunOptions) {
    this.#options = options;
    this.#log = options.log ?? silentLog;
    this.monitor = new Monitor({
      ...options,
      onAttached: () => this.#readyFile?.write(),
      onDetached: () => this.#readyFile?.remove(),
    });
  }

  /** Throws an IpvscopeError, with nothing left behind, where something is missing. */
  static async start(options: MonitoredRunOptions): Promise<MonitoredRun> {
    const run = new MonitoredRun(options);
    try {
      await run.#begin();
    } catch (cause) {
      await run.stop();
      throw cause;
    }
    return run;
  }

  async #begin(): Promise<void> {
    const { readyFile, listen, maxRequests } = this.#options;
    if (readyFile !== undefined) this.#readyFile = new ReadyFile(readyFile);
    if (listen !== undefined) {
      this.#http = await HttpServer.listen({
        ...listen,
        ...(maxRequests === undefined ? {} : { maxRequests }),
        onTrouble: this.#log.warn,
        registry: this.monitor,
        version,
        ready: () => readiness(this.monitor.state()),
      });
      this.#log.info(`metrics at ${this.#http.url}/metrics`);
    }
    await this.monitor.start();
  }

  /** Packets that were notable, or may have been, and have no record, until now. */
  get lost(): number {
    return Object.values(this.monitor.state().losses).reduce((sum, count) => sum + count, 0);
  }

  /** Whether everything could be read that there was to read. */
  get complete(): boolean {
    return this.monitor.state().failures === undefined;
  }

  /** Detaches, delivers the remaining records, closes the server and returns the summary line. */
  async stop(): Promise<string> {
    await this.monitor.close();
    this.#readyFile?.close();
    await this.#http?.close();
    this.#http = undefined;
    const seconds = Number(process.hrtime.bigint() - this.#startedNs) / 1e9;
    const filter = describeFilter(this.#options.filter ?? {});
    return summaryLine(this.monitor.snapshot(), this.monitor.state(), seconds, filter);
  }
}

function readiness(state: SourceState): true | string {
  if (!isAttached(state)) return 'the probe is not attached';
  return state.watching === 'blind' ? watchingLine(state) : true;
}
