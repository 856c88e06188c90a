import { existsSync } from 'node:fs';
import { findPrograms } from '../../exec/find.js';
import { kindNames } from '../../record/value-names.js';
import { addresses, SERVER_PORT, serverName } from '../addresses.js';
import type { ObservedEvent } from '../observed-event.js';
import type { ListenRequest } from '../peer-protocol.js';
import type { Scenario, Trial } from '../scenario.js';
import type { Stage } from '../stage.js';
import { families, openTunnels, setSysctls } from '../topology.js';
import { type PlayedPart, type Players, playAct } from './act.js';
import type { Cell } from './cell.js';
import { formatTable, isDifferent, type Result } from './format-table.js';
import { forwardingCells } from './forwarding-cells.js';
import { grid } from './grid.js';
import { limitCells } from './limit-cells.js';
import { Part } from './part.js';
import { sctpCells } from './sctp-cells.js';
import { seenOf } from './seen.js';
import { serviceCells } from './service-cells.js';
import { tcpCells } from './tcp-cells.js';
import { udpCells } from './udp-cells.js';

/** Every cell, in the order of the table. */
export const cells: readonly Cell[] = [
  ...grid,
  ...tcpCells,
  ...udpCells,
  ...sctpCells,
  ...forwardingCells,
  ...serviceCells,
  ...limitCells,
];

const FIRST_VIRTUAL_PORT = 20_001;

/** What ip_vs does with a reused port, cell by cell. */
export const table: Scenario = {
  name: 'table',
  summary:
    'every setting and every entry that a reused port can meet, each with what has to happen',
  story: [
    'for each set of sysctls: a virtual service a cell; clients connect and leave an entry there',
    'servers change; the clients come back from the same ports',
    'each has to live through what the table says, with its packets and its events',
  ],
  witnessed: true,
  detail: kindNames,
  async play(stage) {
    return await playTable(stage, cells);
  },
};

export interface TableTrial extends Trial {
  /** Every cell with what was seen of it. */
  results(events: readonly ObservedEvent[]): readonly Result[];
  /** By tcpdump. */
  readonly packetsLost: number;
  /** Cells that had to be played again, a line each with the reason. */
  readonly repeated: readonly string[];
}

/** What tells a cell from all others. */
export function cellName({ settings, late, title, family }: Cell): string {
  const { expireNodestConn: nodest, connReuseMode: mode, conntrack } = settings;
  const later = late === undefined ? '' : `, then ${JSON.stringify(late)}`;
  return `expire_nodest_conn=${nodest} conn_reuse_mode=${mode} conntrack=${Number(conntrack)}${later}: ${title}, ${family}`;
}

export async function playTable(stage: Stage, wanted: readonly Cell[]): Promise<TableTrial> {
  await Promise.all([pinClients(), openTunnels()]);
  let virtualPort = FIRST_VIRTUAL_PORT;
  const newPart = (cell: Cell): Part => {
    const [port = 0, otherPort = 0] = stage.freshPorts(2);
    return new Part(cell, { virtualPort: virtualPort++, ports: [port, otherPort] });
  };
  const parts = wanted.filter((cell) => reasonAgainst(cell) === undefined).map(newPart);
  const players = await hirePlayers(stage, parts);
  const witness = await stage.watch();
  const played: PlayedPart[] = [];
  const repeated: string[] = [];
  const acts = actsOf(parts);
  for (const [index, act] of acts.entries()) {
    stage.signal?.throwIfAborted();
    stage.say(`act ${index + 1} of ${acts.length}: ${act.length} cells`);
    const done = await playAct(players, act);
    const again = done.filter(({ problem }) => problem !== undefined);
    for (const { part, problem } of again) {
      repeated.push(`played again: ${cellName(part.cell)}: ${problem}`);
    }
    // Of a cell that was played twice the second counts, whatever comes of it.
    played.push(
      ...(await playAct(
        players,
        again.map(({ part }) => newPart(part.cell)),
      )),
      ...done,
    );
  }
  const captures = await witness.finish(
    (hosts) => stage.client.request({ op: 'mark', addresses: hosts }),
    (role) => role,
  );
  const results = (events: readonly ObservedEvent[]): readonly Result[] =>
    wanted.map((cell) => {
      const one = played.find(({ part }) => part.cell === cell);
      if (one === undefined) return { cell, impossible: reasonAgainst(cell) ?? 'not played' };
      return { cell, seen: seenOf(one, stage.netns, events, captures) };
    });
  return {
    results,
    packetsLost: captures.lost,
    repeated,
    judge(events) {
      const all = results(events);
      const lost = captures.lost > 0 ? [`tcpdump lost ${captures.lost} packets`] : [];
      return {
        report: [formatTable(all), ...repeated, ...lost].join('\n'),
        fits: !all.some(isDifferent) && captures.lost === 0,
      };
    },
  };
}

function reasonAgainst({ needs }: Cell): string | undefined {
  return needs === undefined || existsSync(needs.file) ? undefined : needs.reason;
}

/** Clients and servers on the director itself, where cells want them. */
async function hirePlayers(stage: Stage, parts: readonly Part[]): Promise<Players> {
  const local = parts.some(({ cell }) => cell.service.localClient === true)
    ? await stage.hire({ role: 'director', module: './peer-client.js', args: [] })
    : stage.client;
  if (parts.some(({ cell }) => cell.service.forwarding === 'local')) {
    const own = families.map((family) => addresses[family].director);
    const args = [String(SERVER_PORT), ...own];
    await stage.hire({ role: 'director', module: './peer-server.js', args });
  }
  if (parts.some(({ cell }) => cell.service.protocol === 'SCTP')) {
    findPrograms(['socat']);
    const real = families.flatMap((family) => addresses[family].servers);
    await Promise.all(
      real.map((server) => {
        const { role, address, port } = server;
        const name = serverName(server);
        const request: ListenRequest = { op: 'listen', protocol: 'SCTP', address, port, name };
        return stage.server(role).request(request);
      }),
    );
  }
  return {
    stage,
    clientOf: ({ cell }) => (cell.service.localClient === true ? local : stage.client),
  };
}

/** How often and when clients send copies must not depend on the kernel. */
async function pinClients(): Promise<void> {
  const linear = 'net/ipv4/tcp_syn_linear_timeouts';
  for (const role of ['client', 'director'] as const) {
    await setSysctls(role, {
      ...(existsSync(`/proc/sys/${linear}`) ? { [linear]: 0 } : {}),
      // A client whose last ACK was lost gives up after one copy of its FIN.
      'net/ipv4/tcp_orphan_retries': 1,
    });
  }
}

/** The cells of one act share their settings, those that change later included. */
function actsOf(parts: readonly Part[]): readonly (readonly Part[])[] {
  const acts = new Map<string, Part[]>();
  for (const part of parts) {
    const key = JSON.stringify([part.cell.settings, part.cell.late]);
    acts.set(key, [...(acts.get(key) ?? []), part]);
  }
  return [...acts.values()];
}
