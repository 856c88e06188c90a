import assert from 'node:assert/strict';
import { Running } from '../../kernel/command.js';
import { sumOf } from '../../kernel/flood/metrics-text.js';

/** What looks on, until it is ended; it then tells how many notable packets it saw. */
export interface AttachedObserver {
  end(): Promise<number>;
}

const PORT = '10966';

/** `ipvscope serve`, as it runs on a node. */
export async function startServe(variant: 'fexit' | 'kprobe'): Promise<AttachedObserver> {
  const serve = await Running.attached([
    ...['serve', '--attach', variant, '--web.listen-address', `127.0.0.1:${PORT}`],
  ]);
  return {
    async end() {
      const text = await (await fetch(`http://127.0.0.1:${PORT}/metrics`)).text();
      assert.equal((await serve.end()).code, 0, serve.stderr);
      return sumOf(text, 'ipvscope_events_total');
    },
  };
}
