import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { circles, readHouse } from '../../../src/scripts/rooms.js';
import { root } from './pages.js';

const MOST_LINES = 2_500;
const house = readHouse(root);
const table = roomTable(readFileSync(`${root}ARCHITECTURE.md`, 'utf8'));

/** Rows `| room | may import | what |`: each room with those it may import. */
function roomTable(text: string): ReadonlyMap<string, readonly string[]> {
  const rows = /^\| room \| may import \|.*\n\|[ -|]+\n((?:\|.*\n)+)/m.exec(text)?.[1] ?? '';
  const names = (cell: string): string[] =>
    [...cell.matchAll(/`([\w/-]+)`/g)].map(([, n = '']) => n);
  return new Map(
    rows
      .trimEnd()
      .split('\n')
      .map((row) => row.split('|'))
      .map(([, room = '', allowed = '']) => [names(room)[0] ?? '', names(allowed)]),
  );
}

const scripted = house.rooms.map(({ name }) => name).filter((name) => !name.startsWith('native/'));

test('ARCHITECTURE.md lists every room, and no other', () => {
  assert.deepEqual([...table.keys()].sort(), [...scripted].sort());
});

test('every import between rooms is one that ARCHITECTURE.md allows', () => {
  const forbidden = house.arrows
    .filter(({ from, to }) => table.get(from)?.includes(to) !== true)
    .map(({ from, to }) => `${from} → ${to}`);
  assert.deepEqual(forbidden, []);
});

test('what ARCHITECTURE.md allows has no circle, and is used', () => {
  const allowed = [...table].flatMap(([from, targets]) =>
    targets.map((to) => ({ from, to, imports: 1 })),
  );
  assert.deepEqual(circles(scripted, allowed), []);
  const unused = allowed
    .filter(({ from, to }) => !house.arrows.some((arrow) => arrow.from === from && arrow.to === to))
    .map(({ from, to }) => `${from} → ${to}`);
  assert.deepEqual(unused, []);
});

test('no room is large, no files import each other in a circle', () => {
  const large = house.rooms.filter(({ lines }) => lines > MOST_LINES).map(({ name }) => name);
  assert.deepEqual(large, []);
  assert.deepEqual(house.fileCircles, []);
});

test('circles are found', () => {
  const arrow = (from: string, to: string) => ({ from, to, imports: 1 });
  assert.deepEqual(circles(['a', 'b', 'c'], [arrow('a', 'b'), arrow('b', 'c')]), []);
  assert.deepEqual(circles(['a', 'b', 'c'], [arrow('a', 'b'), arrow('b', 'a'), arrow('b', 'c')]), [
    ['a', 'b'],
  ]);
});
