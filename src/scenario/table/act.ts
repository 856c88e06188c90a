import { ipvsadm, loseAcks, setForwarding, setGoodbyes, setIpvs, setMarks } from '../director.js';
import type { ConnectReply } from '../peer-protocol.js';
import type { Stage } from '../stage.js';
import { setSysctls } from '../topology.js';
import type { Again, Settings } from './cell.js';
import { inTurn } from './in-turn.js';
import type { Part } from './part.js';

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
  /** Why it could not be played to the end. */
  readonly problem?: string;
}

/** More clients at once would wait for each other, on two processors that are emulated. */
const AT_ONCE = 2;

const now = (): number => Number(process.hrtime.bigint());

const sysctls = (others: Readonly<Record<string, number>>): Readonly<Record<string, number>> =>
  Object.fromEntries(Object.entries(others).map(([name, value]) => [`net/ipv4/vs/${name}`, value]));

/**
 * Plays cells that share their settings, all of them step by step together: nothing of one disturbs
 * another, for each has a virtual service and client ports of its own.
 */
export async function playAct(
  stage: Stage,
  parts: readonly Part[],
): Promise<readonly PlayedPart[]> {
  const [first] = parts;
  if (first === undefined) return [];
  const { settings, late } = first.cell;
  const problems = new Map<Part, string>();
  const ready = (): readonly Part[] => parts.filter((part) => !problems.has(part));
  const having = (...entries: readonly string[]): readonly Part[] =>
    ready().filter(({ cell }) => entries.includes(cell.entry));

  await Promise.all([setDirector(settings), setGoodbyes(true), setMarks(marksOf(parts))]);
  await loseAcks(having('last ACK lost').map(({ port }) => port));
  await ipvsadm(['-C', ...parts.flatMap((part) => part.creation())]);

  const fromNs = now();
  const withEntry = ready().filter(({ cell }) => cell.entry !== 'none');
  await inTurn(AT_ONCE, withEntry, async (part) => {
    const reply = await stage.client.request(part.connect(part.port, part.cell.entry));
    const { server, outcome } = reply as ConnectReply;
    part.old = part.servers.find(({ name }) => name === server);
    if (part.old === undefined) problems.set(part, `its entry was not made: ${outcome}`);
  });

  await setGoodbyes(false);
  await Promise.all(
    having('vanished').map(({ port }) => stage.client.request({ op: 'vanish', port })),
  );
  await Promise.all([setGoodbyes(true), loseAcks([])]);
  const changes = ready().flatMap((part) =>
    part.cell.changes.flatMap((change) => part.changes(change)),
  );
  if (changes.length > 0) await ipvsadm(changes);
  if (late !== undefined) await setDirector({ ...settings, ...late });

  const metNs = now();
  const ends = new Map<Part, readonly ConnectReply[]>();
  const meet = async (part: Part): Promise<void> => {
    ends.set(part, await again(stage, part));
  };
  // Those who wait need no processor.
  const waiting = ready().filter(({ cell }) => cell.expectation.ends.some((end) => !isAtOnce(end)));
  await Promise.all([
    ...waiting.map(meet),
    inTurn(
      AT_ONCE,
      ready().filter((part) => !waiting.includes(part)),
      meet,
    ),
  ]);
  const untilNs = now();
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
  await Promise.all([
    setForwarding(conntrack),
    setIpvs({ expireNodestConn, connReuseMode }),
    setSysctls('director', sysctls(others)),
  ]);
}

const marksOf = (parts: readonly Part[]): readonly number[] =>
  parts.map(({ mark }) => mark).filter((mark) => mark > 0);

const isAtOnce = (end: { readonly outcome: string; readonly wait?: string }): boolean =>
  end.outcome === 'connected' && end.wait === 'at once';

async function again(stage: Stage, part: Part): Promise<readonly ConnectReply[]> {
  const meet = async (port: number): Promise<ConnectReply> =>
    (await stage.client.request(part.connect(port, 'met'))) as ConnectReply;
  const how: Readonly<Record<Again, () => Promise<readonly ConnectReply[]>>> = {
    'same port': async () => [await meet(part.port)],
    'same port, twice': async () => [await meet(part.port), await meet(part.port)],
    'other port': async () => [await meet(part.otherPort)],
    data: async () => [
      (await stage.client.request({
        op: 'speak',
        port: part.port,
        timeoutMs: part.connect(part.port, 'met').timeoutMs,
      })) as ConnectReply,
    ],
  };
  return await how[part.cell.again]();
}
