import { Writable } from 'node:stream';
import type { Command } from 'commander';
import { formatSteps } from '../../demo/format-steps.js';
import { type DemoStep, demoSteps, stepProblems } from '../../demo/steps.js';
import { ExitCode, IpvscopeError } from '../../error.js';
import type { RoundRecord } from '../../verify/round-record.js';
import { logEnvironment, logOf } from '../support/global-options.js';
import { runInLab } from '../support/run-in-lab.js';
import { standardOutput } from '../support/standard-streams.js';

export interface DemoOptions {
  readonly kernel?: string;
  readonly timeout?: number;
  readonly refresh?: true;
}

/** Plays the steps in two guests, and prints what was observed of each. */
export async function runLabDemo(options: DemoOptions, command: Command): Promise<ExitCode> {
  // Whether the unfixed ip_vs can be built shows first.
  const unfixed = demoSteps.filter((step) => step.unfixed);
  const stock = demoSteps.filter((step) => !step.unfixed);
  const { refresh: _, ...cached } = options;
  const rounds = [
    ...(await playOn(unfixed, options, command)),
    ...(await playOn(stock, cached, command)),
  ].sort((a, b) => demoSteps.indexOf(a.step) - demoSteps.indexOf(b.step));
  const problems = rounds.flatMap(({ step, record }) =>
    stepProblems(step, record).map((problem) => `step ${step.title}: ${problem}`),
  );
  const verdict =
    problems.length === 0
      ? 'each step shows the expected outcome, and all observations are consistent'
      : problems;
  const lines = [`kernel ${rounds[0]?.record.release}`, ...formatSteps(rounds)].concat(verdict);
  standardOutput().write(lines.map((line) => `${line}\n`).join(''));
  return problems.length === 0 ? ExitCode.ok : ExitCode.trouble;
}

/** Plays steps of one kind in one guest. */
async function playOn(
  chosen: readonly DemoStep[],
  { kernel, timeout, refresh }: DemoOptions,
  command: Command,
): Promise<readonly { readonly step: DemoStep; readonly record: RoundRecord }[]> {
  const stdout = new Collector();
  const names = chosen.map(({ scenario }) => scenario.name);
  const exitCode = await runInLab({
    log: logOf(command),
    env: logEnvironment(command),
    command: ['reproduce', ...names, '--witness', '--record'],
    kernel,
    stdout,
    revertFix: chosen.some(({ unfixed }) => unfixed),
    ...(refresh === undefined ? {} : { refresh }),
    ...(timeout === undefined ? {} : { timeoutMs: timeout * 1000 }),
  });
  const records = stdout.text.split('\n').filter(Boolean);
  if (records.length !== chosen.length) {
    throw new IpvscopeError(
      'ERR_LAB_ACTS',
      `the demo failed: the guest ended with exit code ${exitCode}`,
      {
        step: 'demo',
        hint: 'see the output of the guest above',
        exitCode: exitCode === ExitCode.prerequisite ? ExitCode.prerequisite : ExitCode.trouble,
      },
    );
  }
  return chosen.map((step, index) => ({ step, record: JSON.parse(records[index] ?? '') }));
}

/** Keeps what is written to it. */
class Collector extends Writable {
  readonly #chunks: Buffer[] = [];

  get text(): string {
    return Buffer.concat(this.#chunks).toString();
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.#chunks.push(chunk);
    done();
  }
}
