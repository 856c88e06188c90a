import { existsSync } from 'node:fs';
import { findPrograms } from '../../exec/find.js';
import { kindNames } from '../../record/value-names.js';
import type { Recorder } from '../../scenario/recorder.js';
import type { Scenario } from '../../scenario/scenario.js';
import { addresses, SERVER_PORT, serverName } from '../../testbed/addresses.js';
import type { Testbed } from '../../testbed/testbed.js';
import { CaseInstance } from './case-instance.js';
import { formatMatrix, isDifferent, type Result } from './format-matrix.js';
import { forwardingCases } from './forwarding-cases.js';
import { grid } from './grid.js';
import { limitCases } from './limit-cases.js';
import { observe } from './observation.js';
import { type BatchPeers, type CaseRun, runBatch } from './run-batch.js';
import { sctpCases } from './sctp-cases.js';
import { serviceCases } from './service-cases.js';
import { tcpCases } from './tcp-cases.js';
import type { TestCase } from './test-case.js';
import { udpCases } from './udp-cases.js';

/** Every test case, in the order of the report. */
export const testCases: readonly TestCase[] = [
  ...grid,
  ...tcpCases,
  ...udpCases,
  ...sctpCases,
  ...forwardingCases,
  ...serviceCases,
  ...limitCases,
];

const FIRST_VIRTUAL_PORT = 20_001;

/** What ip_vs does with a reused port, test case by test case. */
export const matrix: Scenario = {
  name: 'table',
  summary:
    'test matrix: every setting and every connection entry that a reused port can match, with the expected outcome',
  description: [
    'for each set of sysctls: one virtual service per test case; clients connect and leave an entry',
    'servers change; the clients connect from the same ports',
    'connect times, captured packets and events are compared with the expected outcome',
  ],
  capturesPackets: true,
  detail: kindNames,
  async play(testbed, recorder) {
    const { results, repeated, packetsLost } = await playMatrix(testbed, testCases, recorder);
    const lost = packetsLost > 0 ? [`tcpdump lost ${packetsLost} packets`] : [];
    return {
      report: [formatMatrix(results), ...repeated, ...lost].join('\n'),
      passed: !results.some(isDifferent) && packetsLost === 0,
    };
  },
};

export interface MatrixResult {
  /** Every test case with what was observed of it. */
  readonly results: readonly Result[];
  /** By tcpdump. */
  readonly packetsLost: number;
  /** Test cases that had to be played again, a line each with the reason. */
  readonly repeated: readonly string[];
}

/** What tells a test case from all others. */
export function caseName({ settings, late, title, family }: TestCase): string {
  const { expireNodestConn: nodest, connReuseMode: mode, conntrack } = settings;
  const later = late === undefined ? '' : `, then ${JSON.stringify(late)}`;
  return `expire_nodest_conn=${nodest} conn_reuse_mode=${mode} conntrack=${Number(conntrack)}${later}: ${title}, ${family}`;
}

/** Plays test cases and compares each with its expectation. Those of other families are left out. */
export async function playMatrix(
  testbed: Testbed,
  testCases: readonly TestCase[],
  recorder: Pick<Recorder, 'events'>,
): Promise<MatrixResult> {
  const wanted = testCases.filter(({ family }) => testbed.families.includes(family));
  await Promise.all([pinClients(testbed), testbed.openTunnels()]);
  let virtualPort = FIRST_VIRTUAL_PORT;
  const newInstance = (testCase: TestCase): CaseInstance => {
    const [port = 0, otherPort = 0] = testbed.freshPorts(2);
    return new CaseInstance(testCase, { virtualPort: virtualPort++, ports: [port, otherPort] });
  };
  const instances = wanted
    .filter((testCase) => reasonAgainst(testCase) === undefined)
    .map(newInstance);
  const peers = await spawnBatchPeers(testbed, instances);
  const capture = await testbed.startCapture();
  const played: CaseRun[] = [];
  const repeated: string[] = [];
  const batches = batchesOf(instances);
  for (const [index, batch] of batches.entries()) {
    testbed.signal?.throwIfAborted();
    testbed.say(`batch ${index + 1} of ${batches.length}: ${batch.length} test cases`);
    const done = await runBatch(peers, batch);
    const again = done.filter(({ problem }) => problem !== undefined);
    for (const { instance, problem } of again) {
      repeated.push(`played again: ${caseName(instance.testCase)}: ${problem}`);
    }
    // Of a test case that was played twice the second counts, whatever comes of it.
    played.push(
      ...(await runBatch(
        peers,
        again.map(({ instance }) => newInstance(instance.testCase)),
      )),
      ...done,
    );
  }
  const captures = await capture.finish(
    (hosts) => testbed.client.request('mark', { addresses: hosts }),
    (role) => role,
  );
  const events = recorder.events();
  const results = wanted.map((testCase): Result => {
    const run = played.find(({ instance }) => instance.testCase === testCase);
    if (run === undefined) return { testCase, impossible: reasonAgainst(testCase) ?? 'not played' };
    return { testCase, seen: observe(run, testbed.netns, events, captures) };
  });
  return { results, packetsLost: captures.lost, repeated };
}

function reasonAgainst({ needs }: TestCase): string | undefined {
  return needs === undefined || existsSync(needs.file) ? undefined : needs.reason;
}

/** Clients and servers on the director itself, where test cases want them. */
async function spawnBatchPeers(
  testbed: Testbed,
  instances: readonly CaseInstance[],
): Promise<BatchPeers> {
  const local = instances.some(({ testCase }) => testCase.service.localClient === true)
    ? await testbed.spawn({ role: 'director', kind: 'client' })
    : testbed.client;
  if (instances.some(({ testCase }) => testCase.service.forwarding === 'local')) {
    const own = testbed.families.map((family) => addresses[family].director);
    const args = [String(SERVER_PORT), ...own];
    await testbed.spawn({ role: 'director', kind: 'server', args });
  }
  if (instances.some(({ testCase }) => testCase.service.protocol === 'SCTP')) {
    findPrograms(['socat']);
    const real = testbed.families.flatMap((family) => addresses[family].servers);
    await Promise.all(
      real.map((server) => {
        const { role, address, port } = server;
        const name = serverName(server);
        return testbed.server(role).request('listen', { protocol: 'SCTP', address, port, name });
      }),
    );
  }
  return {
    testbed,
    clientOf: ({ testCase }) => (testCase.service.localClient === true ? local : testbed.client),
  };
}

/** How often and when clients send copies must not depend on the kernel. */
async function pinClients({ shells }: Testbed): Promise<void> {
  const linear = 'net/ipv4/tcp_syn_linear_timeouts';
  for (const role of ['client', 'director'] as const) {
    await shells.setSysctls(role, {
      ...(existsSync(`/proc/sys/${linear}`) ? { [linear]: 0 } : {}),
      // A client whose last ACK was lost ends after one retransmit of its FIN.
      'net/ipv4/tcp_orphan_retries': 1,
    });
  }
}

/** The test cases of one batch share their settings, those that change later included. */
function batchesOf(instances: readonly CaseInstance[]): readonly (readonly CaseInstance[])[] {
  const batches = new Map<string, CaseInstance[]>();
  for (const instance of instances) {
    const key = JSON.stringify([instance.testCase.settings, instance.testCase.late]);
    batches.set(key, [...(batches.get(key) ?? []), instance]);
  }
  return [...batches.values()];
}
