import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { circles, readHouse } from '../../../src/scripts/rooms.js';
import { root } from './pages.js';

// The floors of ARCHITECTURE.md: a room imports rooms of lower floors only.

const MOST_LINES = 2_500;
const house = readHouse(root);
const floors = new Map(
  [...readFileSync(`${root}ARCHITECTURE.md`, 'utf8').matchAll(/^\| (\d+) \| `([\w/-]+)` \|/gm)].map(
    ([, floor, room = '']) => [room, Number(floor)],
  ),
);

test('ARCHITECTURE.md lists every room, and no other', () => {
  const rooms = house.rooms.map(({ name }) => name);
  assert.deepEqual([...floors.keys()].sort(), [...rooms].sort());
});

test('every import between rooms goes to a lower floor', () => {
  const upward = house.arrows
    .filter(
      ({ from, to }) => (floors.get(from) ?? 0) <= (floors.get(to) ?? Number.POSITIVE_INFINITY),
    )
    .map(({ from, to }) => `${from} → ${to}`);
  assert.deepEqual(upward, []);
});

test('no room is large', () => {
  const large = house.rooms.filter(({ lines }) => lines > MOST_LINES);
  assert.deepEqual(large, []);
});

test('no files import each other in a circle, nor only types', () => {
  assert.deepEqual(house.fileCircles, []);
});

test('pictures of the structure are small, and name no folder of a machine', () => {
  for (const name of ['before.svg', 'after.svg']) {
    const picture = readFileSync(`${root}docs/architecture/${name}`, 'utf8');
    assert.match(picture, /^<svg /);
    assert.ok(picture.length < 300_000, `${name} has ${picture.length} bytes`);
    assert.doesNotMatch(picture, /\/(?:home|root|work|tmp|usr|var)\//);
  }
});

test('imports and circles are found', () => {
  assert.ok(house.arrows.some(({ from, to }) => from === 'aggregate' && to === 'record'));
  const arrow = (from: string, to: string) => ({ from, to, imports: 1 });
  const chain = [arrow('a', 'b'), arrow('b', 'c')];
  assert.deepEqual(circles(['a', 'b', 'c'], chain), []);
  assert.deepEqual(circles(['a', 'b', 'c'], [...chain, arrow('b', 'a')]), [['a', 'b']]);
});
