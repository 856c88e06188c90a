import { monotonicNow } from '../../source/clock.js';
import { addresses, endpoint, serverName } from '../../testbed/addresses.js';
import {
  ipvsadm,
  loseAcks,
  setForwarding,
  setGoodbyes,
  setIpvs,
  setMarks,
} from '../../testbed/director.js';
import type { Peer } from '../../testbed/peer.js';
import type { ConnectReply } from '../../testbed/peer-protocol.js';
import type { Stage } from '../../testbed/testbed.js';
import { setSysctls } from '../../testbed/topology.js';
import type { Part } from './case-instance.js';
import { spoiledEntries } from './entry-state.js';
import { inTurn } from './limit-concurrency.js';
import type { Again, Settings } from './test-case.js';

/** A part that was played: what the client lived through, and when. */
export interface PlayedPart {
  readonly part: Part;
  /** Before the first packet of the cell. CLOCK_MONOTONIC, as all times here. */
  readonly fromNs: number;
  /** Before the first packet that meets the entry. */
  readonly metNs: number;
  readonly untilNs: number;
  /** One for each attempt. */
  readonly ends: readonly ConnectReply[];
  /** Why it could not be played to the end, or not as the cell wants it. */
  readonly problem?: string;
}

export interface Players {
  readonly stage: Stage;
  /** The peer that a cell's client is. */
  readonly clientOf: (part: Part) => Peer;
}

/** How long a client waits for the answer to data that is not acknowledged. */
const DATA_MS = 2_500;
const SCOUTED_PORT = 19_999;
/** Far more than an answer takes. */
const SCOUT_MS = 500;

/** More clients at once would wait for each other, on two processors that are emulated. */
const AT_ONCE = 2;

/**
 * Plays cells that share their settings, all of them step by step together: nothing of one disturbs
 * another, for each has a virtual service and client ports of its own.
 */
export async function playAct(
  { stage, clientOf }: Players,
  parts: readonly Part[],
): Promise<readonly PlayedPart[]> {
  const [first] = parts;
  if (first === undefined) return [];
  const { settings, late } = first.cell;
  const problems = new Map<Part, string>();
  const ready = (): readonly Part[] => parts.filter((part) => !problems.has(part));
  const having = (...entries: readonly string[]): readonly Part[] =>
    ready().filter(({ cell }) => entries.includes(cell.entry));

  // Until the next act: as long as the client's FIN is sent again, its ACK must not come through.
  const lossy = having('last ACK lost').map(({ port }) => port);
  await Promise.all([
    setDirector(settings),
    setMarks(marksOf(parts)),
    loseAcks(lossy),
    ipvsadm(['-C', ...parts.flatMap((part) => part.creation())]),
    ...parts.flatMap((part) =>
      part.listening().map(({ role, request }) => stage.server(role).request(request)),
    ),
  ]);

  const fromNs = monotonicNow();
  // Entries in CLOSE live for ten seconds: made last, met first.
  const withEntry = [
    ...ready().filter((part) => !isShortLived(part) && part.cell.entry !== 'none'),
    ...ready().filter(isShortLived),
  ];
  await inTurn(AT_ONCE, withEntry, async (part) => {
    const reply = await clientOf(part).request(part.connect(part.port, part.cell.entry));
    const { server, outcome } = reply as ConnectReply;
    part.old = part.servers.find(({ name }) => name === server);
    if (part.old === undefined) problems.set(part, `its entry was not made: ${outcome}`);
  });

  for (const [part, problem] of await spoiledEntries(ready())) problems.set(part, problem);

  const vanished = having('vanished');
  if (vanished.length > 0) {
    await setGoodbyes(false);
    await Promise.all(
      vanished.map((part) => clientOf(part).request({ op: 'vanish', port: part.port })),
    );
    await setGoodbyes(true);
  }
  const changes = ready().flatMap((part) =>
    part.cell.changes.flatMap((change) => part.changes(change)),
  );
  if (changes.length > 0) await ipvsadm(changes);
  if (late !== undefined) await setDirector({ ...settings, ...late });
  if (late?.others?.drop_packet !== undefined) await untilDropped(stage);

  const metNs = monotonicNow();
  const ends = new Map<Part, readonly ConnectReply[]>();
  const meet = async (part: Part): Promise<void> => {
    ends.set(part, await again(clientOf(part), part));
  };
  // Those who wait need no processor.
  const waiting = ready().filter(({ cell }) => cell.expectation.ends.some((end) => !isAtOnce(end)));
  await Promise.all([
    ...waiting.map(meet),
    inTurn(
      AT_ONCE,
      [
        ...ready().filter((part) => !waiting.includes(part) && isShortLived(part)),
        ...ready().filter((part) => !waiting.includes(part) && !isShortLived(part)),
      ],
      meet,
    ),
  ]);
  const untilNs = monotonicNow();
  await setOthers(defaults({ ...settings.others, ...late?.others }));
  return parts.map((part): PlayedPart => {
    const problem = problems.get(part);
    return {
      part,
      fromNs,
      metNs,
      untilNs,
      ends: ends.get(part) ?? [],
      ...(problem === undefined ? {} : { problem }),
    };
  });
}

async function setDirector({
  expireNodestConn,
  connReuseMode,
  conntrack,
  others = {},
}: Settings): Promise<void> {
  await Promise.all([setForwarding(conntrack), setIpvs({ expireNodestConn, connReuseMode })]);
  await setOthers(others);
}

/** Of net.ipv4.vs; those that no cell sets need not be here. */
const DEFAULTS: Readonly<Record<string, number>> = {
  am_droprate: 10,
  conn_max: 1 << 30,
};

const defaults = (others: Readonly<Record<string, number>>): Readonly<Record<string, number>> =>
  Object.fromEntries(Object.keys(others).map((name) => [name, DEFAULTS[name] ?? 0]));

async function setOthers(others: Readonly<Record<string, number>>): Promise<void> {
  await setSysctls(
    'director',
    Object.fromEntries(
      Object.entries(others).map(([name, value]) => [`net/ipv4/vs/${name}`, value]),
    ),
  );
}

const marksOf = (parts: readonly Part[]): readonly number[] =>
  parts.map(({ mark }) => mark).filter((mark) => mark > 0);

const isShortLived = ({ cell }: Part): boolean =>
  cell.entry === 'reset by server' || cell.entry === 'reset by client';

const isAtOnce = (end: { readonly outcome: string; readonly wait?: string }): boolean =>
  end.outcome === 'connected' && end.wait === 'at once';

async function again(client: Peer, part: Part): Promise<readonly ConnectReply[]> {
  const meet = async (port: number): Promise<ConnectReply> =>
    (await client.request(part.connect(port, 'met'))) as ConnectReply;
  const how: Readonly<Record<Again, () => Promise<readonly ConnectReply[]>>> = {
    'same port': async () => [await meet(part.port)],
    'same port, twice': async () => [await meet(part.port), await meet(part.port)],
    'other port': async () => [await meet(part.otherPort)],
    data: async () => [
      (await client.request({ op: 'speak', port: part.port, timeoutMs: DATA_MS })) as ConnectReply,
    ],
  };
  return await how[part.cell.again]();
}

/**
 * drop_packet acts from the kernel's next look at its memory on, within a second. The sign: a
 * datagram to a service of its own that nobody answers, sent from a port never used.
 */
async function untilDropped(stage: Stage): Promise<void> {
  const { virtual, servers } = addresses.ipv4;
  const service = `-u ${endpoint(virtual, SCOUTED_PORT)}`;
  await ipvsadm([`-A ${service} -s rr`, `-a ${service} -r ${serverName(servers[0])} -m -w 1`]);
  for (let dropped = false; !dropped; ) {
    const [port = 0] = stage.freshPorts(1);
    const reply = (await stage.client.request({
      op: 'connect',
      protocol: 'UDP',
      host: virtual,
      hostPort: SCOUTED_PORT,
      port,
      ending: 'fin',
      timeoutMs: SCOUT_MS,
    })) as ConnectReply;
    dropped = reply.outcome === 'timeout';
  }
}
