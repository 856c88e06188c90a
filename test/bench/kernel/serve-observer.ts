import assert from 'node:assert/strict';
import { Running } from '../../kernel/command.js';

/** Attached until `end()`, which resolves to the notable packets that it saw; undefined: it counts none. */
export interface AttachedObserver {
  end(): Promise<number | undefined>;
}

const PORT = '10966';

/** `ipvscope serve`, as it runs on a node. */
export async function startServe(...options: readonly string[]): Promise<AttachedObserver> {
  const serve = await Running.attached([
    ...['serve', '--web.listen-address', `127.0.0.1:${PORT}`, ...options],
  ]);
  return {
    async end() {
      const { code, stderr } = await serve.end();
      assert.equal(code, 0, stderr);
      const summary = stderr.trim().split('\n').at(-1) ?? '';
      assert.match(summary, /nothing lost/);
      return [...summary.matchAll(/(\d+) [a-z]+ forwarded/g)].reduce(
        (sum, [, packets]) => sum + Number(packets),
        0,
      );
    },
  };
}
