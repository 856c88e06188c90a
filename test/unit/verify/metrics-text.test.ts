import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seriesOf } from '../../../src/verify/metrics-text.js';

test('series are found by some of their labels', () => {
  const text = `# TYPE ipvs_port_reuse_total counter
ipvs_port_reuse_total{proto="TCP",local_address="10.96.0.11",local_port="0"} 3
ipvs_port_reuse_total{proto="TCP",local_address="10.96.0.10",local_port="80"} 1
ipvscope_attached 1
`;
  const found = seriesOf(text, 'ipvs_port_reuse_total', { local_address: '10.96.0.11' });
  assert.deepEqual(
    found.map(({ labels, value }) => [labels.local_port, value]),
    [['0', 3]],
  );
});
