import { type Command, Option } from 'commander';
import { addAttachOptions } from '../support/attach-options.js';
import { addEventOptions, filterNote } from '../support/event-options.js';
import type { HelpText } from '../support/help-text.js';
import { parseDuration, parseInteger, parseListenAddress } from '../support/parse-values.js';
import type { ServeOptions } from './run-serve.js';

const DEFAULT_PORT = 10962;

/** As exporters with Prometheus' exporter-toolkit have it. */
const DEFAULT_MAX_REQUESTS = 40;

export const help: HelpText = {
  notes: [
    'Waits until ip_vs is loaded, and for its return after it was unloaded. Metrics count all packets: the filters apply to printed events only. Aggregated events have no client, so --client excludes them.',
    filterNote,
  ],
  examples: [
    { command: 'ipvscope serve' },
    {
      command: 'ipvscope serve --web.listen-address 127.0.0.1:10962 --trace -o json -k reuse,retry',
    },
    {
      command:
        'curl -s http://127.0.0.1:10962/metrics | grep ipvs_new_connections_to_draining_total',
    },
  ],
};

export function define(command: Command): void {
  command
    .addOption(
      new Option(
        '--web.listen-address <host:port>',
        'listen address of /metrics, /healthz and /readyz',
      )
        .argParser(parseListenAddress)
        .default({ host: undefined, port: DEFAULT_PORT }, `:${DEFAULT_PORT}`),
    )
    .option(
      '--web.max-requests <number>',
      'maximum number of concurrent scrapes, 0: no limit; excess scrapes get status 503',
      parseInteger(0, 10_000),
      DEFAULT_MAX_REQUESTS,
    )
    .option(
      '--metrics.max-series <number>',
      'maximum number of series; excess packets go to series labelled "overflow"',
      parseInteger(1, 1_000_000),
      10_000,
    )
    .addOption(
      new Option(
        '--metrics.expire-after <duration>',
        'idle time after which a series expires; it restarts at 0',
      )
        .argParser(parseDuration)
        .default(3600, '1h'),
    )
    .option('--trace', 'events on standard output as well, as selected by -k and the filters')
    .option(
      '--check',
      'attach, detach and exit: 0, or 3 if a prerequisite is missing (ip_vs included)',
    );
  addEventOptions(addAttachOptions(command)).action(async (options: ServeOptions) => {
    checkPrinting(options, command);
    const { runServe } = await import('./run-serve.js');
    await runServe(options, command);
  });
}

/** Options for printed events have no effect without --trace. */
function checkPrinting(options: ServeOptions, command: Command): void {
  if (options.trace === true) return;
  for (const name of [
    'output',
    'kind',
    'client',
    'virtual',
    'destination',
    'proto',
    'fwmark',
    'netns',
  ]) {
    if (command.getOptionValueSource(name) !== 'cli') continue;
    command.error(`error: option '--${name}' selects printed events and needs --trace`);
  }
}
