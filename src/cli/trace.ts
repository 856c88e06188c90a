import { Command, Option } from 'commander';
import { defaultKinds, type OutputFormat, outputFormats } from '../trace/printer.js';
import type { KindName } from '../wire/names.js';
import { note, Observer } from './observer.js';
import {
  type AttachOptions,
  addAttachOptions,
  attachRequest,
  parseKinds,
  parseSeconds,
} from './options.js';
import { printEvents } from './print-events.js';
import { Stop } from './stop.js';

interface TraceOptions extends AttachOptions {
  readonly output: OutputFormat;
  readonly kind?: readonly KindName[];
  readonly timeout?: number;
  readonly readyFile?: string;
  readonly summary?: true;
  readonly wait?: true;
}

export const traceCommand = addAttachOptions(new Command('trace'))
  .description('print what ip_vs does with notable packets, as it happens')
  .addOption(
    new Option('-o, --output <format>', 'how events are printed')
      .choices(outputFormats)
      .default('columns'),
  )
  .option(
    '-k, --kind <kinds>',
    'print these kinds, or all (default: all but draining and retransmit)',
    parseKinds,
  )
  .option('-t, --timeout <seconds>', 'end by itself after so long', parseSeconds)
  .option('-s, --summary', 'print no events, only the summary at the end')
  .option('--wait', 'where ip_vs is not loaded, wait for it')
  .option('--ready-file <file>', 'create this file once every program is attached')
  .addHelpText(
    'after',
    `
Events go to stdout, everything else to stderr. Ctrl-C ends with a summary.

Examples:
  ipvscope trace                          what happens now
  ipvscope trace -o json -k reuse | jq .  reused ports, one JSON object a line
  ipvscope trace -s -t 60                 is it ip_vs at all? count for a minute`,
  )
  .action(async (options: TraceOptions) => {
    const stop = new Stop();
    const observer = await Observer.start({
      attach: attachRequest(options),
      wait: options.wait === true,
      detail: options.summary === true ? [] : (options.kind ?? defaultKinds),
      ...(options.readyFile === undefined ? {} : { readyFile: options.readyFile }),
      ...(options.summary === true
        ? {}
        : { onBatch: printEvents(stop, options.output, options.kind ?? defaultKinds) }),
    });
    const timer =
      options.timeout === undefined
        ? undefined
        : setTimeout(() => stop.stop(), options.timeout * 1000);
    await stop.wait();
    clearTimeout(timer);
    note(await observer.stop());
    stop.release();
  });
