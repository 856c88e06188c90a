import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { metricsHelp } from '../../support/metrics-help.js';

test('docs/metrics.md has every metric, and no other', async () => {
  const names = (await metricsHelp()).map((line) => line.split(' ')[2] ?? '').sort();
  const rows = readFileSync(new URL('../../../../docs/metrics.md', import.meta.url), 'utf8')
    .split('\n')
    .filter((line) => /^\| `ipvs(cope)?_/.test(line))
    .map((line) => line.split('|')[1] ?? '');
  const documented = rows.flatMap((cell) => [...cell.matchAll(/`(\w+)`/g)].map(([, name]) => name));
  assert.deepEqual(documented.sort(), names);
});
