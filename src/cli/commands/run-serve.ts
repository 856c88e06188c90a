import type { Command } from 'commander';
import { ExitCode } from '../../error.js';
import type { ListenAddress } from '../../http/listen-address.js';
import { defaultKinds } from '../../record/event-selection.js';
import { type AttachOptions, attachRequest } from '../support/attach-options.js';
import { type EventOptions, filterOf } from '../support/event-options.js';
import { logOf } from '../support/global-options.js';
import { MonitoredRun } from '../support/monitored-run.js';
import { EventPrinting } from '../support/print-events.js';
import { Stop } from '../support/stop.js';

export interface ServeOptions extends AttachOptions, EventOptions {
  readonly 'web.listenAddress': ListenAddress;
  readonly 'web.maxRequests': number;
  readonly 'metrics.maxSeries': number;
  readonly 'metrics.expireAfter': number;
  readonly trace?: true;
  readonly check?: true;
}

/** Attaches and exports metrics until a signal comes. */
export async function runServe(options: ServeOptions, command: Command): Promise<void> {
  const log = logOf(command);
  const listen = options['web.listenAddress'];
  const stop = new Stop();
  const kinds = options.kind ?? defaultKinds;
  const drops = options.kind === undefined;
  const printing =
    options.trace === true
      ? new EventPrinting({
          stop,
          log,
          format: options.output,
          kinds,
          drops,
          filter: filterOf(options),
          unread: 'skip',
        })
      : undefined;
  let run: MonitoredRun;
  try {
    run = await MonitoredRun.start({
      log,
      attach: attachRequest(options),
      wait: options.check !== true,
      listen,
      maxRequests: options['web.maxRequests'],
      maxSeries: options['metrics.maxSeries'],
      expireAfterSeconds: options['metrics.expireAfter'],
      kinds: printing === undefined ? [] : kinds,
      drops: printing !== undefined && drops,
      ...(options.readyFile === undefined ? {} : { readyFile: options.readyFile }),
      ...(printing === undefined ? {} : { onBatch: printing.onBatch }),
    });
  } catch (cause) {
    stop.release();
    throw cause;
  }
  if (options.check !== true) await stop.wait();
  await printing?.settle();
  log.info(await run.stop());
  await printing?.end({ tell: true });
  if (!run.complete) process.exitCode = ExitCode.trouble;
  stop.release();
}
