import assert from 'node:assert/strict';
import { test } from 'node:test';
import { playRounds } from '../../../../src/cli/support/rounds.js';

/** What each round does: fits, or not, or is ended by Ctrl-C half-way. */
type Round = 'fits' | 'fails' | 'interrupted';

const cases: readonly { loop: boolean; rounds: readonly Round[]; code: number }[] = [
  { loop: false, rounds: ['fits'], code: 0 },
  { loop: false, rounds: ['fails'], code: 1 },
  { loop: false, rounds: ['interrupted'], code: 0 },
  { loop: true, rounds: ['fits', 'fits', 'interrupted'], code: 0 },
  { loop: true, rounds: ['fits', 'fails', 'fits', 'interrupted'], code: 1 },
  { loop: true, rounds: ['fails', 'interrupted'], code: 1 },
];

for (const { loop, rounds, code } of cases) {
  test(`${loop ? 'looping: ' : ''}${rounds.join(', ')}: exit code ${code}`, async () => {
    const stop = new AbortController();
    const left = [...rounds];
    const play = async (): Promise<boolean> => {
      const round = left.shift();
      if (round !== 'interrupted') return round === 'fits';
      stop.abort();
      throw stop.signal.reason;
    };
    assert.equal(await playRounds({ loop, signal: stop.signal, play }), code);
    assert.deepEqual(left, []);
  });
}

test('a round that cannot be played ends them with its error', async () => {
  const play = async (): Promise<boolean> => {
    throw new RangeError('no such thing');
  };
  const { signal } = new AbortController();
  await assert.rejects(playRounds({ loop: true, signal, play }), RangeError);
});
