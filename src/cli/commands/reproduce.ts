import { Command, Option } from 'commander';
import type { ListenAddress } from '../../http/listen-address.js';
import { defaultKinds } from '../../record/event-selection.js';
import { type OutputFormat, outputFormats } from '../../trace/printer.js';
import { chooseScenarios, scenarioList, scenarios } from '../support/choose-scenarios.js';
import {
  type AttachOptions,
  addAttachOptions,
  attachRequest,
  parseListenAddress,
} from '../support/command-options.js';
import { playScenarios } from '../support/play-scenarios.js';
import { EventPrinting } from '../support/print-events.js';
import { note, standardOutput } from '../support/standard-streams.js';
import { Stop } from '../support/stop.js';
import { traceBeside } from '../support/trace-beside.js';

interface ReproduceOptions extends AttachOptions {
  readonly list?: true;
  readonly case?: readonly string[];
  readonly loop?: true;
  readonly witness?: true;
  readonly record?: true;
  readonly output: OutputFormat;
  readonly readyFile?: string;
  readonly 'web.listenAddress'?: ListenAddress;
}

export const reproduceCommand = addAttachOptions(new Command('reproduce'))
  .description(
    'play a scenario in temporary network namespaces on this kernel, and verify the events',
  )
  .argument('[scenario...]', scenarios.map(({ name }) => name).join(', '))
  .option('--list', 'list of the scenarios and their phases')
  .option('--case <name,...>', 'test cases of the scenario field (default: all)', (text: string) =>
    text.split(','),
  )
  .option('--loop', 'repetition until Ctrl-C')
  .option('--witness', 'packet captures with tcpdump, cross-checked with the events')
  .addOption(
    new Option('-o, --output <format>', 'format of the events')
      .choices(outputFormats)
      .default('columns'),
  )
  .option('--record', 'one JSON object per round instead of events')
  .option('--ready-file <path>', 'file that exists while every program is attached')
  .option(
    '--web.listen-address <[host]:port>',
    'listen address of the metrics (default: none)',
    parseListenAddress,
  )
  .addHelpText(
    'after',
    `
Exit code 0: probe events and client results are consistent; 1: they are not. Events go to standard
output, the report to standard error. The network of this machine is not touched.

Examples:
  ipvscope reproduce --list
  ipvscope reproduce rollout --witness
  ipvscope lab reproduce one-second           the same on a kernel in QEMU
  ipvscope lab --kernel 6.12 reproduce table  the test matrix
  ipvscope lab reproduce field --case no-route,port-0`,
  )
  .action(async (names: string[], options: ReproduceOptions) => {
    if (options.list === true) {
      standardOutput().write(scenarioList());
      return;
    }
    process.exitCode = await reproduce(names, options);
  });

async function reproduce(names: readonly string[], options: ReproduceOptions) {
  // Before anything is built.
  const chosen = chooseScenarios(names, options.case ?? []);
  const { readyFile, 'web.listenAddress': listen } = options;
  const stop = new Stop();
  try {
    return await playScenarios({
      scenarios: chosen,
      ...(options.case === undefined ? {} : { cases: options.case }),
      capture: options.witness === true,
      loop: options.loop === true,
      ...(options.record === true
        ? { onRecord: (record) => standardOutput().write(`${JSON.stringify(record)}\n`) }
        : {}),
      stop,
      newPrinting: () =>
        new EventPrinting({
          stop,
          format: options.output,
          kinds: defaultKinds,
          drops: true,
          unread: 'skip',
        }),
      monitor: {
        attach: attachRequest(options),
        ...(listen === undefined ? {} : { listen }),
        ...(readyFile === undefined ? {} : { readyFile }),
      },
      say: note,
      trace: traceBeside,
      isDefault: ({ kind, verdict }) =>
        defaultKinds.includes(kind) || verdict === 'dropped' || verdict === 'rejected',
    });
  } finally {
    stop.release();
  }
}
