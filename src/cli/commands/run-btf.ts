import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Command } from 'commander';
import { buildBtf, releaseOf } from '../../btf/build-btf.js';
import { describeErrno, ExitCode, IpvscopeError } from '../../error.js';
import type { Logger } from '../../log.js';
import { BTF_DIRECTORY } from '../support/btf-directory.js';
import { logOf } from '../support/global-options.js';
import { Stop } from '../support/stop.js';

export interface BtfOptions {
  readonly headers: string;
  readonly output?: string;
  readonly minimal?: true;
}

/** Generates BTF and writes it to a file. */
export async function runBtf(options: BtfOptions, command: Command): Promise<void> {
  const stop = new Stop();
  try {
    await writeBtf(options, { signal: stop.signal, log: logOf(command) });
  } finally {
    stop.release();
  }
}

interface Run {
  readonly signal: AbortSignal;
  readonly log: Logger;
}

async function writeBtf(options: BtfOptions, { signal, log }: Run): Promise<void> {
  const { headers, minimal } = options;
  const kernelRelease = await releaseOf(headers);
  const output = options.output ?? join(BTF_DIRECTORY, `${kernelRelease}.btf`);
  log.info(`generating BTF of ${kernelRelease}`);
  const btf = await buildBtf({ headers, minimal: minimal === true, signal });
  try {
    await mkdir(dirname(output), { recursive: true });
    await writeFile(output, btf);
  } catch (cause) {
    throw new IpvscopeError(
      'ERR_OUTPUT',
      `cannot write ${output}: ${describeErrno(cause as NodeJS.ErrnoException)}`,
      {
        hint: 'choose another file with --output',
        exitCode: ExitCode.usage,
        cause,
      },
    );
  }
  log.info(`${output}: ${btf.length} bytes`);
}
