import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SampleText } from '../../../src/metrics/sample-text.js';
import { usedBytes } from '../../support/heap.js';

/** As a scrape does: at some place of a buffer that held something else. */
function write(text: SampleText): string {
  const target = Buffer.alloc(text.byteLength + 2, 'x');
  text.write(target, 1);
  const written = target.toString();
  assert.equal(written.at(0) ?? '', 'x', 'before its place');
  assert.equal(written.at(-1), 'x', 'behind its place');
  return written.slice(1, -1);
}

test('nothing but a header', () => {
  const text = new SampleText('# h\n');
  assert.equal(write(text), '# h\n');
  assert.equal(write(text), '# h\n');
});

test('a sample that was closed before it was ever written leaves nothing', () => {
  const text = new SampleText('');
  text.close(text.open('a '));
  assert.equal(write(text), '');
  const b = text.open('b ');
  text.set(b, 5);
  assert.equal(write(text), 'b 5\n');
});

test('values that grow, shrink, stay as long, and stay', () => {
  const text = new SampleText('# h\n');
  const [a, b, c] = [text.open('a '), text.open('b '), text.open('c ')];
  assert.equal(write(text), '# h\na 0\nb 0\nc 0\n');
  text.set(b, 123);
  assert.equal(write(text), '# h\na 0\nb 123\nc 0\n');
  text.set(a, 12);
  text.set(b, 321);
  text.set(c, 9);
  assert.equal(write(text), '# h\na 12\nb 321\nc 9\n');
  text.set(a, 1);
  text.set(a, 1234);
  text.set(b, 7);
  assert.equal(write(text), '# h\na 1234\nb 7\nc 9\n');
  text.close(b);
  text.set(c, 10);
  const d = text.open('d ');
  text.set(d, 4);
  assert.equal(write(text), '# h\na 1234\nc 10\nd 4\n');
  assert.equal(write(text), '# h\na 1234\nc 10\nd 4\n');
});

for (const value of [
  0,
  9,
  10,
  99_999,
  2 ** 31 - 1,
  2 ** 31,
  2 ** 53,
  1e21,
  129.05,
  0.1 + 0.2,
  -1,
  1e-7,
]) {
  test(`${value} is written as it is printed`, () => {
    const text = new SampleText('');
    text.set(text.open('a '), value);
    assert.equal(write(text), `a ${value}\n`);
  });
}

test('what was written is never changed: it may still be on its way', () => {
  const text = new SampleText('');
  const a = text.open('a ');
  const first = Buffer.alloc(text.byteLength);
  text.write(first, 0);
  text.set(a, 7);
  assert.equal(write(text), 'a 7\n');
  assert.equal(first.toString(), 'a 0\n');
});

test('heads of other than ASCII take the bytes they take', () => {
  const text = new SampleText('');
  const [a, b] = [text.open('ä€ '), text.open('b ')];
  assert.equal(write(text), 'ä€ 0\nb 0\n');
  text.set(a, 10);
  text.set(b, 20);
  assert.equal(write(text), 'ä€ 10\nb 20\n');
});

test('after any number of changes it is as a map would have it', () => {
  const text = new SampleText('# h\n');
  const samples = new Map<string, { readonly sample: number; value: number }>();
  let seed = 7;
  const random = (below: number): number => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    return (seed >>> 8) % below;
  };
  for (let round = 0; round < 400; round++) {
    for (let change = random(8); change > 0; change--) {
      const head = `${'n'.repeat(random(5))}_${random(40)} `;
      const known = samples.get(head);
      if (known === undefined) {
        samples.set(head, { sample: text.open(head), value: 0 });
      } else if (random(3) === 0) {
        text.close(known.sample);
        samples.delete(head);
      } else {
        known.value += 10 ** random(6);
        text.set(known.sample, known.value);
      }
    }
    if (random(3) === 0) continue;
    const lines = write(text).split('\n').slice(1, -1);
    assert.deepEqual(lines.sort(), [...samples].map(([head, { value }]) => head + value).sort());
  }
  assert.ok(samples.size > 20);
});

test('where nobody writes, samples that come and go take no room for ever', () => {
  const text = new SampleText('# h\n');
  const open: { readonly head: string; readonly sample: number; value: number }[] = [];
  const before = usedBytes();
  for (let round = 0; round < 60_000; round++) {
    const head = `some_total{server="10.0.${round >> 8}.${round & 255}"} `;
    open.push({ head, sample: text.open(head), value: 0 });
    for (const one of [open.at(-1), open[round % open.length]]) {
      if (one === undefined) continue;
      one.value += round;
      text.set(one.sample, one.value);
    }
    if (open.length > 50) {
      const [gone] = open.splice(round % 40, 1);
      if (gone !== undefined) text.close(gone.sample);
    }
  }
  assert.ok(usedBytes() - before < 500_000, `${usedBytes() - before} bytes`);
  assert.equal(write(text), `# h\n${open.map(({ head, value }) => `${head}${value}\n`).join('')}`);
  assert.equal(write(text).split('\n').length, open.length + 2);
});

test('the last of the staged grows and shrinks in its place', () => {
  const text = new SampleText('');
  for (const value of [5, 12345, 7, 99, 2 ** 40]) {
    const sample = text.open(`v${value} `);
    for (const step of [1, 1000, value]) text.set(sample, step);
  }
  assert.equal(write(text), `v5 5\nv12345 12345\nv7 7\nv99 99\nv${2 ** 40} ${2 ** 40}\n`);
});
