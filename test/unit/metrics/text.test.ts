import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Counter, Registry } from 'prom-client';
import { headerText, seriesText } from '../../../src/metrics/text.js';

const cases = [
  { name: 'a quote', value: 'a"b', written: 'a\\"b' },
  { name: 'a backslash', value: 'a\\b', written: 'a\\\\b' },
  { name: 'a line feed', value: 'a\nb', written: 'a\\nb' },
  { name: 'each twice, side by side', value: '""\\\\\n\n', written: '\\"\\"\\\\\\\\\\n\\n' },
  { name: 'a backslash before n', value: '\\n', written: '\\\\n' },
  { name: 'other than ASCII', value: 'Ä', written: 'Ä' },
  { name: 'nothing', value: '', written: '' },
  { name: 'a number', value: 80, written: '80' },
];

for (const { name, value, written } of cases) {
  test(`a label that is ${name}: as the format wants it, and prom-client has it`, async () => {
    const labels = { one: value, two: 'x' };
    assert.equal(seriesText('some_total', labels), `some_total{one="${written}",two="x"} `);
    const registry = new Registry();
    const help = 'Help\\ with\nbreaks "and" quotes.';
    new Counter({
      name: 'some_total',
      help,
      labelNames: ['one', 'two'],
      registers: [registry],
    }).inc(labels, 3);
    const header = headerText('some_total', help, 'counter');
    assert.equal(`${header}${seriesText('some_total', labels)}3\n`, await registry.metrics());
  });
}

test('no labels: no braces', () => {
  assert.equal(seriesText('some_total', {}), 'some_total ');
});
