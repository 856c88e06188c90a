import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { figures } from './idle.js';

describe('idle', () => {
  it('is told by wakeups a second and the share of a CPU', () => {
    const row = { id: 'trace', label: '', aggregates: true, command: ['none'] as const };
    const idle = { wallNs: 10e9, cpuNs: 1e6, wakeups: 15 };
    const busy = [1, 3, 2].map((share) => ({ wallNs: 1e9, cpuNs: share * 1e7, wakeups: 10 }));
    assert.deepEqual(figures([{ row, idle, busy }]), {
      'idle wakeups a second trace': 1.5,
      'CPU share at 10,000 a second trace': 0.02,
    });
  });
});
