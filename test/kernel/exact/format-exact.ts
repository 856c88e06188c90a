import type { KindName } from '../../../src/record/value-names.js';
import type { ObservedEvent } from '../../../src/verify/observed-event.js';
import { textTable } from '../../../src/verify/text-table.js';
import type { Comparison } from './compare-events.js';
import type { Ledger } from './ledger.js';
import type { Sums } from './sums.js';

export interface ExactReport {
  readonly ledger: Ledger;
  readonly captured: Sums;
  readonly reported: Sums;
  readonly events: readonly ObservedEvent[];
  readonly comparison: Comparison;
  readonly lost: number;
  readonly evicted: number;
  readonly missed: number;
}

const rows = [
  ['reused port', 'forwarded'],
  ['reused port', 'rescheduled'],
  ['reused port', 'dropped'],
  ['unavailable', 'rescheduled'],
  ['unavailable', 'dropped'],
  ['unscheduled', 'rejected'],
] as const;

/** The sums of both sides, a line each. */
export function formatExact(report: ExactReport): readonly string[] {
  const { ledger, captured, reported, events, comparison, lost, evicted, missed } = report;
  const count = (kind: KindName): string =>
    String(events.filter(({ event }) => event.kind === kind).length);
  const table = textTable(
    ['', 'captures', 'events'],
    [
      ['new entry', String(ledger.fresh.length), '-'],
      ...rows.map(([group, verdict]) => [
        `${group} ${verdict}`,
        String(captured.total(group, verdict)),
        String(reported.total(group, verdict)),
      ]),
      ['retry', String(ledger.retries.length), count('retry')],
      ['draining forwarded', String(ledger.draining.length), count('draining')],
      ['orphan rejected', String(ledger.orphans.length), count('orphan')],
      ['opening packets', String(ledger.openings), '-'],
    ],
  );
  return [
    ...table,
    `${captured.size} numbers by service, server and verdict compared`,
    `undetermined ${comparison.undetermined}, opening packets evicted ${evicted}`,
    `lost ${lost}, skipped runs ${missed}`,
  ];
}
