/**
 * `npm run generate:metrics`: writes the table of all metrics into docs/metrics.md, between the lines
 * that mark it; with `--check`: fails where the page has another.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { Aggregator } from '../aggregate/aggregator.js';
import { createRegistry } from '../metrics/registry.js';
import { selfFamilies, serviceFamilies } from '../metrics/self.js';
import { packagePath } from '../package-root.js';
import type { VirtualService } from '../services/virtual-service.js';
import { noSource } from '../source/event-source.js';

const NETNS = 1;

/** A service whose series at 0 show every label: persistent, with a server of weight 0. */
const service: VirtualService = {
  netns: NETNS,
  proto: 'TCP',
  address: '192.0.2.1',
  addressBytes: new Uint8Array([192, 0, 2, 1]),
  family: 2,
  port: 80,
  fwmark: 0,
  scheduler: 'rr',
  persistent: true,
  servers: [
    {
      address: '192.0.2.2',
      port: 8080,
      forwarding: 'masquerade',
      weight: 0,
      activeConnections: 0,
      inactiveConnections: 0,
    },
  ],
};

const noTable = {
  ...{ reads: 0, failedReads: 0, seconds: 0, services: 1, servers: 1, namespaces: 1 },
  ...{ unreadableProcesses: 0, unreadableNamespaces: 0, unreadableLines: 0 },
};

const registry = createRegistry(
  {
    aggregator: new Aggregator(),
    state: () => noSource,
    hostNetns: NETNS,
    services: { services: [service], version: 1, refresh: async () => {}, state: () => noTable },
  },
  { version: '', commit: '', libbpf: '', node: '' },
);

/** Labels of a virtual service, which the page describes once. */
const OF_SERVICE = ['proto', 'local_address', 'local_port', 'local_mark', 'netns'];

/** A row for each metric: name, type, labels, HELP. */
async function table(): Promise<string> {
  const text = String(await registry.metrics());
  const declared = new Map<string, readonly string[]>(
    [...selfFamilies, ...serviceFamilies].map(({ name, labelNames }) => [name, labelNames]),
  );
  const rows = [...text.matchAll(/^# HELP (\S+) (.*)\n# TYPE \S+ (\w+)$/gm)].map(
    ([, name = '', help = '', type = '']) => {
      const sample = new RegExp(`^${name}(?:_bucket)?\\{([^}]*)\\}`, 'm').exec(text)?.[1] ?? '';
      const seen = [...sample.matchAll(/(\w+)="/g)].map(([, label = '']) => label);
      const labels = (declared.get(name) ?? seen).filter((label) => label !== 'le');
      const own = labels.filter((label) => !OF_SERVICE.includes(label)).map((its) => `\`${its}\``);
      const all = labels.includes('proto') ? ['a virtual service', ...own] : own;
      return `| \`${name}\` | ${type} | ${all.join(', ')} | ${help.replaceAll('|', '\\|')} |`;
    },
  );
  return ['| metric | type | labels | meaning |', '| --- | --- | --- | --- |', ...rows].join('\n');
}

const page = packagePath('docs/metrics.md');
const before = readFileSync(page, 'utf8');
const marked = /(<!-- generated: npm run generate:metrics -->\n)[\s\S]*?(\n<!-- end -->)/;
const rows = await table();
const after = before.replace(marked, (_, start: string, end: string) => start + rows + end);
if (!marked.test(before)) throw new Error(`${page} has no marks for the table`);
if (process.argv.includes('--check')) {
  if (after !== before) {
    process.stderr.write('docs/metrics.md is out of date: npm run generate:metrics\n');
    process.exitCode = 1;
  }
} else {
  writeFileSync(page, after);
}
