import { Command } from 'commander';
import { ExitCode } from '../../error.js';
import { defaultKinds } from '../../record/event-selection.js';
import {
  type AttachOptions,
  addAttachOptions,
  addPrintedOptions,
  attachRequest,
  filterOf,
  type PrintedOptions,
  parseSeconds,
} from '../support/command-options.js';
import { MonitoredRun } from '../support/monitored-run.js';
import { EventPrinting } from '../support/print-events.js';
import { note } from '../support/standard-streams.js';
import { Stop } from '../support/stop.js';

interface TraceOptions extends AttachOptions, PrintedOptions {
  readonly timeout?: number;
  readonly readyFile?: string;
  readonly summary?: true;
  readonly wait?: true;
}

export const traceCommand = addPrintedOptions(addAttachOptions(new Command('trace')))
  .description('print what ip_vs does with notable packets, as it happens')
  .option('-t, --timeout <seconds>', 'end by itself after so long', parseSeconds)
  .option('-s, --summary', 'print no events, only the summary at the end')
  .option('--wait', 'where ip_vs is not loaded, wait for it')
  .option('--ready-file <file>', 'a file that exists while every program is attached')
  .addHelpText(
    'after',
    `
Events go to stdout, everything else to stderr. Ctrl-C ends with a summary.
An address may be 10.0.1.2, 10.0.1.0/24, 10.96.0.10:80, :80, 2001:db8::/32 or [2001:db8::1]:443. What
does not fit is left out in the kernel, of the summary as well; what was lost is counted of all.

Examples:
  ipvscope trace                          what happens now
  ipvscope trace -o json -k reuse | jq .  reused ports, one JSON object a line
  ipvscope trace --virtual 10.96.0.10:80 --client 10.0.1.0/24
                                          one service, clients of one node
  ipvscope trace -s -t 60                 is it ip_vs at all? count for a minute`,
  )
  .action(async (options: TraceOptions) => {
    const stop = new Stop();
    const kinds = options.kind ?? defaultKinds;
    const drops = options.kind === undefined;
    const printing =
      options.summary === true
        ? undefined
        : new EventPrinting({ stop, format: options.output, kinds, drops, unread: 'hold' });
    const run = await MonitoredRun.start({
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
    note(await run.stop());
    await printing?.end();
    if (!run.complete) process.exitCode = ExitCode.trouble;
    stop.release();
  });
