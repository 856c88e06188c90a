import { Writable } from 'node:stream';
import { Command, Option } from 'commander';
import { type Act, actProblems, acts } from '../../acts/acts.js';
import { actsTable } from '../../acts/table.js';
import { ExitCode, IpvscopeError } from '../../error.js';
import { DEFAULT_KERNEL, labKernels } from '../../lab/index.js';
import type { RoundRecord } from '../../scenario/index.js';
import { parseSeconds } from '../support/command-options.js';
import { runInLab } from '../support/run-in-lab.js';
import { standardOutput } from '../support/standard-streams.js';

interface ActsOptions {
  readonly kernel?: string;
  readonly timeout?: number;
  readonly refresh?: true;
}

export const actsCommand = new Command('acts')
  .description('play the incident in three acts, and lay side by side what was seen of each')
  .addOption(new Option('--kernel <version>', `default: ${DEFAULT_KERNEL}`).choices(labKernels()))
  .option('--timeout <seconds>', 'kill each of the two guests after so long', parseSeconds)
  .addHelpText(
    'after',
    `
Act 1: conn_reuse_mode=0; connects that reuse a port go to the server that drains, and time out when
it is gone. Act 2: conn_reuse_mode=1 and an ip_vs without the fix of Linux 5.9 (f0a5e4d7a594); they
take a second. Act 3: the same with the fix; they take no time. The ip_vs of act 2 is built from the
kernel's own source once: about 150 MB to fetch, and a minute.

The table goes to stdout, all else to stderr. Exit code 1: an act did not show what it should.

Examples:
  ipvscope lab acts
  ipvscope lab acts --kernel 6.12`,
  )
  .action(async (options: ActsOptions, command: Command) => {
    // Those of `lab` count too, wherever they stand.
    process.exitCode = await playActs({ ...command.parent?.opts<ActsOptions>(), ...options });
  });

async function playActs(options: ActsOptions): Promise<ExitCode> {
  // Whether the unfixed ip_vs can be built shows first.
  const unfixed = acts.filter((act) => act.unfixed);
  const stock = acts.filter((act) => !act.unfixed);
  const { refresh: _, ...cached } = options;
  const rounds = [...(await playOn(unfixed, options)), ...(await playOn(stock, cached))].sort(
    (a, b) => acts.indexOf(a.act) - acts.indexOf(b.act),
  );
  const problems = rounds.flatMap(({ act, record }) =>
    actProblems(act, record).map((problem) => `act ${act.title}: ${problem}`),
  );
  const verdict =
    problems.length === 0 ? 'each act shows what it should, and all of it fits together' : problems;
  const lines = [`kernel ${rounds[0]?.record.release}`, ...actsTable(rounds)].concat(verdict);
  standardOutput().write(lines.map((line) => `${line}\n`).join(''));
  return problems.length === 0 ? ExitCode.ok : ExitCode.trouble;
}

/** Plays acts of one kind in one guest. */
async function playOn(
  chosen: readonly Act[],
  { kernel, timeout, refresh }: ActsOptions,
): Promise<readonly { readonly act: Act; readonly record: RoundRecord }[]> {
  const stdout = new Collector();
  const names = chosen.map(({ scenario }) => scenario.name);
  const exitCode = await runInLab({
    command: ['reproduce', ...names, '--witness', '--record'],
    kernel,
    stdout,
    unfixed: chosen.some(({ unfixed }) => unfixed),
    ...(refresh === undefined ? {} : { refresh }),
    ...(timeout === undefined ? {} : { timeoutMs: timeout * 1000 }),
  });
  const records = stdout.text.split('\n').filter(Boolean);
  if (records.length !== chosen.length) {
    throw new IpvscopeError('ERR_LAB_ACTS', `the acts were not played (exit code ${exitCode})`, {
      step: 'acts',
      hint: 'see what the guest said above',
      exitCode: exitCode === ExitCode.prerequisite ? ExitCode.prerequisite : ExitCode.trouble,
    });
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
