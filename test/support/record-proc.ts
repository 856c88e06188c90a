// Preloaded into a process (`node --import`): writes each path below /proc that it touches through
// node:fs to the file RECORD_PROC, a path a line.
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

const { appendFileSync } = fs;
const file = process.env.RECORD_PROC ?? '';

type Call = (...args: unknown[]) => unknown;

function watch(holder: Record<string, unknown>): void {
  for (const [name, value] of Object.entries(holder)) {
    if (typeof value !== 'function' || /^[A-Z_]/.test(name)) continue;
    const call = value as Call;
    const watched: Call = function (this: unknown, ...args) {
      const path = args[0] instanceof URL ? args[0].pathname : args[0];
      if (typeof path === 'string' && path.startsWith('/proc')) appendFileSync(file, `${path}\n`);
      return call.apply(this, args);
    };
    holder[name] = Object.assign(watched, call);
  }
}

watch(fs as unknown as Record<string, unknown>);
watch(fs.promises as unknown as Record<string, unknown>);
syncBuiltinESMExports();
