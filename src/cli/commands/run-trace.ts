import type { Command } from 'commander';
import { ExitCode } from '../../error.js';
import { defaultKinds } from '../../record/event-selection.js';
import { type AttachOptions, attachRequest } from '../support/attach-options.js';
import { type EventOptions, filterOf } from '../support/event-options.js';
import { logOf } from '../support/global-options.js';
import { MonitoredRun } from '../support/monitored-run.js';
import { EventPrinting } from '../support/print-events.js';
import { Stop } from '../support/stop.js';

export interface TraceOptions extends AttachOptions, EventOptions {
  readonly timeout?: number;
  readonly summary?: true;
  readonly wait?: true;
}

/** Attaches and prints events until a signal comes or the time is over. */
export async function runTrace(options: TraceOptions, command: Command): Promise<void> {
  const log = logOf(command);
  const stop = new Stop();
  const kinds = options.kind ?? defaultKinds;
  const drops = options.kind === undefined;
  const printing =
    options.summary === true
      ? undefined
      : new EventPrinting({ stop, log, format: options.output, kinds, drops, unread: 'hold' });
  const run = await MonitoredRun.start({
    log,
    attach: attachRequest(options),
    wait: options.wait === true,
    filter: filterOf(options),
    kinds: printing === undefined ? [] : kinds,
    drops: printing !== undefined && drops,
    ...(options.readyFile === undefined ? {} : { readyFile: options.readyFile }),
    ...(printing === undefined ? {} : { onBatch: printing.onBatch }),
  });
  const timer =
    options.timeout === undefined
      ? undefined
      : setTimeout(() => stop.stop(), options.timeout * 1000);
  await stop.wait();
  clearTimeout(timer);
  await printing?.settle();
  log.info(await run.stop());
  await printing?.end();
  if (!run.complete) process.exitCode = ExitCode.trouble;
  stop.release();
}
