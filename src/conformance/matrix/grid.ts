import { families } from '../../testbed/addresses.js';
import { type OutcomeName, outcomes } from './outcomes.js';
import type { Change, Entry, TestCase } from './test-case.js';

const columns: readonly {
  readonly title: string;
  readonly entry: Entry;
  readonly changes: readonly Change[];
  readonly state: string;
  readonly weight: number;
}[] = [
  { title: 'TIME_WAIT, weight 1', entry: 'closed', changes: [], state: 'TIME_WAIT', weight: 1 },
  {
    title: 'ESTABLISHED, weight 1',
    entry: 'vanished',
    changes: [],
    state: 'ESTABLISHED',
    weight: 1,
  },
  {
    title: 'ESTABLISHED, weight 0',
    entry: 'vanished',
    changes: ['weight 0'],
    state: 'ESTABLISHED',
    weight: 0,
  },
  {
    title: 'TIME_WAIT, weight 0',
    entry: 'closed',
    changes: ['weight 0'],
    state: 'TIME_WAIT',
    weight: 0,
  },
  {
    title: 'ESTABLISHED, server removed',
    entry: 'vanished',
    changes: ['removed'],
    state: 'ESTABLISHED',
    // A server that is taken from the table keeps its weight.
    weight: 1,
  },
];

/** expire_nodest_conn, conn_reuse_mode, conntrack; then an outcome for each of the columns. */
type Row = readonly [
  number,
  number,
  0 | 1,
  OutcomeName,
  OutcomeName,
  OutcomeName,
  OutcomeName,
  OutcomeName,
];

// biome-ignore format: a table
const rows: readonly Row[] = [
  [0, 0, 0, 'same server', 'challenged, same server', 'challenged, same server', 'same server', 'dropped for good'],
  [0, 0, 1, 'same server', 'challenged, same server', 'challenged, same server', 'same server', 'dropped for good'],
  [0, 1, 0, 'rescheduled', 'challenged, rescheduled', 'challenged, rescheduled', 'rescheduled', 'dropped for good'],
  [0, 1, 1, 'rescheduled', 'challenged, rescheduled', 'challenged, rescheduled', 'rescheduled', 'dropped for good'],
  [0, 2, 0, 'rescheduled', 'challenged, rescheduled', 'challenged, rescheduled', 'rescheduled', 'dropped for good'],
  [0, 2, 1, 'rescheduled', 'challenged, rescheduled', 'challenged, rescheduled', 'rescheduled', 'dropped for good'],
  [1, 0, 0, 'same server', 'challenged, same server', 'rescheduled', 'rescheduled', 'new entry'],
  [1, 0, 1, 'same server', 'challenged, same server', 'one second', 'rescheduled', 'new entry'],
  [1, 1, 0, 'rescheduled', 'challenged, rescheduled', 'rescheduled', 'rescheduled', 'new entry'],
  [1, 1, 1, 'rescheduled', 'challenged, rescheduled', 'one second', 'rescheduled', 'new entry'],
  [1, 2, 0, 'rescheduled', 'challenged, rescheduled', 'rescheduled', 'rescheduled', 'new entry'],
  [1, 2, 1, 'rescheduled', 'challenged, rescheduled', 'one second', 'rescheduled', 'new entry'],
];

/** Masquerading, TCP: every setting, what the entry looks like, both families. */
export const grid: readonly TestCase[] = rows.flatMap(
  ([expireNodestConn, connReuseMode, conntrack, ...outcomeNames]) =>
    columns.flatMap(({ title, entry, changes, state, weight }, index) =>
      families.map(
        (family): TestCase => ({
          title,
          family,
          settings: { expireNodestConn, connReuseMode, conntrack: conntrack === 1 },
          service: { protocol: 'TCP', forwarding: 'masquerade' },
          entry,
          changes,
          again: 'same port',
          expectation: outcomes[outcomeNames[index] ?? 'same server']({
            state,
            weight,
            conntrack: conntrack === 1,
          }),
        }),
      ),
    ),
);
