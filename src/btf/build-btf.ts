import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ExitCode, IpvscopeError } from '../error.js';
import { findPrograms } from '../exec/find.js';
import { runProgram } from '../exec/run.js';
import { loadAddon } from '../native/addon.js';

export interface BuildBtfRequest {
  /** The directory of the kernel's headers, as for `make -C`. */
  readonly headers: string;
  /** Keep only what this version of the probe reads: about 1 kB instead of 230. */
  readonly minimal: boolean;
  readonly signal?: AbortSignal;
}

const SOURCE = fileURLToPath(new URL('../../../native/btf/types.c', import.meta.url));

/**
 * BTF of a kernel and its ip_vs, made from its headers alone, for kernels that do not show their
 * types themselves (Debian's 5.10: CONFIG_DEBUG_INFO_BTF_MODULES is not set). Layouts depend on the
 * kernel's configuration, which the headers carry.
 *
 * @throws IpvscopeError `ERR_PROGRAM_MISSING`, `ERR_PROGRAM_FAILED`, or `ERR_NO_HEADERS` where the
 * directory has no headers.
 */
export async function buildBtf(request: BuildBtfRequest): Promise<Buffer> {
  const { headers, minimal, signal } = request;
  const compiler = await compilerOf(headers);
  const programs = findPrograms(['make', compiler, 'pahole']);
  const bpftool = minimal ? findPrograms(['bpftool']).bpftool : undefined;
  const call = { step: 'btf', ...(signal === undefined ? {} : { signal }) };
  const directory = await mkdtemp(join(tmpdir(), 'ipvscope-btf-'));
  const file = (name: string): string => join(directory, name);
  try {
    await copyFile(SOURCE, file('types.c'));
    await writeFile(file('Kbuild'), 'obj-m := types.o\n');
    // Headers name the compiler that built the kernel; layouts are the same with any of its kind.
    const settings = [`M=${directory}`, `CC=${compiler}`, 'KCFLAGS=-g'];
    await runProgram(programs.make, ['-s', '-C', headers, ...settings, 'types.o'], call);
    await runProgram(
      programs.pahole,
      [`--btf_encode_detached=${file('full.btf')}`, file('types.o')],
      call,
    );
    if (bpftool === undefined) return await readFile(file('full.btf'));
    await writeFile(file('probe.o'), loadAddon().object);
    const less = [file('full.btf'), file('minimal.btf'), file('probe.o')];
    await runProgram(bpftool, ['gen', 'min_core_btf', ...less], call);
    return await readFile(file('minimal.btf'));
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** The release that headers are of, as `uname -r` names it. */
export async function releaseOf(headers: string): Promise<string> {
  const text = await readHeader(headers, 'include/generated/utsrelease.h');
  const release = /UTS_RELEASE "([^"]+)"/.exec(text)?.[1];
  if (release === undefined) throw noHeaders(headers);
  return release;
}

async function compilerOf(headers: string): Promise<'gcc' | 'clang'> {
  const settings = await readHeader(headers, 'include/config/auto.conf');
  return /^CONFIG_CC_IS_CLANG=y$/m.test(settings) ? 'clang' : 'gcc';
}

async function readHeader(headers: string, name: string): Promise<string> {
  try {
    return await readFile(join(headers, name), 'utf8');
  } catch (cause) {
    throw noHeaders(headers, cause);
  }
}

function noHeaders(headers: string, cause?: unknown): IpvscopeError {
  return new IpvscopeError('ERR_NO_HEADERS', `there are no headers of a kernel in ${headers}`, {
    step: 'btf',
    hint: 'apt-get install linux-headers-$(uname -r), or name their directory with --headers',
    exitCode: ExitCode.prerequisite,
    ...(cause === undefined ? {} : { cause }),
  });
}
