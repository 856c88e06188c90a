import { release } from 'node:os';
import { ExitCode, IpvscopeError } from '../../error.js';
import type { Logger } from '../../log.js';
import { kindNames } from '../../record/value-names.js';
import type { Recorder } from '../../scenario/recorder.js';
import type { Scenario } from '../../scenario/scenario.js';
import { type Testbed, withTestbed } from '../../testbed/testbed.js';
import { RoundEvents } from '../../verify/round-events.js';
import type { RoundRecord } from '../../verify/round-record.js';
import { MonitoredRun, type MonitoredRunOptions } from './monitored-run.js';
import type { EventPrinting } from './print-events.js';
import { playRounds } from './rounds.js';
import type { Stop } from './stop.js';

/** Kinds that are verified against the client-observed connects. */
const verifiedKinds = kindNames.filter((kind) => kind !== 'draining');

export interface ScenarioRun {
  readonly scenarios: readonly Scenario[];
  /** Plays only these cases (default: all). */
  readonly cases?: readonly string[];
  /** Captures packets even where no scenario needs them. */
  readonly capture: boolean;
  /** Repeats until stopped. */
  readonly loop: boolean;
  /** Takes the record of each round; events are then not printed. */
  readonly onRecord?: (record: RoundRecord) => void;
  readonly stop: Stop;
  /** Called once the testbed is built. */
  readonly newPrinting: () => EventPrinting;
  readonly monitor: Pick<MonitoredRunOptions, 'attach' | 'listen' | 'readyFile'> & {
    readonly log: Logger;
  };
  /** Takes the report of each scenario. */
  readonly onReport: (report: string) => void;
  /** The rest of the recorder: what the commands around know. */
  readonly trace: Recorder['trace'];
  readonly isDefault: Recorder['isDefault'];
}

/** Plays scenarios on one testbed, monitored and verified. */
export async function playScenarios(run: ScenarioRun): Promise<ExitCode> {
  const { signal } = run.stop;
  const capture = run.capture || run.scenarios.some((one) => one.capturesPackets === true);
  // Kept when Ctrl-C interrupts the removal of the testbed.
  let code: ExitCode = ExitCode.ok;
  try {
    await withTestbed({ signal, onProgress: run.monitor.log.info, capture }, async (testbed) => {
      code = await playMonitored(testbed, run);
    });
  } catch (cause) {
    // Ctrl-C while the testbed is built or removed.
    if (!signal.aborted || isOutputError(cause)) throw cause;
  }
  return code;
}

/** A full disk stops the rounds as Ctrl-C does, but is reported. */
const isOutputError = (cause: unknown): boolean =>
  cause instanceof IpvscopeError && cause.code === 'ERR_OUTPUT';

async function playMonitored(testbed: Testbed, run: ScenarioRun): Promise<ExitCode> {
  const { scenarios, cases, onReport } = run;
  const printing = run.newPrinting();
  const events = new RoundEvents();
  const quiet = run.onRecord !== undefined || scenarios.some((scenario) => scenario.quiet === true);
  const monitored = await MonitoredRun.start({
    ...run.monitor,
    kinds: [...new Set(scenarios.flatMap(({ detail }) => detail ?? verifiedKinds))],
    onBatch: (batch, clock) => {
      events.add(batch, clock.format);
      return quiet ? undefined : printing.onBatch(batch, clock);
    },
  });
  const recorder = recorderOf(monitored, events, run);
  const playOne = async (scenario: Scenario): Promise<boolean> => {
    events.clear();
    const result = await scenario.play(testbed, recorder, cases);
    if (result.played !== undefined) {
      const { played, events: observed } = result;
      run.onRecord?.({ release: release(), played, events: observed });
    }
    onReport(result.report);
    return result.passed;
  };
  const play = async (): Promise<boolean> => {
    const passed: boolean[] = [];
    for (const scenario of scenarios) passed.push(await playOne(scenario));
    return passed.every(Boolean);
  };
  let code: ExitCode;
  try {
    code = await playRounds({ loop: run.loop, signal: run.stop.signal, play });
  } finally {
    run.monitor.log.info(await monitored.stop());
    await printing.end();
  }
  return monitored.complete ? code : ExitCode.trouble;
}

function recorderOf(
  monitored: MonitoredRun,
  events: RoundEvents,
  { trace, isDefault }: Pick<ScenarioRun, 'trace' | 'isDefault'>,
): Recorder {
  const { monitor } = monitored;
  return {
    events: () => {
      monitor.flush();
      return events.taken();
    },
    flush: () => monitor.flush(),
    metrics: async () => (await monitor.metrics()).toString(),
    lost: () => monitored.lost,
    isDefault,
    trace,
  };
}
