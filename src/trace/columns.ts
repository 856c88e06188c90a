import type { IpvsEvent } from '../record/event.js';

/** What a person calls a network namespace; undefined for the host's, which needs no word. */
export type NamespaceName = (netns: number) => string | undefined;

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
  { title: 'COUNT', width: 5, value: (event) => String(event.count) },
  { title: 'WHY', width: 11, value: why },
];

/** What the kind does not say already. */
function why({ kind, cause, reason }: IpvsEvent): string {
  const words = [cause === kind ? undefined : cause, reason].filter((word) => word !== undefined);
  return words.length === 0 ? absent : words.join(': ');
}

/** Facts that few events have, each with its name. */
function* rareFacts(event: IpvsEvent, nameOf: NamespaceName): Generator<string> {
  const { delay_ms: delay, drops, scheduler, fwmark, forwarding } = event;
  if (delay !== undefined) yield `waited=${(delay / 1000).toFixed(3)}s`;
  if (drops !== undefined) yield `drops=${drops}`;
  if (scheduler !== undefined) {
    yield `scheduler=${scheduler}`;
    if (event.servers !== undefined) {
      yield `servers=${event.servers}`;
      yield `with-weight=${event.servers_with_weight}`;
      yield `overloaded=${event.servers_overloaded}`;
    }
  }
  if (event.hairpin === true) yield 'hairpin';
  if (forwarding !== undefined && forwarding !== 'masquerade') yield `forwarding=${forwarding}`;
  if (fwmark !== 0) yield `fwmark=${fwmark}`;
  const netns = nameOf(event.netns);
  if (netns !== undefined) yield `netns=${netns}`;
}

function line(cells: readonly string[]): string {
  return cells
    .map((cell, index) => cell.padEnd(columns[index]?.width ?? 0))
    .join(' ')
    .trimEnd();
}

/** The titles, to be printed once. */
export const columnHeader = line(columns.map((column) => column.title));

/** One event as one line of aligned columns; facts that few events have follow with their names. */
export function formatColumns(event: IpvsEvent, nameOf: NamespaceName): string {
  return line([...columns.map((column) => column.value(event)), ...rareFacts(event, nameOf)]);
}
