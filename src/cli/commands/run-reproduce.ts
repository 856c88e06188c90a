import { release } from 'node:os';
import type { Command } from 'commander';
import { suites } from '../../conformance/index.js';
import { ExitCode, IpvscopeError } from '../../error.js';
import type { ListenAddress } from '../../http/listen-address.js';
import type { Logger } from '../../log.js';
import { defaultKinds } from '../../record/event-selection.js';
import { kindNames } from '../../record/value-names.js';
import { scenarios as named } from '../../scenario/index.js';
import type { Recorder } from '../../scenario/recorder.js';
import type { Scenario } from '../../scenario/scenario.js';
import { type Testbed, withTestbed } from '../../testbed/testbed.js';
import type { OutputFormat } from '../../trace/output-formats.js';
import { RoundEvents } from '../../verify/round-events.js';
import type { RoundRecord } from '../../verify/round-record.js';
import { type AttachOptions, attachRequest } from '../support/attach-options.js';
import { logOf } from '../support/global-options.js';
import { MonitoredRun } from '../support/monitored-run.js';
import { EventPrinting } from '../support/print-events.js';
import { playRounds } from '../support/rounds.js';
import { standardOutput, writeError } from '../support/standard-streams.js';
import { Stop } from '../support/stop.js';
import { traceBeside } from '../support/trace-beside.js';

export interface ReproduceOptions extends AttachOptions {
  readonly list?: true;
  readonly case?: readonly string[];
  readonly loop?: true;
  readonly witness?: true;
  readonly record?: true;
  readonly output: OutputFormat;
  readonly 'web.listenAddress'?: ListenAddress;
}

/** In the order in which `--list` prints them. */
export const scenarios: readonly Scenario[] = [...named, ...suites];

/** Verified against the client-observed connects. */
const verifiedKinds = kindNames.filter((kind) => kind !== 'draining');

/** Plays the scenarios named, or lists them. */
export async function runReproduce(
  names: readonly string[],
  options: ReproduceOptions,
  command: Command,
): Promise<void> {
  if (options.list === true) {
    for (const scenario of scenarios) {
      const report = scenario.report === undefined ? '' : ` (${scenario.report})`;
      standardOutput().write(`${scenario.name.padEnd(20)} ${scenario.summary}${report}\n`);
    }
    return;
  }
  const chosen = scenariosNamed(names);
  checkCases(chosen, options.case ?? []);
  process.exitCode = await reproduce({ chosen, options, log: logOf(command) });
}

interface Request {
  readonly chosen: readonly Scenario[];
  readonly options: ReproduceOptions;
  readonly log: Logger;
}

function scenariosNamed(names: readonly string[]): readonly Scenario[] {
  return (names.length === 0 ? [undefined] : names).map(scenarioNamed);
}

function scenarioNamed(name: string | undefined): Scenario {
  const scenario = scenarios.find((known) => known.name === name);
  if (scenario !== undefined) return scenario;
  throw new IpvscopeError(
    'ERR_SCENARIO_UNKNOWN',
    name === undefined ? 'no scenario named' : `unknown scenario '${name}'`,
    { hint: 'ipvscope reproduce --list prints them', exitCode: ExitCode.usage },
  );
}

/** Before anything is built. */
function checkCases(chosen: readonly Scenario[], cases: readonly string[]): void {
  const known = chosen.flatMap(({ cases: its = [] }) => its);
  const unknown = cases.find((name) => !known.includes(name));
  if (unknown === undefined) return;
  throw new IpvscopeError('ERR_SCENARIO_UNKNOWN', `unknown case '${unknown}'`, {
    hint: known.length === 0 ? 'the scenario field has cases' : `choose from ${known.join(', ')}`,
    exitCode: ExitCode.usage,
  });
}

async function reproduce(request: Request): Promise<ExitCode> {
  const { chosen, options, log } = request;
  const stop = new Stop();
  const { signal } = stop;
  let code: ExitCode = ExitCode.ok;
  try {
    await withTestbed(
      {
        signal,
        onProgress: log.info,
        capture:
          options.witness === true ||
          chosen.some(({ capturesPackets }) => capturesPackets === true),
      },
      async (testbed) => {
        code = await playObserved(testbed, request, stop);
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
  { chosen, options, log }: Request,
  stop: Stop,
): Promise<ExitCode> {
  const printing = new EventPrinting({
    stop,
    log,
    format: options.output,
    kinds: defaultKinds,
    drops: true,
    unread: 'skip',
  });
  const events = new RoundEvents();
  const listen = options['web.listenAddress'];
  const quiet = options.record === true || chosen.some((scenario) => scenario.quiet === true);
  const run = await MonitoredRun.start({
    log,
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
    writeError(`${result.report}\n`);
    return result.passed;
  };
  const playAll = async (): Promise<boolean> => {
    const passed: boolean[] = [];
    for (const scenario of chosen) passed.push(await playOne(scenario));
    return passed.every(Boolean);
  };
  const rounds = { loop: options.loop === true, signal: stop.signal, play: playAll };
  const code = await playRounds(rounds).finally(async () => {
    log.info(await run.stop());
    await printing.end();
  });
  return run.complete ? code : ExitCode.trouble;
}

function printRecord(round: RoundRecord): void {
  standardOutput().write(`${JSON.stringify(round)}\n`);
}
