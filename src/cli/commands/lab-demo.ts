import { Writable } from 'node:stream';
import { Command, Option } from 'commander';
import { formatSteps } from '../../demo/format-steps.js';
import { type DemoStep, demoSteps, stepProblems } from '../../demo/steps.js';
import { ExitCode, IpvscopeError } from '../../error.js';
import { DEFAULT_KERNEL, labKernels } from '../../lab/index.js';
import type { RoundRecord } from '../../verify/round-record.js';
import { parseSeconds } from '../support/command-options.js';
import { runInLab } from '../support/run-in-lab.js';
import { standardOutput } from '../support/standard-streams.js';

interface DemoOptions {
  readonly kernel?: string;
  readonly timeout?: number;
  readonly refresh?: true;
}

/** `name`: `demo`; `acts` is its former name. */
export const demoCommand = (name: string): Command =>
  new Command(name)
    .description('play the incident in three steps, and compare what was observed of each')
    .addOption(new Option('--kernel <version>', `default: ${DEFAULT_KERNEL}`).choices(labKernels()))
    .option('--timeout <seconds>', 'kill each of the two guests after so long', parseSeconds)
    .addHelpText(
      'after',
      `
Step 1: conn_reuse_mode=0; connects that reuse a port go to the server that drains, and time out when
it is gone. Step 2: conn_reuse_mode=1 and an ip_vs without the fix of Linux 5.9 (f0a5e4d7a594); they
take a second. Step 3: the same with the fix; they take no time. The ip_vs of step 2 is built from the
kernel's own source once: about 150 MB to fetch, and a minute.

The table goes to stdout, all else to stderr. Exit code 1: a step did not show what it should.

Examples:
  ipvscope lab demo
  ipvscope lab demo --kernel 6.12`,
    )
    .action(async (options: DemoOptions, command: Command) => {
      // Those of `lab` count too, wherever they stand.
      process.exitCode = await playDemo({ ...command.parent?.opts<DemoOptions>(), ...options });
    });

async function playDemo(options: DemoOptions): Promise<ExitCode> {
  // Whether the unfixed ip_vs can be built shows first.
  const unfixed = demoSteps.filter((step) => step.unfixed);
  const stock = demoSteps.filter((step) => !step.unfixed);
  const { refresh: _, ...cached } = options;
  const rounds = [...(await playOn(unfixed, options)), ...(await playOn(stock, cached))].sort(
    (a, b) => demoSteps.indexOf(a.step) - demoSteps.indexOf(b.step),
  );
  const problems = rounds.flatMap(({ step, record }) =>
    stepProblems(step, record).map((problem) => `step ${step.title}: ${problem}`),
  );
  const verdict =
    problems.length === 0
      ? 'each step shows what it should, and all observations are consistent'
      : problems;
  const lines = [`kernel ${rounds[0]?.record.release}`, ...formatSteps(rounds)].concat(verdict);
  standardOutput().write(lines.map((line) => `${line}\n`).join(''));
  return problems.length === 0 ? ExitCode.ok : ExitCode.trouble;
}

/** Plays steps of one kind in one guest. */
async function playOn(
  chosen: readonly DemoStep[],
  { kernel, timeout, refresh }: DemoOptions,
): Promise<readonly { readonly step: DemoStep; readonly record: RoundRecord }[]> {
  const stdout = new Collector();
  const names = chosen.map(({ scenario }) => scenario.name);
  const exitCode = await runInLab({
    command: ['reproduce', ...names, '--witness', '--record'],
    kernel,
    stdout,
    revertFix: chosen.some(({ unfixed }) => unfixed),
    ...(refresh === undefined ? {} : { refresh }),
    ...(timeout === undefined ? {} : { timeoutMs: timeout * 1000 }),
  });
  const records = stdout.text.split('\n').filter(Boolean);
  if (records.length !== chosen.length) {
    throw new IpvscopeError('ERR_LAB_ACTS', `the steps were not played (exit code ${exitCode})`, {
      step: 'demo',
      hint: 'see what the guest said above',
      exitCode: exitCode === ExitCode.prerequisite ? ExitCode.prerequisite : ExitCode.trouble,
    });
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
