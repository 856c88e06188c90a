import type { IpvsEvent } from '../../record/event.js';
import { textTable } from '../../verify/text-table.js';
import type { CaseInstance } from './case-instance.js';
import { differences, nameOf, waitMs } from './compare-case.js';
import type { ExpectedEnd, ExpectedEvent, ExpectedPackets } from './expectation.js';
import type { CaseObservation } from './observation.js';
import type { Settings, TestCase } from './test-case.js';

/** A test case with its observation, or the reason why this kernel cannot play it. */
export type Result =
  | { readonly testCase: TestCase; readonly seen: CaseObservation }
  | {
      readonly testCase: TestCase;
      readonly impossible: string;
    };

const HEADS = [
  'nodest',
  'reuse',
  'ct',
  'entry, then',
  'ip',
  'events',
  'in',
  'old',
  'other',
  'client',
  '',
] as const;

const LEGEND = [
  'nodest: expire_nodest_conn, reuse: conn_reuse_mode, ct: conntrack; what is set later follows the arrow',
  'events: kind/verdict, state of the entry, weight of its server, conntrack entry of the packet, where the packet went',
  'in, old, other: connection-opening packets captured on the interface of the client, of the server of the entry, of the other server',
];

/** Formats one line per test case; below one that differs, the expected outcome and the differences. */
export function formatMatrix(results: readonly Result[]): string {
  const rows = results.flatMap((result) => rowsOf(result));
  const lines = textTable(
    HEADS,
    rows.map(({ cells }) => cells),
  );
  const [head = '', ...body] = lines;
  const differ = results.filter((result) => isDifferent(result)).length;
  const impossible = results.filter((result) => 'impossible' in result).length;
  return [
    ...LEGEND,
    head,
    ...body.flatMap((line, index) => [line, ...(rows[index]?.notes ?? [])]),
    `${results.length} test cases: ${results.length - differ - impossible} as expected, ${differ} differ, ${impossible} not possible on this kernel`,
  ].join('\n');
}

export const isDifferent = (result: Result): boolean =>
  'seen' in result && !differences(result.seen).next().done;

function rowsOf(
  result: Result,
): readonly { readonly cells: readonly string[]; readonly notes: readonly string[] }[] {
  const { testCase } = result;
  const start = [...settingCells(testCase), testCase.title, testCase.family === 'ipv4' ? '4' : '6'];
  if ('impossible' in result) {
    return [{ cells: [...start, result.impossible, '', '', '', '', 'not possible'], notes: [] }];
  }
  const { seen } = result;
  const wrong = [...differences(seen)];
  const row = {
    cells: [
      ...start,
      seenEvents(seen),
      ...packetCells(seen.packets),
      seen.ends.map((end) => clientText(end.outcome, waitMs(end))).join(', '),
      wrong.length === 0 ? 'ok' : 'DIFFERS',
    ],
    notes: [] as string[],
  };
  if (wrong.length === 0) return [row];
  const { expectation } = testCase;
  const expected = {
    cells: [
      '',
      '',
      '',
      '',
      '',
      `expected: ${compact(expectation.events.map(expectedText))}`,
      ...packetCells(expectation.packets),
      expectation.ends.map(endText).join(', '),
      '',
    ],
    notes: wrong.map((line) => `    ${line}`),
  };
  return [row, expected];
}

const packetCells = (packets: ExpectedPackets): readonly string[] =>
  [packets.in, packets.old, packets.other].map(String);

function settingCells({ settings, late }: TestCase): readonly string[] {
  const cell = (of: (settings: Settings) => string): string => {
    const before = of(settings);
    const after = of({ ...settings, ...late });
    return before === after ? before : `${before}→${after}`;
  };
  return [
    cell(({ expireNodestConn }) => String(expireNodestConn)),
    cell(({ connReuseMode }) => String(connReuseMode)),
    cell(({ conntrack }) => (conntrack ? '1' : '0')),
  ];
}

const clientText = (outcome: string, ms: number): string =>
  outcome === 'connected' ? `${ms.toFixed(0)} ms` : outcome;

const endText = (end: ExpectedEnd): string =>
  end.outcome === 'connected' ? end.wait : end.outcome;

const seenEvents = ({ instance, events }: CaseObservation): string =>
  compact(events.map(({ event }) => eventText(event, whereTo(instance, event))));

function whereTo(
  instance: CaseInstance,
  { verdict, destination, new_destination }: IpvsEvent,
): string {
  const to = new_destination ?? (verdict === 'forwarded' ? destination : undefined);
  if (to === undefined) return '';
  if (to === nameOf(instance, 'old')) return '→old';
  return to === nameOf(instance, 'other') ? '→other' : `→${to}`;
}

function expectedText(event: ExpectedEvent): string {
  const to =
    event.new_destination ?? (event.verdict === 'forwarded' ? event.destination : undefined);
  return eventText(event, to === undefined ? '' : `→${to}`);
}

function eventText(
  event: Pick<IpvsEvent, 'kind' | 'verdict'> &
    Partial<Pick<IpvsEvent, 'conn_state' | 'weight' | 'conntrack' | 'cause'>>,
  to: string,
): string {
  // How many packets a draining server gets, in which states, is not tested.
  if (event.kind === 'draining') return `draining ${to}`;
  return [
    `${event.kind}/${event.verdict}`,
    event.conn_state ?? '',
    event.weight === undefined ? '' : `w${event.weight}`,
    event.conntrack ?? '',
    event.cause === undefined ? '' : `(${event.cause})`,
    to,
  ]
    .filter((word) => word !== '')
    .join(' ');
}

/** Equal texts in a row are written once, with their number. */
function compact(texts: readonly string[]): string {
  const runs: { text: string; count: number }[] = [];
  for (const text of texts) {
    const last = runs.at(-1);
    if (last?.text === text) last.count++;
    else runs.push({ text, count: 1 });
  }
  const written = runs.map(({ text, count }) => (count === 1 ? text : `${count}× ${text}`));
  return written.length === 0 ? 'none' : written.join(', ');
}
