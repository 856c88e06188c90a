import type { Command } from 'commander';
import { addAttachOptions } from '../support/attach-options.js';
import { outputOption } from '../support/event-options.js';
import type { HelpText } from '../support/help-text.js';
import { parseList, parseListenAddress } from '../support/parse-values.js';
import type { ReproduceOptions } from './run-reproduce.js';

export const help: HelpText = {
  notes: [
    'Events go to standard output, the report to standard error. The network of this machine is not touched. Exit code 0: probe events and client results agree; 1: they do not.',
  ],
  examples: [
    { command: 'ipvscope reproduce --list' },
    { command: 'ipvscope reproduce rollout --witness' },
    { command: 'ipvscope lab reproduce one-second', purpose: 'on a kernel in QEMU' },
    { command: 'ipvscope lab --kernel 6.12 reproduce table', purpose: 'the full test matrix' },
    { command: 'ipvscope lab reproduce field --case no-route,port-0' },
  ],
};

export function define(command: Command): void {
  command
    .argument('[scenario...]', 'names of scenarios (see --list)')
    .option('--list', 'list of the scenarios and their phases')
    .option('--case <names>', 'list of test cases of the scenario', parseList)
    .option('--loop', 'repetition until Ctrl-C')
    .option('--witness', 'packet captures with tcpdump, cross-checked with the events')
    .addOption(outputOption())
    .option('--record', 'one JSON object per round instead of events')
    .option(
      '--web.listen-address <host:port>',
      'listen address of /metrics, /healthz and /readyz (default: none)',
      parseListenAddress,
    );
  addAttachOptions(command).action(async (names: string[], options: ReproduceOptions) => {
    const { runReproduce } = await import('./run-reproduce.js');
    await runReproduce(names, options, command);
  });
}
