import type { IpvsEvent } from '../wire/event.js';

interface Column {
  readonly title: string;
  /** Characters; longer values push what follows to the right, nothing is cut. */
  readonly width: number;
  readonly value: (event: IpvsEvent) => string;
}

const absent = '-';

const columns: readonly Column[] = [
  { title: 'TIME', width: 15, value: (event) => event.time.slice(11, 26) },
  { title: 'KIND', width: 11, value: (event) => event.kind },
  { title: 'VERDICT', width: 11, value: (event) => event.verdict },
  { title: 'PROTO', width: 5, value: (event) => event.proto },
  { title: 'CLIENT', width: 21, value: (event) => event.client ?? absent },
  { title: 'VIRTUAL', width: 21, value: (event) => event.virtual ?? absent },
  { title: 'DESTINATION', width: 21, value: (event) => event.destination ?? absent },
  { title: 'WEIGHT', width: 6, value: (event) => String(event.weight ?? absent) },
  { title: 'NEW-DESTINATION', width: 21, value: (event) => event.new_destination ?? absent },
  { title: 'STATE', width: 11, value: (event) => event.conn_state ?? absent },
  {
    title: 'EXPIRES',
    width: 7,
    value: ({ expires_in_ms: ms }) => (ms === undefined ? absent : `${(ms / 1000).toFixed(1)}s`),
  },
  {
    title: 'CONNTRACK',
    width: 21,
    value: ({ conntrack, conntrack_state: state }) =>
      state === undefined ? (conntrack ?? absent) : `${conntrack}:${state}`,
  },
  { title: 'CAUSE', width: 11, value: (event) => event.cause ?? absent },
  { title: 'COUNT', width: 5, value: (event) => String(event.count) },
];

function line(cells: readonly string[]): string {
  return cells
    .map((cell, index) => cell.padEnd(columns[index]?.width ?? 0))
    .join(' ')
    .trimEnd();
}

/** The titles, to be printed once. */
export const columnHeader = line(columns.map((column) => column.title));

/** One event as one line of aligned columns. */
export function formatColumns(event: IpvsEvent): string {
  return line(columns.map((column) => column.value(event)));
}
