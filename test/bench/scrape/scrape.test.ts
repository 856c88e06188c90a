import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { measureScrape, sameSamples } from './measure-scrape.js';
import { formatReport } from './report.js';

describe('scrape', () => {
  const sample = 'ipvs_port_reuse_total{local_port="80"} 1';

  it('says which sample differs', () => {
    assert.throws(() => sameSamples(sample, `${sample}1`), {
      code: 'ERR_BENCH_TEXT',
      message: /is '.*} 1', and of prom-client's 1 '.*} 11'$/,
    });
    assert.throws(() => sameSamples(sample, ''), { code: 'ERR_BENCH_TEXT' });
  });

  it('looks at no order, nor at metrics that one of them lacks', () => {
    assert.equal(sameSamples(`a 1\n${sample}\n${sample}0`, `${sample}0\n${sample}`), 2);
  });

  it('is measured: the same samples, and figures of all', async () => {
    const figures = await measureScrape({ services: 20, servers: 3, rounds: 2 });
    assert.equal(figures.series, 20 * 3 + 20);
    for (const { median } of [figures.ours, figures.plain, figures.unchanged, figures.blocked]) {
      assert.ok(median > 0);
    }
    assert.match(formatReport(figures), /^G7: \d+\.\d times cheaper/m);
  });
});
