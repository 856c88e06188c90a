import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Watcher } from '../../scenario/scenario.js';
import { addresses, endpoint } from '../../testbed/addresses.js';
import { CleanUp } from '../../testbed/clean-up.js';
import {
  dropFinAndRst,
  ipvsadm,
  setAnswering,
  setFirstLost,
  setForwarding,
} from '../../testbed/director.js';
import { execInNamespace } from '../../testbed/namespace-shell.js';
import type { Role } from '../../testbed/namespaces.js';
import type { Peer } from '../../testbed/peer.js';
import type { ConnectReply, ConnectRequest } from '../../testbed/peer-protocol.js';
import type { Testbed } from '../../testbed/testbed.js';
import { setSysctls } from '../../testbed/topology.js';
import type { InterfaceCaptures, Passed } from './interface-captures.js';

/** What a connect of a case may leave out. */
export type Asked = Partial<Omit<ConnectRequest, 'op'>> & { readonly hostPort: number };

/** An entry of ip_vs, as /proc/net/ip_vs_conn has it. */
export interface Entry {
  readonly protocol: string;
  readonly clientPort: number;
  readonly virtualPort: number;
  readonly state: string;
}

const COUNTERS = 'ipvscope_count';
/** Far more than ip_vs takes to forget an entry whose time is over. */
const MOST_WAIT_MS = 15_000;
const LOOK_MS = 50;
const CONNECT_MS = 2_500;

/** The testbed as one case uses it: what it changes is undone when it is over. */
export class CaseContext {
  readonly testbed: Testbed;
  readonly watcher: Watcher;
  /** Of virtual services: events of others are not this case's. */
  readonly ports = new Set<number>();
  readonly #captures: InterfaceCaptures;
  readonly #cleanUp = new CleanUp();
  readonly #local: () => Promise<Peer>;
  #nextPort: () => number;
  #counted: Role[] = [];

  constructor(parts: {
    testbed: Testbed;
    watcher: Watcher;
    captures: InterfaceCaptures;
    nextPort: () => number;
    local: () => Promise<Peer>;
  }) {
    this.testbed = parts.testbed;
    this.watcher = parts.watcher;
    this.#captures = parts.captures;
    this.#nextPort = parts.nextPort;
    this.#local = parts.local;
  }

  /** Everything as a case may expect it: no services, no conntrack, servers that answer. */
  async prepare(): Promise<void> {
    await Promise.all([
      setForwarding(false),
      setSysctls('director', {
        'net/ipv4/vs/conn_reuse_mode': 1,
        'net/ipv4/vs/expire_nodest_conn': 0,
        // Every ICMP error may leave: a case that is about the limit sets it.
        'net/ipv4/icmp_ratelimit': 0,
      }),
      ipvsadm(['-C']),
    ]);
    // What comes from now on is this case's.
    await this.#captures.settle();
  }

  /** Undoes all that the case changed. */
  async leave(): Promise<void> {
    try {
      await this.#cleanUp.run();
    } finally {
      await ipvsadm(['-C']);
    }
  }

  /** To be called before the thing is done. */
  undo(what: string, undo: () => unknown): void {
    this.#cleanUp.add(what, undo);
  }

  /** A port for a virtual service that no other case has; or the one that is named. */
  virtualPort(port = this.#nextPort()): number {
    this.ports.add(port);
    return port;
  }

  freshPort(): number {
    return this.testbed.freshPorts(1)[0] ?? 0;
  }

  /** What passed since the case began, or since the last time. The ways to the servers must be open. */
  passed(): Promise<Passed> {
    return this.#captures.settle();
  }

  async run(role: Role, ...command: readonly string[]): Promise<string> {
    return await execInNamespace(role, command, { step: command[0] ?? '' });
  }

  /** A shell's script in a namespace. */
  async script(role: Role, text: string): Promise<string> {
    return await this.run(role, 'sh', '-ec', text);
  }

  /** The ruleset of an nft table of the case's own. */
  async firewall(role: Role, body: string, name = 'ipvscope_field'): Promise<void> {
    const table = `table inet ${name}`;
    this.undo(`the firewall of ${role}`, () =>
      this.run(role, 'nft', 'delete', 'table', 'inet', name),
    );
    await execInNamespace(role, ['nft', '-f', '-'], {
      step: 'nft',
      input: `${table} {\n${body}\n}\n`,
    });
  }

  /** Counts packets that a rule of nft matches; see `counted`. */
  async count(role: Role, hook: string, matches: Readonly<Record<string, string>>): Promise<void> {
    const names = Object.keys(matches);
    const rules = names.map((name) => `${matches[name]} counter name ${name}`);
    await this.firewall(
      role,
      [
        ...names.map((name) => `counter ${name} {}`),
        `chain counts { type filter hook ${hook} priority -400; ${rules.join('; ')}; }`,
      ].join('\n'),
      COUNTERS,
    );
    this.#counted.push(role);
  }

  async counted(role: Role, name: string): Promise<number> {
    const text = await this.run(role, 'nft', 'list', 'counter', 'inet', COUNTERS, name);
    return Number(/packets (\d+)/.exec(text)?.[1]);
  }

  /** Sysctls by their paths below /proc/sys, until the case is over. */
  async sysctl(role: Role, values: Readonly<Record<string, number>>): Promise<void> {
    const names = Object.keys(values);
    const text = await this.run(role, 'cat', ...names.map((name) => `/proc/sys/${name}`));
    const before = text.trim().split('\n').map(Number);
    const old = Object.fromEntries(names.map((name, index) => [name, before[index] ?? 0]));
    this.undo(names.join(', '), () => setSysctls(role, old));
    await setSysctls(role, values);
  }

  ipvsadm(...lines: readonly string[]): Promise<void> {
    return ipvsadm(lines);
  }

  /** A connect to the virtual address from a fresh port, unless told otherwise. */
  async connect(asked: Asked, peer: Peer = this.testbed.client): Promise<ConnectReply> {
    const request: ConnectRequest = {
      op: 'connect',
      host: addresses.ipv4.virtual,
      port: asked.port ?? this.freshPort(),
      ending: 'fin',
      timeoutMs: CONNECT_MS,
      ...asked,
    };
    return (await peer.request(request)) as ConnectReply;
  }

  /** Says something on a held connection; `refused` is not possible there, `reset` is. */
  async speak(
    port: number,
    options: { bytes?: number; timeoutMs?: number } = {},
  ): Promise<ConnectReply> {
    const request = { op: 'speak', port, timeoutMs: CONNECT_MS, ...options };
    return (await this.testbed.client.request(request)) as ConnectReply;
  }

  /** The client of a held connection closes it in good order, or disappears. */
  async close(port: number): Promise<void> {
    await this.testbed.client.request({ op: 'release', port });
  }

  async vanish(port: number): Promise<void> {
    await dropFinAndRst(true);
    await this.testbed.client.request({ op: 'vanish', port });
    await dropFinAndRst(false);
  }

  /** A client on the director itself. */
  localClient(): Promise<Peer> {
    return this.#local();
  }

  /** A process of the case's own; it is the case's to end it. */
  spawn(role: Role, module: string, args: readonly string[]): Promise<Peer> {
    return this.testbed.spawn({ role, module, args });
  }

  /** What is sent to that server vanishes, until the case is over. */
  async kill(role: 'rs1' | 'rs2'): Promise<void> {
    const server = addresses.ipv4.servers.find((known) => known.role === role);
    if (server === undefined) return;
    this.undo(`the silence of ${role}`, () => setAnswering(server, true));
    await setAnswering(server, false);
  }

  /** The server overlooks the first packet of every connect, until the case is over. */
  async overlookFirst(role: 'rs1' | 'rs2'): Promise<void> {
    this.undo(`the deafness of ${role}`, () => setFirstLost(role, false));
    await setFirstLost(role, true);
  }

  /**
   * Sends packets made by hand, as fast as it goes and in their order: what follows the IPv4 header,
   * each of `length` bytes.
   */
  async send(
    role: Role,
    packets: Buffer,
    to: {
      readonly host: string;
      readonly length?: number;
      readonly protocol?: number;
      readonly source?: string;
      /** More of socat's. */
      readonly options?: string;
    },
  ): Promise<void> {
    const { host, length = packets.length, protocol = 6, source, options } = to;
    const address = [
      `IP4-SENDTO:${host}:${protocol}`,
      ...(source === undefined ? [] : [`bind=${source}`]),
      ...(options === undefined ? [] : [options]),
    ].join(',');
    const directory = await mkdtemp(join(tmpdir(), 'ipvscope-field-'));
    try {
      const file = join(directory, 'packets');
      await writeFile(file, packets);
      // From a file, not from a pipe: each read gives one packet.
      await this.run(role, 'socat', '-u', '-b', String(length), `FILE:${file}`, address);
    } finally {
      await rm(directory, { recursive: true });
    }
  }

  /** ip_vs's entries of this case's services, or of one of its ports. */
  async entries(virtualPort?: number, role: Role = 'director'): Promise<readonly Entry[]> {
    const text = await this.run(role, 'cat', '/proc/net/ip_vs_conn');
    return parseEntries(text).filter((entry) =>
      virtualPort === undefined
        ? this.ports.has(entry.virtualPort)
        : entry.virtualPort === virtualPort,
    );
  }

  /** Waits until something is so; gives whether it came about. */
  async until(reached: () => Promise<boolean>, mostMs = MOST_WAIT_MS): Promise<boolean> {
    const giveUp = performance.now() + mostMs;
    while (!(await reached())) {
      this.testbed.signal?.throwIfAborted();
      if (performance.now() > giveUp) return false;
      await delay(LOOK_MS);
    }
    return true;
  }

  /** Lets time pass, where that is what the case is about. */
  async pass(ms: number): Promise<void> {
    await delay(
      ms,
      undefined,
      this.testbed.signal === undefined ? {} : { signal: this.testbed.signal },
    );
  }

  /** `10.96.0.10:PORT` */
  virtual(port: number): string {
    return endpoint(addresses.ipv4.virtual, port);
  }
}

export function parseEntries(text: string): readonly Entry[] {
  const hex = (word = ''): number => Number.parseInt(word, 16);
  return text.split('\n').flatMap((line) => {
    const [protocol = '', , clientPort, , virtualPort, , , state = ''] = line.trim().split(/\s+/);
    return ['TCP', 'UDP', 'SCTP'].includes(protocol)
      ? [{ protocol, clientPort: hex(clientPort), virtualPort: hex(virtualPort), state }]
      : [];
  });
}
