import { Writable } from 'node:stream';
import type { Command } from 'commander';
import { type Act, actProblems, acts } from '../../acts/acts.js';
import { actsTable } from '../../acts/table.js';
import { ExitCode, IpvscopeError } from '../../error.js';
import type { RoundRecord } from '../../scenario/index.js';
import { logEnvironment, logOf } from '../support/global-options.js';
import { runInLab } from '../support/run-in-lab.js';
import { standardOutput } from '../support/standard-streams.js';
import type { ActsOptions } from './lab-acts.js';

/** Plays the parts in two guests, and prints what was seen of each. */
export async function runLabActs(options: ActsOptions, command: Command): Promise<ExitCode> {
  // Whether the unfixed ip_vs can be built shows first.
  const unfixed = acts.filter((act) => act.unfixed);
  const stock = acts.filter((act) => !act.unfixed);
  const { refresh: _, ...cached } = options;
  const rounds = [
    ...(await playOn(unfixed, options, command)),
    ...(await playOn(stock, cached, command)),
  ].sort((a, b) => acts.indexOf(a.act) - acts.indexOf(b.act));
  const problems = rounds.flatMap(({ act, record }) =>
    actProblems(act, record).map((problem) => `act ${act.title}: ${problem}`),
  );
  const verdict =
    problems.length === 0
      ? 'every act shows the expected outcome, consistent with packet captures and clients'
      : problems;
  const lines = [`kernel ${rounds[0]?.record.release}`, ...actsTable(rounds)].concat(verdict);
  standardOutput().write(lines.map((line) => `${line}\n`).join(''));
  return problems.length === 0 ? ExitCode.ok : ExitCode.trouble;
}

/** Plays acts of one kind in one guest. */
async function playOn(
  chosen: readonly Act[],
  { kernel, timeout, refresh }: ActsOptions,
  command: Command,
): Promise<readonly { readonly act: Act; readonly record: RoundRecord }[]> {
  const stdout = new Collector();
  const names = chosen.map(({ scenario }) => scenario.name);
  const exitCode = await runInLab({
    log: logOf(command),
    env: logEnvironment(command),
    command: ['reproduce', ...names, '--witness', '--record'],
    kernel,
    stdout,
    unfixed: chosen.some(({ unfixed }) => unfixed),
    ...(refresh === undefined ? {} : { refresh }),
    ...(timeout === undefined ? {} : { timeoutMs: timeout * 1000 }),
  });
  const records = stdout.text.split('\n').filter(Boolean);
  if (records.length !== chosen.length) {
    throw new IpvscopeError(
      'ERR_LAB_ACTS',
      `the demo failed: the guest ended with exit code ${exitCode}`,
      {
        step: 'acts',
        hint: 'see the output of the guest above',
        exitCode: exitCode === ExitCode.prerequisite ? ExitCode.prerequisite : ExitCode.trouble,
      },
    );
  }
  return chosen.map((act, index) => ({ act, record: JSON.parse(records[index] ?? '') }));
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
