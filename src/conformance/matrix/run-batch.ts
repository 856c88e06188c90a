import { monotonicNow } from '../../source/clock.js';
import { addresses, endpoint, serverName } from '../../testbed/addresses.js';
import { readEntries } from '../../testbed/connection-entries.js';
import type { Director } from '../../testbed/director.js';
import type { ClientPeer } from '../../testbed/peer.js';
import type { ConnectReply } from '../../testbed/peer-protocol.js';
import type { Testbed } from '../../testbed/testbed.js';
import type { CaseInstance } from './case-instance.js';
import { spoiledEntries } from './entry-state.js';
import { limitConcurrency } from './limit-concurrency.js';
import type { Again, Settings } from './test-case.js';

/** A test case that was played: the client-observed outcomes, and when. */
export interface CaseRun {
  readonly instance: CaseInstance;
  /** Before the first packet of the test case. CLOCK_MONOTONIC, as all times here. */
  readonly fromNs: number;
  /** Before the first packet that meets the entry. */
  readonly metNs: number;
  readonly untilNs: number;
  /** One for each attempt. */
  readonly ends: readonly ConnectReply[];
  /** Why it was not played to the end, or not as the test case needs it. */
  readonly problem?: string;
}

export interface BatchPeers {
  readonly testbed: Testbed;
  /** The peer that a test case's client is. */
  readonly clientOf: (instance: CaseInstance) => ClientPeer;
}

/** How long a client waits for the answer to data that is not acknowledged. */
const DATA_MS = 2_500;
const SCOUTED_PORT = 19_999;
/** Far more than an answer takes. */
const SCOUT_MS = 500;

/** More clients at once would wait for each other on two emulated processors. */
const AT_ONCE = 2;

/**
 * Plays test cases that share their settings, step by step together: each has a virtual service and
 * client ports of its own, so that none affects another.
 */
export async function runBatch(
  { testbed, clientOf }: BatchPeers,
  instances: readonly CaseInstance[],
): Promise<readonly CaseRun[]> {
  const [first] = instances;
  if (first === undefined) return [];
  const { settings, late } = first.testCase;
  const { director, faults } = testbed;
  const problems = new Map<CaseInstance, string>();
  const ready = (): readonly CaseInstance[] =>
    instances.filter((instance) => !problems.has(instance));
  const having = (...entries: readonly string[]): readonly CaseInstance[] =>
    ready().filter(({ testCase }) => entries.includes(testCase.entry));

  // Until the next batch: as long as the client's FIN is sent again, its ACK must not come through.
  const lossy = having('last ACK lost').map(({ port }) => port);
  await Promise.all([
    setDirector(director, settings),
    director.setMarks(marksOf(instances)),
    faults.dropAcks(lossy),
    director.ipvsadm(['-C', ...instances.flatMap((instance) => instance.creation())]),
    ...instances.flatMap((instance) =>
      instance
        .listening()
        .map(({ role, request }) => testbed.server(role).request('listen', request)),
    ),
  ]);

  const fromNs = monotonicNow();
  // Entries in CLOSE live for ten seconds: made last, met first.
  const withEntry = [
    ...ready().filter((instance) => !isShortLived(instance) && instance.testCase.entry !== 'none'),
    ...ready().filter(isShortLived),
  ];
  await limitConcurrency(AT_ONCE, withEntry, async (instance) => {
    const request = instance.connect(instance.port, instance.testCase.entry);
    const { server, outcome } = await clientOf(instance).request('connect', request);
    instance.old = instance.servers.find(({ name }) => name === server);
    if (instance.old === undefined) problems.set(instance, `its entry was not made: ${outcome}`);
  });

  const entries = await readEntries(testbed.shells, 'director');
  for (const [instance, problem] of spoiledEntries(ready(), entries))
    problems.set(instance, problem);

  const vanished = having('vanished');
  if (vanished.length > 0) {
    await faults.dropFinAndRst(true);
    await Promise.all(
      vanished.map((instance) => clientOf(instance).request('vanish', { port: instance.port })),
    );
    await faults.dropFinAndRst(false);
  }
  const changes = ready().flatMap((instance) =>
    instance.testCase.changes.flatMap((change) => instance.changes(change)),
  );
  if (changes.length > 0) await director.ipvsadm(changes);
  if (late !== undefined) await setDirector(director, { ...settings, ...late });
  if (late?.others?.drop_packet !== undefined) await untilDropped(testbed);

  const metNs = monotonicNow();
  const ends = new Map<CaseInstance, readonly ConnectReply[]>();
  const meet = async (instance: CaseInstance): Promise<void> => {
    ends.set(instance, await again(clientOf(instance), instance));
  };
  // Waiting clients need no processor.
  const waiting = ready().filter(({ testCase }) =>
    testCase.expectation.ends.some((end) => !isAtOnce(end)),
  );
  await Promise.all([
    ...waiting.map(meet),
    limitConcurrency(
      AT_ONCE,
      [
        ...ready().filter((instance) => !waiting.includes(instance) && isShortLived(instance)),
        ...ready().filter((instance) => !waiting.includes(instance) && !isShortLived(instance)),
      ],
      meet,
    ),
  ]);
  const untilNs = monotonicNow();
  await setOthers(director, defaults({ ...settings.others, ...late?.others }));
  return instances.map((instance): CaseRun => {
    const problem = problems.get(instance);
    return {
      instance,
      fromNs,
      metNs,
      untilNs,
      ends: ends.get(instance) ?? [],
      ...(problem === undefined ? {} : { problem }),
    };
  });
}

async function setDirector(
  director: Director,
  { expireNodestConn, connReuseMode, conntrack, others = {} }: Settings,
): Promise<void> {
  await Promise.all([
    director.setForwarding(conntrack),
    director.setIpvs({ expireNodestConn, connReuseMode }),
  ]);
  await setOthers(director, others);
}

/** Default values of those sysctls of net.ipv4.vs that test cases set. */
const DEFAULTS: Readonly<Record<string, number>> = {
  am_droprate: 10,
  conn_max: 1 << 30,
};

const defaults = (others: Readonly<Record<string, number>>): Readonly<Record<string, number>> =>
  Object.fromEntries(Object.keys(others).map((name) => [name, DEFAULTS[name] ?? 0]));

async function setOthers(
  director: Director,
  others: Readonly<Record<string, number>>,
): Promise<void> {
  await director.setSysctls(
    Object.fromEntries(
      Object.entries(others).map(([name, value]) => [`net/ipv4/vs/${name}`, value]),
    ),
  );
}

const marksOf = (instances: readonly CaseInstance[]): readonly number[] =>
  instances.map(({ mark }) => mark).filter((mark) => mark > 0);

const isShortLived = ({ testCase }: CaseInstance): boolean =>
  testCase.entry === 'reset by server' || testCase.entry === 'reset by client';

const isAtOnce = (end: { readonly outcome: string; readonly wait?: string }): boolean =>
  end.outcome === 'connected' && end.wait === 'at once';

async function again(client: ClientPeer, instance: CaseInstance): Promise<readonly ConnectReply[]> {
  const meet = (port: number): Promise<ConnectReply> =>
    client.request('connect', instance.connect(port, 'met'));
  const how: Readonly<Record<Again, () => Promise<readonly ConnectReply[]>>> = {
    'same port': async () => [await meet(instance.port)],
    'same port, twice': async () => [await meet(instance.port), await meet(instance.port)],
    'other port': async () => [await meet(instance.otherPort)],
    data: async () => [await client.request('speak', { port: instance.port, timeoutMs: DATA_MS })],
  };
  return await how[instance.testCase.again]();
}

/**
 * Waits until drop_packet is active: the kernel evaluates its memory once a second. The sign: a datagram
 * from an unused port to a service of its own is not answered.
 */
async function untilDropped(testbed: Testbed): Promise<void> {
  const { virtual, servers } = addresses.ipv4;
  const service = `-u ${endpoint(virtual, SCOUTED_PORT)}`;
  await testbed.director.ipvsadm([
    `-A ${service} -s rr`,
    `-a ${service} -r ${serverName(servers[0])} -m -w 1`,
  ]);
  for (let dropped = false; !dropped; ) {
    const [port = 0] = testbed.freshPorts(1);
    const reply = await testbed.client.request('connect', {
      protocol: 'UDP',
      host: virtual,
      hostPort: SCOUTED_PORT,
      port,
      ending: 'fin',
      timeoutMs: SCOUT_MS,
    });
    dropped = reply.outcome === 'timeout';
  }
}
