import { release } from 'node:os';
import type { Command } from 'commander';
import { ExitCode, IpvscopeError } from '../../error.js';
import type { Logger } from '../../log.js';
import { Observer } from '../../monitor/monitor.js';
import { kindNames } from '../../record/names.js';
import {
  type ObservedEvent,
  observeBatch,
  type RoundRecord,
  type Scenario,
  type Stage,
  scenarios,
  type Watcher,
  withStage,
} from '../../scenario/index.js';
import { defaultKinds } from '../../trace/printer.js';
import { attachRequest } from '../support/attach-options.js';
import { logOf } from '../support/global-options.js';
import { EventPrinting } from '../support/print-events.js';
import { playRounds } from '../support/rounds.js';
import { standardOutput, writeError } from '../support/standard-streams.js';
import { Stop } from '../support/stop.js';
import { traceBeside } from '../support/trace-beside.js';
import type { ReproduceOptions } from './reproduce.js';

/** Kinds that are checked against the results of the clients. */
const judgedKinds = kindNames.filter((kind) => kind !== 'draining');

/** Plays the scenarios named, or lists them. */
export async function runReproduce(
  names: readonly string[],
  options: ReproduceOptions,
  command: Command,
): Promise<void> {
  if (options.list === true) {
    for (const scenario of scenarios) {
      const told = scenario.report === undefined ? '' : ` (${scenario.report})`;
      standardOutput().write(`${scenario.name.padEnd(20)} ${scenario.summary}${told}\n`);
    }
    return;
  }
  const chosen = scenariosNamed(names);
  checkCases(chosen, options.case ?? []);
  process.exitCode = await reproduce(chosen, options, logOf(command));
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

async function reproduce(
  chosen: readonly Scenario[],
  options: ReproduceOptions,
  log: Logger,
): Promise<ExitCode> {
  const stop = new Stop();
  const { signal } = stop;
  let code: ExitCode = ExitCode.ok;
  try {
    await withStage(
      {
        signal,
        onProgress: log.info,
        witness: options.witness === true || chosen.some(({ witnessed }) => witnessed === true),
      },
      async (stage) => {
        code = await playObserved(stage, { chosen, options, stop, log });
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
  stage: Stage,
  {
    chosen,
    options,
    stop,
    log,
  }: {
    readonly chosen: readonly Scenario[];
    readonly options: ReproduceOptions;
    readonly stop: Stop;
    readonly log: Logger;
  },
): Promise<ExitCode> {
  let events: ObservedEvent[] = [];
  const printing = new EventPrinting({
    stop,
    log,
    format: options.output,
    kinds: defaultKinds,
    drops: true,
    unread: 'skip',
  });
  const listen = options['web.listenAddress'];
  const quiet = options.record === true || chosen.some((scenario) => scenario.quiet === true);
  const observer = await Observer.start({
    log,
    attach: attachRequest(options),
    detail: [...new Set(chosen.flatMap(({ detail }) => detail ?? judgedKinds))],
    ...(listen === undefined ? {} : { listen }),
    ...(options.readyFile === undefined ? {} : { readyFile: options.readyFile }),
    onBatch: (batch, clock) => {
      events.push(...observeBatch(batch, clock.format));
      return quiet ? undefined : printing.onBatch(batch, clock);
    },
  });
  const watcher: Watcher = {
    flush: () => observer.flush(),
    metrics: async () => (await observer.metrics.metrics()).toString(),
    lost: () => observer.lost,
    isDefault: ({ kind, verdict }) =>
      defaultKinds.includes(kind) || verdict === 'dropped' || verdict === 'rejected',
    trace: traceBeside,
  };
  const cases = options.case === undefined ? {} : { cases: options.case };
  const play = async (): Promise<boolean> => {
    let allFit = true;
    for (const scenario of chosen) {
      events = [];
      const trial = await scenario.play(stage, { watcher, ...cases });
      observer.flush();
      const { played } = trial;
      if (options.record === true && played !== undefined) {
        record({ release: release(), played, events });
      }
      const { report, fits } = trial.judge(events);
      writeError(`${report}\n`);
      if (!fits) allFit = false;
    }
    return allFit;
  };
  let code: ExitCode;
  try {
    code = await playRounds({ loop: options.loop === true, signal: stop.signal, play });
  } finally {
    log.info(await observer.stop());
    await printing.end();
  }
  return observer.complete ? code : ExitCode.trouble;
}

function record(round: RoundRecord): void {
  standardOutput().write(`${JSON.stringify(round)}\n`);
}
