import type { Command } from 'commander';
import type { ExitCode } from '../../error.js';
import type { ListenAddress } from '../../http/listen-address.js';
import type { Logger } from '../../log.js';
import { defaultKinds } from '../../record/event-selection.js';
import type { Scenario } from '../../scenario/scenario.js';
import type { OutputFormat } from '../../trace/output-formats.js';
import { type AttachOptions, attachRequest } from '../support/attach-options.js';
import { chooseScenarios, scenarioList } from '../support/choose-scenarios.js';
import { logOf } from '../support/global-options.js';
import { playScenarios } from '../support/play-scenarios.js';
import { EventPrinting } from '../support/print-events.js';
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

/** Plays the scenarios named, or lists them. */
export async function runReproduce(
  names: readonly string[],
  options: ReproduceOptions,
  command: Command,
): Promise<void> {
  if (options.list === true) {
    standardOutput().write(scenarioList());
    return;
  }
  // Before anything is built.
  const scenarios = chooseScenarios(names, options.case ?? []);
  process.exitCode = await reproduce(scenarios, options, logOf(command));
}

async function reproduce(
  scenarios: readonly Scenario[],
  options: ReproduceOptions,
  log: Logger,
): Promise<ExitCode> {
  const { readyFile, 'web.listenAddress': listen } = options;
  const stop = new Stop();
  try {
    return await playScenarios({
      scenarios,
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
          log,
          format: options.output,
          kinds: defaultKinds,
          drops: true,
          unread: 'skip',
        }),
      monitor: {
        log,
        attach: attachRequest(options),
        ...(listen === undefined ? {} : { listen }),
        ...(readyFile === undefined ? {} : { readyFile }),
      },
      onReport: (report) => writeError(`${report}\n`),
      trace: traceBeside,
      isDefault: ({ kind, verdict }) =>
        defaultKinds.includes(kind) || verdict === 'dropped' || verdict === 'rejected',
    });
  } finally {
    stop.release();
  }
}
