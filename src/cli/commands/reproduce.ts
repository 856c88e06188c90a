import { release } from 'node:os';
import { Command, Option } from 'commander';
import { suites } from '../../conformance/index.js';
import { ExitCode, IpvscopeError } from '../../error.js';
import type { ListenAddress } from '../../http/listen-address.js';
import { defaultKinds } from '../../record/event-selection.js';
import { kindNames } from '../../record/value-names.js';
import { scenarios as named } from '../../scenario/index.js';
import type { Recorder } from '../../scenario/recorder.js';
import type { Scenario } from '../../scenario/scenario.js';
import { type Testbed, withTestbed } from '../../testbed/testbed.js';
import { type OutputFormat, outputFormats } from '../../trace/printer.js';
import { RoundEvents } from '../../verify/round-events.js';
import type { RoundRecord } from '../../verify/round-record.js';
import {
  type AttachOptions,
  addAttachOptions,
  attachRequest,
  parseListenAddress,
} from '../support/command-options.js';
import { MonitoredRun } from '../support/monitored-run.js';
import { EventPrinting } from '../support/print-events.js';
import { playRounds } from '../support/rounds.js';
import { note, standardOutput } from '../support/standard-streams.js';
import { Stop } from '../support/stop.js';
import { traceBeside } from '../support/trace-beside.js';

/** In the order in which `--list` prints them. */
const scenarios: readonly Scenario[] = [...named, ...suites];

/** Verified against the client-observed connects. */
const verifiedKinds = kindNames.filter((kind) => kind !== 'draining');

interface ReproduceOptions extends AttachOptions {
  readonly list?: true;
  readonly case?: readonly string[];
  readonly loop?: true;
  readonly capture?: true;
  readonly record?: true;
  readonly output: OutputFormat;
  readonly readyFile?: string;
  readonly 'web.listenAddress'?: ListenAddress;
}

export const reproduceCommand = addAttachOptions(new Command('reproduce'))
  .description('play a scenario in throw-away network namespaces on this kernel, traced')
  .argument('[scenario...]', scenarios.map(({ name }) => name).join(', '))
  .option('--list', 'print the scenarios, a line each')
  .option(
    '--case <names>',
    'only these cases of the scenario, with commas between (those of field)',
    (text: string) => text.split(','),
  )
  .option('--loop', 'play it again and again, until Ctrl-C')
  .option('--witness', 'capture packets with tcpdump too, and compare')
  .addOption(
    new Option('-o, --output <format>', 'how events are printed')
      .choices(outputFormats)
      .default('columns'),
  )
  .option('--record', 'print one line of JSON a round with all that is known of it, not the events')
  .option('--ready-file <file>', 'a file that exists while every program is attached')
  .option('--web.listen-address <address>', 'serve metrics meanwhile', parseListenAddress)
  .addHelpText(
    'after',
    `
Exit code 0: what the probe saw and what the clients lived through explain each other. 1: they do not.
Events go to stdout, the report to stderr. Nothing of this machine's own network is touched.

Examples:
  ipvscope reproduce --list
  ipvscope reproduce rollout --witness
  ipvscope lab --kernel 6.12 reproduce table  what has to happen, beside what does
  ipvscope lab reproduce field --case no-route,port-0
  ipvscope lab reproduce one-second         the same where this kernel cannot`,
  )
  .action(async (names: string[], options: ReproduceOptions) => {
    if (options.list === true) {
      for (const scenario of scenarios) {
        const told = scenario.report === undefined ? '' : ` (${scenario.report})`;
        standardOutput().write(`${scenario.name.padEnd(20)} ${scenario.summary}${told}\n`);
      }
      return;
    }
    const chosen = scenariosNamed(names);
    checkCases(chosen, options.case ?? []);
    process.exitCode = await reproduce(chosen, options);
  });

function scenariosNamed(names: readonly string[]): readonly Scenario[] {
  return (names.length === 0 ? [undefined] : names).map(scenarioNamed);
}

function scenarioNamed(name: string | undefined): Scenario {
  const scenario = scenarios.find((known) => known.name === name);
  if (scenario !== undefined) return scenario;
  throw new IpvscopeError(
    'ERR_SCENARIO_UNKNOWN',
    name === undefined ? 'no scenario is named' : `there is no scenario '${name}'`,
    { hint: 'ipvscope reproduce --list shows them', exitCode: ExitCode.usage },
  );
}

/** Before anything is built. */
function checkCases(chosen: readonly Scenario[], cases: readonly string[]): void {
  const known = chosen.flatMap(({ cases: its = [] }) => its);
  const unknown = cases.find((name) => !known.includes(name));
  if (unknown === undefined) return;
  throw new IpvscopeError('ERR_SCENARIO_UNKNOWN', `there is no case '${unknown}'`, {
    hint: known.length === 0 ? 'the scenario field has cases' : `there are ${known.join(', ')}`,
    exitCode: ExitCode.usage,
  });
}

async function reproduce(
  chosen: readonly Scenario[],
  options: ReproduceOptions,
): Promise<ExitCode> {
  const stop = new Stop();
  const { signal } = stop;
  let code: ExitCode = ExitCode.ok;
  try {
    await withTestbed(
      {
        signal,
        onProgress: note,
        capture:
          options.capture === true ||
          chosen.some(({ capturesPackets }) => capturesPackets === true),
      },
      async (testbed) => {
        code = await playObserved(testbed, chosen, options, stop);
      },
    );
  } catch (cause) {
    // Ctrl-C while the topology is set up or removed.
    if (!signal.aborted || isOutputError(cause)) throw cause;
  } finally {
    stop.release();
  }
  return code;
}

/** A disk that is full stops the rounds as Ctrl-C does, but is told. */
const isOutputError = (cause: unknown): boolean =>
  cause instanceof IpvscopeError && cause.code === 'ERR_OUTPUT';

async function playObserved(
  testbed: Testbed,
  chosen: readonly Scenario[],
  options: ReproduceOptions,
  stop: Stop,
): Promise<ExitCode> {
  const printing = new EventPrinting({
    stop,
    format: options.output,
    kinds: defaultKinds,
    drops: true,
    unread: 'skip',
  });
  const events = new RoundEvents();
  const listen = options['web.listenAddress'];
  const quiet = options.record === true || chosen.some((scenario) => scenario.quiet === true);
  const run = await MonitoredRun.start({
    attach: attachRequest(options),
    kinds: [...new Set(chosen.flatMap(({ detail }) => detail ?? verifiedKinds))],
    ...(listen === undefined ? {} : { listen }),
    ...(options.readyFile === undefined ? {} : { readyFile: options.readyFile }),
    onBatch: (batch, clock) => {
      events.add(batch, clock.format);
      return quiet ? undefined : printing.onBatch(batch, clock);
    },
  });
  const recorder: Recorder = {
    events: () => {
      run.monitor.flush();
      return events.taken();
    },
    flush: () => run.monitor.flush(),
    metrics: async () => (await run.monitor.metrics()).toString(),
    lost: () => run.lost,
    isDefault: ({ kind, verdict }) =>
      defaultKinds.includes(kind) || verdict === 'dropped' || verdict === 'rejected',
    trace: traceBeside,
  };
  const playOne = async (scenario: Scenario): Promise<boolean> => {
    events.clear();
    const result = await scenario.play(testbed, recorder, options.case);
    if (options.record === true && result.played !== undefined) {
      const { played, events: observed } = result;
      printRecord({ release: release(), played, events: observed });
    }
    note(result.report);
    return result.passed;
  };
  const playAll = async (): Promise<boolean> => {
    const passed: boolean[] = [];
    for (const scenario of chosen) passed.push(await playOne(scenario));
    return passed.every(Boolean);
  };
  const rounds = { loop: options.loop === true, signal: stop.signal, play: playAll };
  const code = await playRounds(rounds).finally(async () => {
    note(await run.stop());
    await printing.end();
  });
  return run.complete ? code : ExitCode.trouble;
}

function printRecord(round: RoundRecord): void {
  standardOutput().write(`${JSON.stringify(round)}\n`);
}
