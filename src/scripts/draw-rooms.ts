import { writeFileSync } from 'node:fs';
import { type Arrow, circles, type House, readHouse } from './rooms.js';

// Draws the rooms of a checkout and the imports between them as SVG:
//   node dist/src/scripts/draw-rooms.js TITLE CHECKOUT FILE.svg

const [title, checkout, file] = process.argv.slice(2);
if (title === undefined || checkout === undefined || file === undefined) {
  console.error('usage: draw-rooms.js TITLE CHECKOUT FILE.svg');
  process.exit(2);
}
const WIDTH = 1150;
const ROOM = { width: 172, height: 46 };
const FLOOR = 104;
const TOP = 112;
const MOST_LINES = 2_500;

/** Floors from above: a room stands above all that it imports, but for rooms of its circle. */
function floorsOf({ rooms, arrows }: House, groups: readonly (readonly string[])[]): string[][] {
  const groupOf = (name: string): readonly string[] =>
    groups.find((group) => group.includes(name)) ?? [name];
  const heights = new Map<string, number>();
  const heightOf = (name: string): number => {
    const known = heights.get(name);
    if (known !== undefined) return known;
    const group = groupOf(name);
    const below = arrows
      .filter(({ from, to }) => group.includes(from) && !group.includes(to))
      .map(({ to }) => heightOf(to) + 1);
    const height = Math.max(0, ...below);
    for (const member of group) heights.set(member, height);
    return height;
  };
  const floors: string[][] = [];
  for (const { name } of rooms) {
    const height = heightOf(name);
    const floor = floors[height] ?? [];
    floors[height] = floor;
    floor.push(name);
  }
  return floors.map((floor) => floor.sort()).reverse();
}

function draw(heading: string, house: House): string {
  const scripted = house.rooms.filter(({ name }) => !name.startsWith('native/'));
  const native = house.rooms.filter(({ name }) => name.startsWith('native/'));
  const groups = circles(
    house.rooms.map(({ name }) => name),
    house.arrows,
  );
  // Native code is loaded, not imported: it stands below all that is.
  const floors = [
    ...floorsOf({ ...house, rooms: scripted }, groups),
    ...floorsOf({ ...house, rooms: native }, groups),
  ];
  const arrows: readonly Arrow[] = house.arrows;
  const places = new Map<string, { x: number; y: number }>();
  floors.forEach((floor, level) => {
    floor.forEach((name, index) => {
      const step = WIDTH / (floor.length + 1);
      places.set(name, { x: step * (index + 1), y: TOP + level * FLOOR });
    });
  });
  const inCircle = ({ from, to }: Arrow): boolean =>
    groups.some((group) => group.includes(from) && group.includes(to));
  const lines = arrows.map((arrow) => path(arrow, places, inCircle(arrow)));
  const boxes = house.rooms.map(({ name, files, lines: size }) => {
    const { x, y } = places.get(name) ?? { x: 0, y: 0 };
    const kind = groups.some((group) => group.includes(name))
      ? 'circle'
      : size > MOST_LINES
        ? 'large'
        : 'room';
    return `<g><rect class="${kind}" x="${fix(x - ROOM.width / 2)}" y="${y}" width="${ROOM.width}" height="${ROOM.height}" rx="6"/><text class="name" x="${fix(x)}" y="${y + 19}">${name}</text><text class="size" x="${fix(x)}" y="${y + 36}">${files} ${files === 1 ? 'file' : 'files'}, ${size} lines</text></g>`;
  });
  const circleText = (found: readonly (readonly string[])[]): string =>
    found.map((group) => group.join(' ↔ ')).join('; ') || 'none';
  const large = house.rooms.filter(({ lines: size }) => size > MOST_LINES).map(({ name }) => name);
  const notes = [
    `${house.rooms.length} rooms, ${house.arrows.length} arrows; circles of rooms: ${circleText(groups)}; rooms over ${MOST_LINES} lines: ${large.join(', ') || 'none'}`,
    `circles of files: ${circleText(house.fileCircles)}`,
  ].map(
    (note, index) => `<text class="note" x="${WIDTH / 2}" y="${56 + 18 * index}">${note}</text>`,
  );
  const height = TOP + floors.length * FLOOR - 20;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif">
<style>
text { text-anchor: middle; fill: #1b1f24 } .title { font-size: 20px; font-weight: bold } .note { font-size: 13px }
.name { font-size: 14px; font-weight: bold } .size { font-size: 11px }
rect { stroke-width: 1.5 } .room { fill: #eef4fb; stroke: #4a76a8 } .large { fill: #fdf0d5; stroke: #b7791f } .circle { fill: #fbe4e4; stroke: #b02a2a }
path { fill: none; stroke: #8a97a6; stroke-opacity: .55 } path.circle { stroke: #b02a2a; stroke-opacity: .9; fill: none }
</style>
<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerUnits="userSpaceOnUse" markerWidth="9" markerHeight="9" orient="auto"><path d="M0,0 L8,4 L0,8 z" style="fill:#8a97a6;stroke:none"/></marker></defs>
<rect width="100%" height="100%" fill="#ffffff"/>
<text class="title" x="${WIDTH / 2}" y="32">${heading}</text>
${notes.join('\n')}
${lines.join('\n')}
${boxes.join('\n')}
</svg>
`;
}

function path(
  { from, to, imports }: Arrow,
  places: ReadonlyMap<string, { readonly x: number; readonly y: number }>,
  circle: boolean,
): string {
  const start = places.get(from);
  const end = places.get(to);
  if (start === undefined || end === undefined) return '';
  const width = Math.min(5, 0.8 + Math.log2(imports) / 2).toFixed(1);
  const kind = circle ? ' class="circle"' : '';
  const marker = `stroke-width="${width}" marker-end="url(#head)"`;
  if (start.y === end.y) {
    const side = Math.sign(end.x - start.x) * (ROOM.width / 2);
    const top = start.y - 26;
    return `<path${kind} d="M${fix(start.x + side / 2)},${start.y} C${fix(start.x + side)},${top} ${fix(end.x - side)},${top} ${fix(end.x - side / 2)},${end.y}" ${marker}/>`;
  }
  const down = end.y > start.y;
  const y1 = down ? start.y + ROOM.height : start.y;
  const y2 = down ? end.y : end.y + ROOM.height;
  const bend = (y2 - y1) / 2;
  return `<path${kind} d="M${fix(start.x)},${y1} C${fix(start.x)},${fix(y1 + bend)} ${fix(end.x)},${fix(y2 - bend)} ${fix(end.x)},${y2}" ${marker}/>`;
}

const fix = (value: number): string => value.toFixed(1);

writeFileSync(file, draw(title, readHouse(checkout)));
