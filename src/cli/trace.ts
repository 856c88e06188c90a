import { Command, Option } from 'commander';
import { ExitCode } from '../error.js';
import type { ParsedEndpoint, ParsedFilter } from '../trace/filter.js';
import { defaultKinds, type OutputFormat, outputFormats } from '../trace/printer.js';
import type { KindName } from '../wire/names.js';
import { note, Observer } from './observer.js';
import {
  type AttachOptions,
  addAttachOptions,
  attachRequest,
  filterOption,
  parseKinds,
  parseSeconds,
} from './options.js';
import { printEvents } from './print-events.js';
import { Stop } from './stop.js';

interface TraceOptions extends AttachOptions {
  readonly output: OutputFormat;
  readonly kind?: readonly KindName[];
  readonly client?: ParsedEndpoint;
  readonly virtual?: ParsedEndpoint;
  readonly destination?: ParsedEndpoint;
  readonly timeout?: number;
  readonly readyFile?: string;
  readonly summary?: true;
  readonly wait?: true;
}

const filterOf = ({ client, virtual, destination }: TraceOptions): ParsedFilter => ({
  ...(client === undefined ? {} : { client }),
  ...(virtual === undefined ? {} : { virtual }),
  ...(destination === undefined ? {} : { destination }),
});

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
  .addOption(filterOption('client', 'only packets from there'))
  .addOption(filterOption('virtual', 'only packets to that virtual service'))
  .addOption(filterOption('destination', 'only packets with that real server, old or new'))
  .option('-t, --timeout <seconds>', 'end by itself after so long', parseSeconds)
  .option('-s, --summary', 'print no events, only the summary at the end')
  .option('--wait', 'where ip_vs is not loaded, wait for it')
  .option('--ready-file <file>', 'create this file once every program is attached')
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
    const observer = await Observer.start({
      attach: attachRequest(options),
      wait: options.wait === true,
      filter: filterOf(options),
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
    if (!observer.complete) process.exitCode = ExitCode.trouble;
    stop.release();
  });
