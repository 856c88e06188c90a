import { Command, Option } from 'commander';
import { ExitCode, IpvscopeError } from '../error.js';
import { defaultKinds } from '../record/event-selection.js';
import { MonitoredRun } from './monitored-run.js';
import {
  type AttachOptions,
  addAttachOptions,
  addPrintedOptions,
  attachRequest,
  filterOf,
  type ListenAddress,
  type PrintedOptions,
  parseInteger,
  parseListenAddress,
  parseSeconds,
} from './options.js';
import { EventPrinting } from './print-events.js';
import { runInLab } from './run-in-lab.js';
import { note } from './standard-streams.js';
import { Stop } from './stop.js';

interface ServeOptions extends AttachOptions, PrintedOptions {
  readonly 'web.listenAddress': ListenAddress;
  readonly 'web.maxRequests': number;
  readonly 'metrics.maxSeries': number;
  readonly 'metrics.expireAfter': number;
  readonly readyFile?: string;
  readonly trace?: true;
  readonly orLab?: true;
}

/** The default of --web.listen-address. */
export const DEFAULT_PORT = 10962;

/** As exporters with Prometheus' exporter-toolkit have it. */
const DEFAULT_MAX_REQUESTS = 40;

export const serveCommand = addPrintedOptions(addAttachOptions(new Command('serve')))
  .description('attach to this kernel and export Prometheus metrics')
  .addOption(
    new Option('--web.listen-address <address>', 'where /metrics, /healthz and /readyz are served')
      .argParser(parseListenAddress)
      .default({ host: undefined, port: DEFAULT_PORT }, `:${DEFAULT_PORT}`),
  )
  .option(
    '--web.max-requests <number>',
    'scrapes in flight at most, 0: any number; those beyond are answered with 503',
    parseInteger(0, 10_000),
    DEFAULT_MAX_REQUESTS,
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
  .option('--ready-file <file>', 'a file that exists while every program is attached')
  .option('--trace', 'print events, too: those that -k and the filters choose')
  .option(
    '--or-lab',
    'where this kernel cannot be traced: boot one that can in QEMU, and play the incident there',
  )
  .addHelpText(
    'after',
    `
Where ip_vs is not loaded it waits for it, and for its return when it was unloaded.
Metrics count all packets, whatever is printed, and whether or not anybody reads stdout. Events that the
kernel aggregated, having no room for them, have no client: --client leaves them out.

Examples:
  ipvscope serve
  ipvscope serve --web.listen-address 127.0.0.1:10962 --trace -o json -k reuse,retry
  curl -s http://127.0.0.1:10962/metrics | grep ipvs_new_connections_to_draining_total`,
  )
  .action(async (options: ServeOptions, command: Command) => {
    checkPrinting(options, command);
    const listen = options['web.listenAddress'];
    const stop = new Stop();
    const kinds = options.kind ?? defaultKinds;
    const drops = options.kind === undefined;
    const printing =
      options.trace === true
        ? new EventPrinting({
            stop,
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
        attach: attachRequest(options),
        wait: options.orLab !== true,
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
    await printing?.settle();
    note(await run.stop());
    await printing?.end({ tell: true });
    if (!run.complete) process.exitCode = ExitCode.trouble;
    stop.release();
  });

/** What says how events are printed says nothing where none are. */
function checkPrinting(options: ServeOptions, command: Command): void {
  if (options.trace === true) return;
  for (const name of ['output', 'kind', 'client', 'virtual', 'destination']) {
    if (command.getOptionValueSource(name) !== 'cli') continue;
    command.error(`error: option '--${name}' says which events are printed, and needs --trace`);
  }
}
