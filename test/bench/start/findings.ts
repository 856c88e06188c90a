import type { Findings } from '../section.js';
import { spread } from '../statistics.js';
import { digits, formatTable, range } from '../table.js';

/** What its row's label begins with. */
export const BPFTRACE = 'bpftrace';

/** A program that was started again and again. */
export interface Started {
  readonly label: string;
  /** Milliseconds, round by round; none where it is not here. */
  readonly times: readonly number[];
}

const titles = ['program', 'ms', 'min–max', 'times as long as ours', 'rounds'];

/**
 * The first row is this project's; a row without times is not here. Throws a RangeError where the
 * first has none.
 */
export function findings(rows: readonly Started[]): Findings {
  const measured = rows.filter(({ times }) => times.length > 0);
  const absent = rows.filter(({ times }) => times.length === 0);
  const own = spread(measured[0]?.times ?? []).median;
  const table = measured.map(({ label, times }) => {
    const time = spread(times);
    return [
      label,
      digits(time.median, 0),
      range(time, 0),
      digits(time.median / own, 2),
      digits(times.length, 0),
    ];
  });
  const text = [
    ...formatTable([titles, ...table]),
    '',
    'From the start of the process. This project: a session with the record generator, opened and ' +
      'watched as `trace` does it; the record is made when it says that it is open. Medians.',
    ...absent.map(({ label }) => `Not here, or it says nothing: ${label}.`),
    '',
  ].join('\n');
  const bpftrace = measured.find(({ label }) => label.startsWith(BPFTRACE));
  const others =
    bpftrace === undefined ? {} : { 'G8 over bpftrace': own / spread(bpftrace.times).median };
  return { text, goals: { G8: own }, others };
}
