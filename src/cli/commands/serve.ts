import { Command, Option } from 'commander';
import { ExitCode } from '../../error.js';
import type { ListenAddress } from '../../http/listen-address.js';
import { defaultKinds } from '../../record/event-selection.js';
import {
  type AttachOptions,
  addAttachOptions,
  addPrintedOptions,
  attachRequest,
  filterOf,
  type PrintedOptions,
  parseInteger,
  parseListenAddress,
  parseSeconds,
} from '../support/command-options.js';
import { MonitoredRun } from '../support/monitored-run.js';
import { EventPrinting } from '../support/print-events.js';
import { note } from '../support/standard-streams.js';
import { Stop } from '../support/stop.js';

interface ServeOptions extends AttachOptions, PrintedOptions {
  readonly 'web.listenAddress': ListenAddress;
  readonly 'web.maxRequests': number;
  readonly 'metrics.maxSeries': number;
  readonly 'metrics.expireAfter': number;
  readonly readyFile?: string;
  readonly trace?: true;
  readonly check?: true;
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
  .option('--check', 'attach, detach and exit: 0, or 3 if a prerequisite (ip_vs, too) is missing')
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
