import type { Command } from 'commander';
import { ExitCode, IpvscopeError } from '../../error.js';
import { Observer } from '../../monitor/monitor.js';
import { defaultKinds } from '../../trace/printer.js';
import { attachRequest } from '../support/attach-options.js';
import { filterOf } from '../support/event-options.js';
import { logEnvironment, logOf } from '../support/global-options.js';
import { EventPrinting } from '../support/print-events.js';
import { runInLab } from '../support/run-in-lab.js';
import { Stop } from '../support/stop.js';
import type { ServeOptions } from './serve.js';

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
  let observer: Observer;
  try {
    observer = await Observer.start({
      log,
      attach: attachRequest(options),
      wait: options.orLab !== true,
      listen,
      maxRequests: options['web.maxRequests'],
      maxSeries: options['metrics.maxSeries'],
      expireAfterSeconds: options['metrics.expireAfter'],
      detail: printing === undefined ? [] : kinds,
      detailDrops: printing !== undefined && drops,
      ...(options.readyFile === undefined ? {} : { readyFile: options.readyFile }),
      ...(printing === undefined ? {} : { onBatch: printing.onBatch }),
    });
  } catch (cause) {
    stop.release();
    const canHelp = cause instanceof IpvscopeError && cause.exitCode === ExitCode.prerequisite;
    if (options.orLab !== true || !canHelp) throw cause;
    log.warn(cause.toLine());
    log.info('this kernel cannot be traced: playing the incident in the lab instead');
    log.info(`its metrics are at http://127.0.0.1:${listen.port}/metrics here`);
    process.exitCode = await runInLab({
      log,
      env: logEnvironment(command),
      kernel: undefined,
      publish: [listen.port],
      command: ['reproduce', 'rollout', '--loop', '--web.listen-address', `0.0.0.0:${listen.port}`],
    });
    return;
  }
  await stop.wait();
  await printing?.settle();
  log.info(await observer.stop());
  await printing?.end({ tell: true });
  if (!observer.complete) process.exitCode = ExitCode.trouble;
  stop.release();
}
