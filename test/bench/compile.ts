import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { ExitCode } from '../../src/error.js';
import { BenchError } from './bench-error.js';

/** Seen from dist/test/bench. */
const root = new URL('../../../', import.meta.url);
const path = (relative: string): string => fileURLToPath(new URL(relative, root));

/** The object that has the record generator, as `npm run build:native` leaves it. */
export const probeObject = path('build/obj/ipvscope_kprobe.bpf.o');

/** The first line of what the compiler had to say; lines above an error only say where. */
function firstError(error: unknown): string {
  const { stderr, message } = error as Error & { stderr?: string };
  const lines = (stderr || message).split('\n');
  return (lines.find((line) => /error|cannot find/i.test(line)) ?? lines[0] ?? '').trim();
}

const libbpf = ['-lbpf', '-lelf', '-lz'];

/** Each of test/bench/native: what the compiler is told besides. */
const programs = {
  consumer: libbpf,
  producer: libbpf,
  callback: libbpf,
  packets: [],
  attach: libbpf,
} as const satisfies Readonly<Record<string, readonly string[]>>;

/** Paths of the compiled programs that `npm run bench` runs. */
export type Programs = Readonly<Record<'consumer' | 'producer' | 'callback', string>>;

/**
 * Node's headers, as the addon was built with them: those beside the running Node, else those that
 * node-gyp noted.
 */
function nodeHeaders(): string {
  const beside = join(dirname(dirname(process.execPath)), 'include/node');
  if (existsSync(join(beside, 'node_api.h'))) return beside;
  const noted = path('build/config.gypi');
  const directory = existsSync(noted)
    ? /"nodedir": "([^"]+)"/.exec(readFileSync(noted, 'utf8'))?.[1]
    : undefined;
  return join(directory ?? '', 'include/node');
}

/**
 * Compiles a program of test/bench/native, every time: it takes a quarter of a second and is never
 * out of date. Returns its path. Throws an IpvscopeError ERR_BENCH_COMPILE.
 */
export async function compileProgram(name: keyof typeof programs): Promise<string> {
  const isAddon = name === 'callback';
  const program = path(`build/bench/${name}${isAddon ? '.node' : ''}`);
  const flags = ['-std=gnu11', '-O2', '-Wall', '-Wextra', `-I${path('native/include')}`];
  if (isAddon) flags.push('-shared', '-fPIC', `-I${nodeHeaders()}`);
  const source = path(`test/bench/native/${name}.c`);
  await mkdir(path('build/bench'), { recursive: true });
  try {
    await promisify(execFile)('cc', [...flags, source, '-o', program, ...programs[name]]);
  } catch (cause) {
    throw new BenchError('ERR_BENCH_COMPILE', `cannot compile ${name}.c (${firstError(cause)})`, {
      hint: 'install a C compiler and libbpf: apt-get install gcc libc6-dev libbpf-dev',
      step: 'compile',
      exitCode: ExitCode.prerequisite,
      cause,
    });
  }
  return program;
}

/** Compiles empty.bpf.c and returns the object's path. Throws as `compileProgram` does. */
export async function compileEmptyPrograms(): Promise<string> {
  const object = path('build/bench/empty.bpf.o');
  await mkdir(path('build/bench'), { recursive: true });
  const { arch } = process;
  const headers = `/usr/include/${arch === 'x64' ? 'x86_64' : arch}-linux-gnu`; // asm/types.h
  const flags = ['-O2', '-g', '-target', 'bpf', `-I${headers}`];
  try {
    await promisify(execFile)('clang', [
      ...[...flags, '-c', path('test/bench/native/empty.bpf.c'), '-o', object],
    ]);
  } catch (cause) {
    throw new BenchError('ERR_BENCH_COMPILE', `cannot compile empty.bpf.c (${firstError(cause)})`, {
      hint: 'install clang and libbpf: apt-get install clang libbpf-dev',
      step: 'compile',
      exitCode: ExitCode.prerequisite,
      cause,
    });
  }
  return object;
}

/** All that `npm run bench` runs. Throws as `compileProgram` does. */
export async function compilePrograms(): Promise<Programs> {
  const [consumer, producer, callback] = await Promise.all([
    compileProgram('consumer'),
    compileProgram('producer'),
    compileProgram('callback'),
  ]);
  return { consumer, producer, callback };
}
