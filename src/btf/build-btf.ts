import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { IpvscopeError } from '../error.js';
import { findPrograms } from '../exec/find.js';
import { runProgram } from '../exec/run.js';
import { loadAddon } from '../native/addon.js';
import { packagePath } from '../package-root.js';

export interface BuildBtfRequest {
  /** The directory of the kernel's headers, for `make -C`. */
  readonly headers: string;
  /** Keeps only the types that this version of the probe reads: 3 KiB in place of 230 KiB. */
  readonly minimal: boolean;
  readonly signal?: AbortSignal;
}

const SOURCE = packagePath('native/btf/types.c');

/**
 * Generates BTF of a kernel and its ip_vs module from the kernel's headers, for kernels built without
 * module BTF (CONFIG_DEBUG_INFO_BTF_MODULES; Debian's 5.10). Layouts depend on the kernel's
 * configuration, which the headers package contains.
 *
 * @throws IpvscopeError `ERR_PROGRAM_MISSING`, `ERR_PROGRAM_FAILED`, or `ERR_NO_HEADERS` where the
 * directory holds no headers.
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
    // The headers name the compiler that built the kernel; layouts are equal with any version of it.
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

/** Returns the kernel release of headers, as `uname -r` prints it. */
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
  return new IpvscopeError('ERR_NO_HEADERS', `no kernel headers in ${headers}`, {
    step: 'btf',
    hint: 'apt-get install linux-headers-$(uname -r), or name their directory with --headers',
    ...(cause === undefined ? {} : { cause }),
  });
}
