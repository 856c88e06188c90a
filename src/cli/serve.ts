import { Command } from 'commander';
import { ExitCode, IpvscopeError } from '../error.js';
import { defaultKinds } from '../trace/printer.js';
import { note, Observer } from './observer.js';
import {
  type AttachOptions,
  addAttachOptions,
  attachRequest,
  type ListenAddress,
  parseInteger,
  parseListenAddress,
  parseSeconds,
} from './options.js';
import { printEvents } from './print-events.js';
import { runInLab } from './run-in-lab.js';
import { Stop } from './stop.js';

interface ServeOptions extends AttachOptions {
  readonly 'web.listenAddress': ListenAddress;
  readonly 'metrics.maxSeries': number;
  readonly 'metrics.expireAfter': number;
  readonly readyFile?: string;
  readonly trace?: true;
  readonly orLab?: true;
}

/** The default of --web.listen-address. */
export const DEFAULT_PORT = 10962;

export const serveCommand = addAttachOptions(new Command('serve'))
  .description('attach to this kernel and export Prometheus metrics')
  .option(
    '--web.listen-address <address>',
    'where /metrics, /healthz and /readyz are served',
    parseListenAddress,
    { host: undefined, port: DEFAULT_PORT },
  )
  .option(
    '--metrics.max-series <number>',
    'rows kept at most; packets beyond are counted in series labelled "overflow"',
    parseInteger(1, 1_000_000),
    10_000,
  )
  .option(
    '--metrics.expire-after <seconds>',
    'forget a row that nothing was added to for so long; if it comes back, it starts at 0',
    parseSeconds,
    3600,
  )
  .option('--ready-file <file>', 'create this file once every program is attached')
  .option('--trace', 'print events, too')
  .option(
    '--or-lab',
    'where this kernel cannot be traced: boot one that can in QEMU, and play the incident there',
  )
  .addHelpText(
    'after',
    `
Where ip_vs is not loaded it waits for it, and for its return when it was unloaded.

Examples:
  ipvscope serve
  ipvscope serve --web.listen-address 127.0.0.1:10962 --trace
  curl -s http://127.0.0.1:10962/metrics | grep ipvs_new_connections_to_draining_total`,
  )
  .action(async (options: ServeOptions) => {
    const listen = options['web.listenAddress'];
    const stop = new Stop();
    let observer: Observer;
    try {
      observer = await Observer.start({
        attach: attachRequest(options),
        wait: options.orLab !== true,
        listen,
        maxSeries: options['metrics.maxSeries'],
        expireAfterSeconds: options['metrics.expireAfter'],
        ...(options.readyFile === undefined ? {} : { readyFile: options.readyFile }),
        ...(options.trace === true
          ? { detail: defaultKinds, onBatch: printEvents(stop, 'columns', defaultKinds) }
          : { detail: [] }),
      });
    } catch (cause) {
      stop.release();
      const canHelp = cause instanceof IpvscopeError && cause.exitCode === ExitCode.prerequisite;
      if (options.orLab !== true || !canHelp) throw cause;
      note(cause.toLine());
      note('this kernel cannot be traced: the incident is played in the lab instead');
      note(`its metrics are at http://127.0.0.1:${listen.port}/metrics here`);
      process.exitCode = await runInLab({
        kernel: undefined,
        publish: [listen.port],
        command: [
          'reproduce',
          'rollout',
          '--loop',
          '--web.listen-address',
          `0.0.0.0:${listen.port}`,
        ],
      });
      return;
    }
    await stop.wait();
    note(await observer.stop());
    if (!observer.complete) process.exitCode = ExitCode.trouble;
    stop.release();
  });
