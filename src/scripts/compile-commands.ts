/**
 * Writes compile_commands.json for clangd: how the build compiles native/addon and native/bpf. The
 * commands come from the makefile that npm run build:native generates.
 */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';

interface CompileCommand {
  readonly directory: string;
  readonly command: string;
  readonly file: string;
}

const target = 'compile_commands.json';

/** The compiler calls in one line of make's output. */
function compileCommands(line: string): readonly CompileCommand[] {
  if (line.startsWith('printf ')) return []; // the makefile's own record of its commands
  const addon = /^(?:\S*g\+\+|\S*clang\+\+|c\+\+) .* -c\b.*/.exec(line)?.[0];
  const found = addon === undefined ? [] : [compileCommand(resolve('build'), addon)];
  // Shell commands in binding.gyp, run in the root directory, compile the probe.
  const probe = [...line.matchAll(/\bclang (?=[^&"]*-target bpf)[^&"]*/g)].map(([command]) =>
    compileCommand(resolve('.'), command.trim()),
  );
  return [...found, ...probe].filter((each) => each !== undefined);
}

function compileCommand(directory: string, command: string): CompileCommand | undefined {
  const source = / (\S+\.(?:c|cc))(?= |$)/.exec(command)?.[1];
  return source === undefined
    ? undefined
    : { directory, command, file: resolve(directory, source) };
}

const make = spawnSync(
  'make',
  ['-C', 'build', '--old-file=Makefile', '--dry-run', '--always-make', 'BUILDTYPE=Release'],
  { encoding: 'utf8', maxBuffer: 64 << 20 },
);
const commands = (make.stdout ?? '').split('\n').flatMap(compileCommands);
if (make.status !== 0 || commands.length === 0) {
  console.error(make.stderr || make.error?.message);
  console.error(`${target}: no compile commands in build/Makefile (npm run build:native makes it)`);
  process.exitCode = 1;
} else {
  writeFileSync(target, `${JSON.stringify(commands, null, 2)}\n`);
  console.error(`${target}: ${commands.length} commands`);
}
