import type { Command } from 'commander';
import { addAttachOptions } from '../support/attach-options.js';
import { addEventOptions, filterNote } from '../support/event-options.js';
import type { HelpText } from '../support/help-text.js';
import { parseDuration } from '../support/parse-values.js';
import type { TraceOptions } from './run-trace.js';

export const help: HelpText = {
  notes: [
    'Events go to standard output, logs and the summary to standard error. Ctrl-C ends the trace with the summary. Filters run in the kernel and apply to the summary; loss counters are unfiltered.',
    filterNote,
  ],
  examples: [
    { command: 'ipvscope trace', purpose: 'what happens now' },
    {
      command: 'ipvscope trace -o json -k reuse | jq .',
      purpose: 'reused ports, one JSON object a line',
    },
    { command: 'ipvscope trace --virtual 10.96.0.10:80 --client 10.0.1.0/24' },
    { command: 'ipvscope trace -s -t 60', purpose: 'is it ip_vs at all? count for a minute' },
  ],
};

export function define(command: Command): void {
  command
    .option('-t, --timeout <duration>', 'run time, then the trace ends', parseDuration)
    .option('-s, --summary', 'summary only, without events')
    .option('--wait', 'start before ip_vs is loaded, and attach when it is');
  addEventOptions(addAttachOptions(command)).action(async (options: TraceOptions) => {
    const { runTrace } = await import('./run-trace.js');
    await runTrace(options, command);
  });
}
