import { monotonicNow } from '../source/clock.js';
import {
  addresses,
  endpoint,
  type Family,
  serverName,
  VIRTUAL_PORT,
  virtualService,
} from '../testbed/addresses.js';
import { type Connect, portOf } from '../testbed/connect.js';
import type { IpvsSettings } from '../testbed/director.js';
import type { DirectorCapture } from '../testbed/director-capture.js';
import type { Role } from '../testbed/namespaces.js';
import type { ConnectRequest, Ending } from '../testbed/peer-protocol.js';
import type { Played, ServerState } from '../testbed/played.js';
import { allowedProcessors } from '../testbed/processors.js';
import type { Testbed } from '../testbed/testbed.js';

export interface RoundSettings extends IpvsSettings {
  /** Whether the director's connections are tracked, as they are on a node of Kubernetes. */
  readonly conntrack: boolean;
  /** Default: IPv4. */
  readonly family?: Family;
}

export interface ConnectOptions {
  readonly ending?: Ending;
  /** How long the client waits; the scenarios choose it away from the copies' times. */
  readonly timeoutMs?: number;
}

const DEFAULT_TIMEOUT_MS = 2_500;

/**
 * One round of a scenario: the only way in which a scenario changes the testbed, so that all of it is
 * on record. Servers change only while no connect is under way.
 */
export class Round {
  readonly #testbed: Testbed;
  readonly #scenario: string;
  readonly #conntrack: boolean;
  readonly #family: Family;
  readonly #connects: Connect[] = [];
  readonly #states: ServerState[] = [];
  /** Processors that receive the director's packets, in turn: the sender's, the first, the last. */
  readonly #receivers: readonly (number | undefined)[];
  #capture: DirectorCapture | undefined;
  #receiver = 0;
  #phase = '';
  #lostElsewhere = false;

  private constructor(testbed: Testbed, scenario: string, settings: RoundSettings) {
    this.#testbed = testbed;
    this.#scenario = scenario;
    this.#conntrack = settings.conntrack;
    this.#family = settings.family ?? 'ipv4';
    const processors = allowedProcessors();
    this.#receivers = [undefined, processors[0], processors.at(-1)];
  }

  /** Starts a round: the virtual service made anew, both servers answering with weight 1. */
  static async start(testbed: Testbed, scenario: string, settings: RoundSettings): Promise<Round> {
    testbed.signal?.throwIfAborted();
    const round = new Round(testbed, scenario, settings);
    await round.#prepare(settings);
    if (testbed.capturesRounds) round.#capture = await testbed.startCapture();
    return round;
  }

  async #prepare({ connReuseMode, expireNodestConn }: IpvsSettings): Promise<void> {
    const { servers } = addresses[this.#family];
    const { director, faults } = this.#testbed;
    await Promise.all([
      director.setForwarding(this.#conntrack),
      faults.dropFinAndRst(false),
      faults.dropFirst('client', false),
      ...servers.map(({ role }) => faults.dropFirst(role, false)),
      ...servers.map((server) => faults.blackhole(server, false)),
      // A removed service takes its entries along only where expire_nodest_conn says so.
      director
        .setIpvs({ connReuseMode, expireNodestConn })
        .then(() => director.createService(this.#family)),
    ]);
    for (const server of servers) {
      this.#recordState({ server: serverName(server), weight: 1, answers: true });
    }
  }

  /** Begins a phase: its name goes into the connects, and is reported as progress. */
  phase(name: string, what: string): void {
    this.#testbed.signal?.throwIfAborted();
    this.#phase = name;
    this.#testbed.say(`${name}: ${what}`);
  }

  /**
   * Connects from each of the ports, at the same time. The director receives their packets on
   * another processor each time, as one with several queues does: nothing may depend on it.
   */
  async connectAll(
    ports: readonly number[],
    options: ConnectOptions = {},
  ): Promise<readonly Connect[]> {
    const phase = this.#phase;
    const receiver = this.#receivers[this.#receiver++ % this.#receivers.length];
    await this.#testbed.director.setReceiver(receiver);
    return await Promise.all(ports.map((port) => this.#connect(phase, port, options)));
  }

  /** The clients of held connections disappear; neither director nor server learns of it. */
  async vanish(ports: readonly number[]): Promise<void> {
    await this.#testbed.faults.dropFinAndRst(true);
    await Promise.all(ports.map((port) => this.#testbed.client.request('vanish', { port })));
    await this.#testbed.faults.dropFinAndRst(false);
  }

  /** Uses held connections that many times; throws when another server answers. */
  async use(held: readonly Connect[], times: number): Promise<void> {
    const use = async (connect: Connect): Promise<void> => {
      const { client, server } = connect;
      const request = { port: portOf(connect), timeoutMs: DEFAULT_TIMEOUT_MS };
      for (let time = 0; time < times; time++) {
        const answer = await this.#testbed.client.request('speak', request);
        if (answer.server !== server) {
          throw new Error(`${client}: connected to ${server}, then ${answer.outcome}`);
        }
      }
    };
    await Promise.all(held.map(use));
  }

  /** The clients of held connections close them. */
  async release(ports: readonly number[]): Promise<void> {
    await Promise.all(ports.map((port) => this.#testbed.client.request('release', { port })));
  }

  async setWeight(server: string, weight: number): Promise<void> {
    await this.#testbed.director.setServerWeight(this.#family, server, weight);
    this.#recordState({ server, weight });
  }

  /** Everything sent to the server vanishes from now on. See `Faults.blackhole`. */
  async stop(server: string): Promise<void> {
    const real = addresses[this.#family].servers.find((known) => serverName(known) === server);
    if (real === undefined) throw new RangeError(`there is no server ${server}`);
    await this.#testbed.faults.blackhole(real, true);
    this.#recordState({ server, answers: false });
  }

  /** Drops the first packet of every connect before ip_vs gets it. */
  async loseFirst(lost: boolean): Promise<void> {
    await this.#testbed.faults.dropFirst('client', lost);
    this.#lostElsewhere = lost;
  }

  /** Drops the first packet of every connect at the server, as a full backlog does. */
  async dropFirstAtServers(enabled: boolean): Promise<void> {
    const { servers } = addresses[this.#family];
    await Promise.all(servers.map(({ role }) => this.#testbed.faults.dropFirst(role, enabled)));
  }

  async set(settings: Partial<IpvsSettings>): Promise<void> {
    await this.#testbed.director.setIpvs(settings);
  }

  /** Ends the round and its captures, and returns the record of it. */
  async end(): Promise<Played> {
    const { servers } = addresses[this.#family];
    const nameOf = (role: Role): string =>
      servers.filter((server) => server.role === role).map(serverName)[0] ?? role;
    const captures = await this.#capture?.finish(
      (hosts) => this.#testbed.client.request('mark', { addresses: hosts }),
      nameOf,
    );
    return {
      scenario: this.#scenario,
      connects: [...this.#connects].sort((a, b) => a.startNs - b.startNs),
      netns: this.#testbed.netns,
      virtual: virtualService(this.#family),
      conntrack: this.#conntrack,
      states: this.#states,
      copiesMs: this.#testbed.copiesMs,
      ...(captures === undefined ? {} : { captures }),
    };
  }

  /** Resolves when the connection is over, or is open and held. */
  async #connect(phase: string, port: number, options: ConnectOptions): Promise<Connect> {
    const { ending = 'fin', timeoutMs = DEFAULT_TIMEOUT_MS } = options;
    const { virtual, client } = addresses[this.#family];
    const request: ConnectRequest = {
      host: virtual,
      hostPort: VIRTUAL_PORT,
      port,
      ending,
      timeoutMs,
    };
    const reply = await this.#testbed.client.request('connect', request);
    const connect = {
      client: endpoint(client, port),
      ...reply,
      connectMs: (reply.endNs - reply.startNs) / 1e6,
      phase,
      ...(this.#lostElsewhere ? { lostElsewhere: true as const } : {}),
    };
    this.#connects.push(connect);
    return connect;
  }

  #recordState(change: Pick<ServerState, 'server'> & Partial<ServerState>): void {
    this.#testbed.signal?.throwIfAborted();
    const last = this.#states.findLast((state) => state.server === change.server);
    const fromNs = monotonicNow();
    this.#states.push({ weight: 1, answers: true, ...last, ...change, fromNs });
  }
}
