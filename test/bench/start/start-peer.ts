/**
 * What ships, from its start to its first record: says which program it has loaded, and then, in
 * answer to one line, when its first record was delivered. Driven by start.ts.
 */
import { once } from 'node:events';
import { IpvscopeError } from '../../../src/error.js';
import { monotonicUs } from '../clock.js';
import { openGenerator } from '../generator-source.js';

const say = (answer: unknown) => process.stdout.write(`${JSON.stringify(answer)}\n`);

try {
  const { source, program } = openGenerator({});
  const first = new Promise<number>((resolve) =>
    source.start(() => {
      resolve(monotonicUs());
      return undefined;
    }),
  );
  say({ program });
  await once(process.stdin, 'data');
  say({ firstUs: await first });
  source.stop();
  process.stdin.destroy();
} catch (error) {
  if (!(error instanceof IpvscopeError)) throw error;
  process.stderr.write(`${error.toLine()}\n`);
  process.exitCode = error.exitCode;
}
