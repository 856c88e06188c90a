import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { ExitCode, IpvscopeError } from '../../src/error.js';

/** Seen from dist/test/bench. */
const root = new URL('../../../', import.meta.url);
const path = (relative: string): string => fileURLToPath(new URL(relative, root));

/** The probe as `npm run build:native` leaves it. */
export const probeObject = path('build/obj/ipvscope.bpf.o');

/** The first line of what the compiler had to say; lines above an error only say where. */
function firstError(error: unknown): string {
  const { stderr, message } = error as Error & { stderr?: string };
  const lines = (stderr || message).split('\n');
  return (lines.find((line) => /error|cannot find/i.test(line)) ?? lines[0] ?? '').trim();
}

const programs = {
  consumer: ['-lbpf', '-lelf', '-lz'],
  packets: [],
} as const satisfies Readonly<Record<string, readonly string[]>>;

/**
 * Compiles a program of test/bench/native, every time: it takes a quarter of a second and is never
 * out of date. Returns its path. Throws an IpvscopeError ERR_BENCH_COMPILE.
 */
export async function compileProgram(name: keyof typeof programs): Promise<string> {
  const program = path(`build/bench/${name}`);
  const flags = ['-std=gnu11', '-O2', '-Wall', '-Wextra', `-I${path('native/include')}`];
  const source = path(`test/bench/native/${name}.c`);
  await mkdir(path('build/bench'), { recursive: true });
  try {
    await promisify(execFile)('cc', [...flags, source, '-o', program, ...programs[name]]);
  } catch (cause) {
    throw new IpvscopeError(
      'ERR_BENCH_COMPILE',
      `cannot compile ${name}.c (${firstError(cause)})`,
      {
        hint: 'install a C compiler and libbpf: apt-get install gcc libc6-dev libbpf-dev',
        step: 'compile',
        exitCode: ExitCode.prerequisite,
        cause,
      },
    );
  }
  return program;
}
