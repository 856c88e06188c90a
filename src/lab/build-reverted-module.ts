import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { IpvscopeError } from '../error.js';
import { findPrograms } from '../exec/find.js';
import { runProgram } from '../exec/run.js';
import { CONNTRACK_FIX } from '../record/cause.js';
import { fetchPackages } from './fetch-packages.js';
import { type HeadersRequest, obtainKernelHeaders } from './kernel-headers.js';
import { unpackImage } from './kernel-image.js';
import { isPresent } from './lab-cache.js';
import { revertFix } from './revert-fix.js';

const PROGRAMS = ['dpkg-deb', 'gcc', 'make', 'objcopy', 'pahole', 'tar', 'xz'] as const;

const MAKE_VARIABLES = [
  // This machine's compiler, which may differ from the one that built the kernel ...
  'CC=gcc',
  // ... and has an option that gcc 12 spells differently.
  'CONFIG_CC_HAS_MIN_FUNCTION_ALIGNMENT=',
  // Not every kernel's headers package holds what module BTF needs.
  'CONFIG_DEBUG_INFO_BTF_MODULES=',
];

/**
 * Builds `ip_vs.ko` in `scratch`, with BTF, from the source of exactly this kernel with commit
 * f0a5e4d7a594 reverted; returns its path.
 *
 * @throws IpvscopeError `ERR_PROGRAM_MISSING`, `ERR_LAB_PACKAGES_UNREACHABLE`, and
 * `ERR_LAB_UNFIXED` if the source differs from what the edits expect, or does not compile.
 */
export async function buildRevertedModule(
  request: HeadersRequest,
  scratch: string,
): Promise<string> {
  const { kernel, signal, onProgress } = request;
  const programs = findPrograms(PROGRAMS);
  const run = (name: (typeof PROGRAMS)[number], args: readonly string[]): Promise<unknown> =>
    runProgram(programs[name], args, { step: 'revert', signal });

  const headers = await obtainKernelHeaders(request);
  const source = await unpackSource(request, scratch, run);
  const core = join(source, 'ip_vs_core.c');
  await writeFile(core, revertFix(await readFile(core, 'utf8'), kernel.version));

  onProgress(`building ip_vs of ${kernel.release} without commit ${CONNTRACK_FIX}`);
  const start = performance.now();
  const module = join(source, 'ip_vs.ko');
  const jobs = `-j${availableParallelism()}`;
  await run('make', [jobs, '-C', headers, `M=${source}`, ...MAKE_VARIABLES, 'ip_vs.ko']).catch(
    (cause: unknown) => {
      signal.throwIfAborted();
      throw buildFailed(kernel.release, cause);
    },
  );
  const shipped = join(headers, 'vmlinux');
  const base = (await isPresent(shipped)) ? shipped : await unpackImage(kernel, scratch, signal);
  const btf = join(scratch, 'ip_vs.btf');
  await run('pahole', [
    ...['--btf_gen_floats', `--btf_base=${base}`, `--btf_encode_detached=${btf}`, module],
  ]);
  await run('objcopy', ['--strip-debug', '--add-section', `.BTF=${btf}`, module]);
  onProgress(`built in ${((performance.now() - start) / 1000).toFixed(0)} s`);
  return module;
}

/** Fetches and unpacks the source of ip_vs; returns its directory. */
async function unpackSource(
  request: HeadersRequest,
  scratch: string,
  run: (name: 'tar', args: readonly string[]) => Promise<unknown>,
): Promise<string> {
  const { kernel, onProgress } = request;
  const name = `linux-source-${/^\d+\.\d+/.exec(kernel.release)?.[0]}`;
  onProgress(`fetching the source of ${kernel.release}`);
  const packages = {
    ...request,
    what: 'the source',
    name,
    wanted: (each: string) => each === name,
  };
  const tree = await fetchPackages(packages, scratch);
  const directory = join(scratch, 'source');
  const member = `${name}/net/netfilter/ipvs`;
  await mkdir(directory);
  onProgress('unpacking the source');
  await run('tar', ['-xJf', join(tree, 'usr', 'src', `${name}.tar.xz`), '-C', directory, member]);
  return join(directory, member);
}

function buildFailed(release: string, cause: unknown): unknown {
  if (!(cause instanceof IpvscopeError) || cause.code !== 'ERR_PROGRAM_FAILED') return cause;
  const lines = cause.log?.split('\n') ?? [];
  const reason = lines.find((line) => /\berror\b/i.test(line)) ?? cause.message;
  return new IpvscopeError('ERR_LAB_UNFIXED', `cannot build ip_vs of ${release}: ${reason}`, {
    step: 'revert',
    hint: 'choose another kernel',
    ...(cause.log === undefined ? {} : { log: cause.log }),
    cause,
  });
}
