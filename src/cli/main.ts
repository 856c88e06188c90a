#!/usr/bin/env node
// Before anything else is loaded: a signal may come at any time.
import './no-inspector.js';

/** Whether the modules could not be read because this process, or all, have too many files open. */
function isShort(cause: unknown): cause is NodeJS.ErrnoException {
  return (
    cause instanceof Error &&
    'code' in cause &&
    (cause.code === 'EMFILE' || cause.code === 'ENFILE')
  );
}

async function main(): Promise<void> {
  let program: typeof import('./program.js');
  try {
    program = await import('./program.js');
  } catch (cause) {
    if (!isShort(cause)) throw cause;
    // What writes such lines is among what could not be loaded.
    const line =
      'ipvscope: ERR_DESCRIPTORS: too many open files (hint: raise the limit: ulimit -n 1024)';
    process.stderr.on('error', () => {}).write(`${line}\n`);
    process.exitCode = 3;
    return;
  }
  await program.runProgram();
}

await main();
