import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BPFTRACE, findings } from './findings.js';
import { firstOutput } from './first-output.js';

describe('start', () => {
  const own = { label: 'ours', times: [200, 100, 150] };

  it('is told in milliseconds, and over bpftrace', () => {
    const { goals, others } = findings([own, { label: BPFTRACE, times: [300] }]);
    assert.deepEqual([goals, others], [{ G8: 150 }, { 'G8 over bpftrace': 0.5 }]);
  });

  it('is told without a program that is not here, which is said', () => {
    const { goals, others, text } = findings([own, { label: BPFTRACE, times: [] }]);
    assert.deepEqual([goals, others], [{ G8: 150 }, {}]);
    assert.match(text, /Not here, or it says nothing: bpftrace\./);
    assert.throws(() => findings([{ label: 'ours', times: [] }]), RangeError);
  });

  it('is timed up to the words waited for, if they come', async () => {
    const { signal } = new AbortController();
    const say = (word: string) => [process.execPath, '-e', `console.log('${word}')`] as const;
    assert.ok(((await firstOutput(say('ready'), 'ready', signal)) ?? 0) > 0);
    assert.equal(await firstOutput(say('other'), 'ready', signal), undefined);
    assert.equal(await firstOutput(['/no/such/program'], 'ready', signal), undefined);
    await assert.rejects(firstOutput(say('ready'), 'ready', AbortSignal.abort()));
  });
});
