import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Command } from 'commander';
import { buildTypes, releaseOf } from '../../btf/build-types.js';
import { describeErrno, ExitCode, IpvscopeError } from '../../error.js';
import { obtainKernel, obtainKernelHeaders } from '../../lab/index.js';
import type { Logger } from '../../log.js';
import { logOf } from '../support/global-options.js';
import { Stop } from '../support/stop.js';
import { BTF_DIRECTORY, type BtfOptions } from './btf.js';

/** Generates BTF and writes it to a file. */
export async function runBtf(options: BtfOptions, command: Command): Promise<void> {
  const stop = new Stop();
  try {
    await build(options, { signal: stop.signal, log: logOf(command) });
  } finally {
    stop.release();
  }
}

interface Run {
  readonly signal: AbortSignal;
  readonly log: Logger;
}

async function build(options: BtfOptions, { signal, log }: Run): Promise<void> {
  const headers = await headersDirectory(options, { signal, log });
  const of = await releaseOf(headers);
  const output = options.output ?? join(BTF_DIRECTORY, `${of}.btf`);
  log.info(`generating BTF of ${of}`);
  const types = await buildTypes({ headers, minimal: options.minimal === true, signal });
  try {
    await mkdir(dirname(output), { recursive: true });
    await writeFile(output, types);
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
  log.info(`${output}: ${types.length} bytes`);
}

async function headersDirectory(options: BtfOptions, { signal, log }: Run): Promise<string> {
  if (options.labKernel === undefined) return options.headers ?? '';
  const fetch = { signal, onProgress: log.info };
  const kernel = await obtainKernel({ kernel: options.labKernel, refresh: false, ...fetch });
  return await obtainKernelHeaders({ kernel, ...fetch });
}
