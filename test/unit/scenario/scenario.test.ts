import assert from 'node:assert/strict';
import { test } from 'node:test';
import { suites } from '../../../src/conformance/index.js';
import { scenarios as named } from '../../../src/scenario/index.js';

test('scenarios: names of their own, one line each', () => {
  const scenarios = [...named, ...suites];
  assert.equal(new Set(scenarios.map(({ name }) => name)).size, scenarios.length);
  for (const { summary, description } of scenarios) {
    for (const line of [summary, ...description]) assert.doesNotMatch(line, /\n/);
  }
});
