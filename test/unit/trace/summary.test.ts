import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Aggregator } from '../../../src/aggregate/aggregator.js';
import type { SourceState } from '../../../src/source/event-source.js';
import { summaryLine } from '../../../src/trace/summary.js';

const seeing: SourceState = {
  programs: [{ function: 'ip_vs_in_hook', variant: 'fexit', attached: true, skippedRuns: 0 }],
  losses: { unpaired: 0 },
  detailDropped: 0,
  kernelOverflow: 0,
  watching: 'proven',
  unprovenCause: '',
  blindSeconds: 0,
  blindCause: '',
  heartbeats: { seen: 4, missed: 0 },
};

const cases: readonly { name: string; state: Partial<SourceState>; line: string }[] = [
  {
    name: 'silence',
    state: {},
    line: 'nothing notable in 20.0 s, 0 new connections; 1 of 1 programs attached, nothing lost',
  },
  {
    name: 'blind for all of it: no silence, and nothing that was not lost',
    state: {
      watching: 'blind',
      blindSeconds: 19.5,
      blindCause: 'kernel.ftrace_enabled=0',
      heartbeats: { seen: 0, missed: 9 },
    },
    line: 'BLIND: the probe saw none of its own packets for 19.5 s (kernel.ftrace_enabled=0); 1 of 1 programs attached',
  },
  {
    name: 'blind for a time, and over',
    state: { blindSeconds: 12, blindCause: 'kernel.ftrace_enabled=0', losses: { unpaired: 3 } },
    line: 'BLIND: the probe saw none of its own packets for 12.0 s (kernel.ftrace_enabled=0); nothing notable in the other 8.0 s, 0 new connections; 1 of 1 programs attached, LOST 3 unpaired',
  },
  {
    name: 'silence that is not proven',
    state: { watching: 'unproven', unprovenCause: 'cannot make a network namespace' },
    line: 'nothing notable in 20.0 s, 0 new connections; 1 of 1 programs attached, nothing lost; silence is not proven: cannot make a network namespace',
  },
];

for (const { name, state, line } of cases) {
  test(`summary: ${name}`, () => {
    assert.equal(summaryLine(new Aggregator().snapshot(), { ...seeing, ...state }, 20), line);
  });
}
