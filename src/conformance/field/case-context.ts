import { setTimeout as delay } from 'node:timers/promises';
import type { Recorder } from '../../scenario/recorder.js';
import { addresses, endpoint } from '../../testbed/addresses.js';
import { CleanUp } from '../../testbed/clean-up.js';
import { type ConnectionEntry, readEntries } from '../../testbed/connection-entries.js';
import type { Role } from '../../testbed/namespaces.js';
import type { ClientPeer } from '../../testbed/peer.js';
import type { ConnectReply, ConnectRequest, ListenRequest } from '../../testbed/peer-protocol.js';
import { type RawTarget, sendPackets } from '../../testbed/raw-packets.js';
import type { Testbed } from '../../testbed/testbed.js';
import type { InterfaceCaptures, Passed } from './interface-captures.js';

/** A connect request; all but the port of the service has a default. */
export type Asked = Partial<ConnectRequest> & { readonly hostPort: number };

/** Played again, a case must not meet a listener of its last run. */
const FIRST_VIRTUAL_PORT = 30_001;
const COUNTERS = 'ipvscope_count';
/** Far more than ip_vs takes to expire an entry. */
const MOST_WAIT_MS = 15_000;
const POLL_MS = 50;
const CONNECT_MS = 2_500;

/** The testbed as one case uses it: every change is undone at the end of the case. */
export class CaseContext {
  readonly testbed: Testbed;
  readonly recorder: Recorder;
  /** Of virtual services: events of others are not this case's. */
  readonly ports = new Set<number>();
  readonly #captures: InterfaceCaptures;
  readonly #cleanUp = new CleanUp();
  readonly #local: () => Promise<ClientPeer>;
  #counted: Role[] = [];

  constructor(parts: {
    testbed: Testbed;
    recorder: Recorder;
    captures: InterfaceCaptures;
    local: () => Promise<ClientPeer>;
  }) {
    this.testbed = parts.testbed;
    this.recorder = parts.recorder;
    this.#captures = parts.captures;
    this.#local = parts.local;
  }

  /** Resets the director: no services, no conntrack. */
  async prepare(): Promise<void> {
    const { director } = this.testbed;
    await Promise.all([
      director.setForwarding(false),
      director.setSysctls({
        'net/ipv4/vs/conn_reuse_mode': 1,
        'net/ipv4/vs/expire_nodest_conn': 0,
        // Every ICMP error may leave: a case that is about the limit sets it.
        'net/ipv4/icmp_ratelimit': 0,
      }),
      director.ipvsadm(['-C']),
    ]);
    // What comes from now on is this case's.
    await this.#captures.settle();
  }

  /** Undoes every change of the case. */
  async leave(): Promise<void> {
    try {
      await this.#cleanUp.run();
    } finally {
      await this.testbed.director.ipvsadm(['-C']);
    }
  }

  /** Registers how a change is undone; call it before the change. */
  undo(what: string, undo: () => unknown): void {
    this.#cleanUp.add(what, undo);
  }

  /** Allocates a port for a virtual service that no other case has, or takes the given one. */
  virtualPort(port = FIRST_VIRTUAL_PORT + this.testbed.nextOf('virtual ports')): number {
    this.ports.add(port);
    return port;
  }

  freshPort(): number {
    return this.testbed.freshPorts(1)[0] ?? 0;
  }

  /** Packets captured since the case began, or since the last call. The servers must be reachable. */
  passed(): Promise<Passed> {
    return this.#captures.settle();
  }

  async run(role: Role, ...command: readonly string[]): Promise<string> {
    const call = { step: command[0] ?? '' };
    return await this.testbed.shells.execInNamespace(role, command, call);
  }

  /** Runs a shell script in a namespace. */
  async script(role: Role, text: string): Promise<string> {
    return await this.testbed.shells.of(role).script(text, 'script');
  }

  /** Sets an nft table of the case's own. */
  async firewall(role: Role, body: string, name = 'ipvscope_field'): Promise<void> {
    this.undo(`the firewall of ${role}`, () => this.testbed.shells.setNftTable(role, false, name));
    await this.testbed.shells.setNftTable(role, body, name);
  }

  /** Counts packets that match rules of nft, by name; see `counted`. */
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

  /** Sets sysctls, named by their paths below /proc/sys, until the end of the case. */
  async sysctl(role: Role, values: Readonly<Record<string, number>>): Promise<void> {
    const names = Object.keys(values);
    const text = await this.run(role, 'cat', ...names.map((name) => `/proc/sys/${name}`));
    const before = text.trim().split('\n').map(Number);
    const old = Object.fromEntries(names.map((name, index) => [name, before[index] ?? 0]));
    this.undo(names.join(', '), () => this.testbed.shells.setSysctls(role, old));
    await this.testbed.shells.setSysctls(role, values);
  }

  ipvsadm(...lines: readonly string[]): Promise<void> {
    return this.testbed.director.ipvsadm(lines);
  }

  /** Connects, by default to the virtual address and from a fresh port. */
  async connect(asked: Asked, peer: ClientPeer = this.testbed.client): Promise<ConnectReply> {
    const request: ConnectRequest = {
      host: addresses.ipv4.virtual,
      port: asked.port ?? this.freshPort(),
      ending: 'fin',
      timeoutMs: CONNECT_MS,
      ...asked,
    };
    return await peer.request('connect', request);
  }

  /** Sends a line on a held connection. */
  async speak(
    port: number,
    options: { bytes?: number; timeoutMs?: number } = {},
  ): Promise<ConnectReply> {
    const request = { port, timeoutMs: CONNECT_MS, ...options };
    return await this.testbed.client.request('speak', request);
  }

  /** The client of a held connection closes it in good order. */
  async close(port: number): Promise<void> {
    await this.testbed.client.request('release', { port });
  }

  /** The client of a held connection disappears: nobody gets its RST. */
  async vanish(port: number): Promise<void> {
    await this.testbed.faults.dropFinAndRst(true);
    await this.testbed.client.request('vanish', { port });
    await this.testbed.faults.dropFinAndRst(false);
  }

  /** A client on the director itself. */
  localClient(): Promise<ClientPeer> {
    return this.#local();
  }

  /** Lets the real server in that namespace answer at one more address and port. */
  async listen(role: Role, request: ListenRequest): Promise<void> {
    await this.testbed.server(role).request('listen', request);
  }

  /** Everything sent to that server vanishes, until the end of the case. */
  async blackhole(role: 'rs1' | 'rs2'): Promise<void> {
    const server = addresses.ipv4.servers.find((known) => known.role === role);
    if (server === undefined) return;
    this.undo(`the black hole of ${role}`, () => this.testbed.faults.blackhole(server, false));
    await this.testbed.faults.blackhole(server, true);
  }

  /** The first packet of every connect is dropped at that server, until the end of the case. */
  async dropFirst(role: 'rs1' | 'rs2'): Promise<void> {
    this.undo(`the drops at ${role}`, () => this.testbed.faults.dropFirst(role, false));
    await this.testbed.faults.dropFirst(role, true);
  }

  /** Sends packets made by hand. */
  send(role: Role, packets: Buffer, to: RawTarget): Promise<void> {
    return sendPackets(this.testbed.shells, role, packets, to);
  }

  /** The connection entries of this case's services, or of one of its ports. */
  async entries(
    virtualPort?: number,
    role: Role = 'director',
  ): Promise<readonly ConnectionEntry[]> {
    return (await readEntries(this.testbed.shells, role)).filter((entry) =>
      virtualPort === undefined
        ? this.ports.has(entry.virtualPort)
        : entry.virtualPort === virtualPort,
    );
  }

  /**
   * Counts the connection entries of a real server by ip_vs' own counters (activeconns and inactconns,
   * ip_vs_ctl.c): a read of /proc/net/ip_vs_conn skips entries while others expire.
   */
  async connectionsOf(destination: string): Promise<number> {
    const table = await this.run('director', 'ipvsadm', '-Ln');
    return table
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .filter(([arrow, address]) => arrow === '->' && address === destination)
      .reduce((sum, [, , , , active, inactive]) => sum + Number(active) + Number(inactive), 0);
  }

  /** Polls until a condition holds; returns false where it did not in time. */
  async until(reached: () => Promise<boolean>, mostMs = MOST_WAIT_MS): Promise<boolean> {
    const deadline = performance.now() + mostMs;
    while (!(await reached())) {
      this.testbed.signal?.throwIfAborted();
      if (performance.now() > deadline) return false;
      await delay(POLL_MS);
    }
    return true;
  }

  /** Waits, where the time itself is what the case is about. */
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
