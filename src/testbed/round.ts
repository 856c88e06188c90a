import { monotonicNow } from '../source/clock.js';
import {
  addresses,
  endpoint,
  type Family,
  serverName,
  VIRTUAL_PORT,
  virtualService,
} from './addresses.js';
import { type Connect, portOf } from './connect.js';
import {
  dropFinAndRst,
  type IpvsSettings,
  makeService,
  setAnswering,
  setFirstLost,
  setForwarding,
  setIpvs,
  setReceiving,
  setServerWeight,
} from './director.js';
import type { DirectorCapture } from './director-capture.js';
import type { Role } from './namespaces.js';
import type { Peer } from './peer.js';
import type { ConnectReply, ConnectRequest, Ending } from './peer-protocol.js';
import type { Played, ServerState } from './played.js';
import { allowedProcessors } from './processors.js';
import type { Testbed } from './testbed.js';

export interface RoundSettings extends IpvsSettings {
  /** Whether the director's connections are tracked, as they are on a node of Kubernetes. */
  readonly conntrack: boolean;
  /** IPv4 unless told. */
  readonly family?: Family;
}

export interface ConnectOptions {
  readonly ending?: Ending;
  /** How long the client waits; the scenarios choose it away from the copies' times. */
  readonly timeoutMs?: number;
}

const DEFAULT_TIMEOUT_MS = 2_500;

/** On which the director takes in packets, in turn: the sender's, the first and the last. */
const receivers = [undefined, allowedProcessors()[0], allowedProcessors().at(-1)] as const;

/**
 * One round of a scenario: the only way in which a scenario moves the world, so that all of it is
 * on record. Servers change only while no connect is under way.
 */
export class Round {
  capture: DirectorCapture | undefined;
  readonly #testbed: Testbed;
  readonly #client: Peer;
  readonly #scenario: string;
  readonly #connects: Connect[] = [];
  readonly #states: ServerState[] = [];
  #receiver = 0;
  #conntrack = false;
  #family: Family = 'ipv4';
  #phase = '';
  #lostElsewhere = false;

  /** Use `Testbed.begin`. */
  constructor(testbed: Testbed, client: Peer, scenario: string) {
    this.#testbed = testbed;
    this.#client = client;
    this.#scenario = scenario;
  }

  async prepare({ conntrack, family = 'ipv4', ...ipvs }: RoundSettings): Promise<void> {
    this.#conntrack = conntrack;
    this.#family = family;
    const { servers } = addresses[family];
    await Promise.all([
      setForwarding(conntrack),
      dropFinAndRst(false),
      setFirstLost('client', false),
      ...servers.map(({ role }) => setFirstLost(role, false)),
      ...servers.map((server) => setAnswering(server, true)),
      // A removed service takes its entries along only where expire_nodest_conn says so.
      setIpvs(ipvs).then(() => makeService(family)),
    ]);
    for (const server of servers) {
      this.#note({ server: serverName(server), weight: 1, answers: true });
    }
  }

  /** Names what comes next: in the connects, and to whoever watches. */
  phase(name: string, what: string): void {
    this.#testbed.signal?.throwIfAborted();
    this.#phase = name;
    this.#testbed.say(`${name}: ${what}`);
  }

  /**
   * One connect from each of the ports, at the same time. The director takes in their packets on
   * another processor each time, as one with several queues does: nothing may depend on it.
   */
  async connectAll(
    ports: readonly number[],
    options: ConnectOptions = {},
  ): Promise<readonly Connect[]> {
    const phase = this.#phase;
    await setReceiving(receivers[this.#receiver++ % receivers.length]);
    return await Promise.all(ports.map((port) => this.#connect(phase, port, options)));
  }

  /** The clients of held connections disappear; neither director nor server learns of it. */
  async vanish(ports: readonly number[]): Promise<void> {
    await dropFinAndRst(true);
    await Promise.all(ports.map((port) => this.#client.request({ op: 'vanish', port })));
    await dropFinAndRst(false);
  }

  /** Held connections are used so many times; throws when another server answers. */
  async use(held: readonly Connect[], times: number): Promise<void> {
    const use = async (connect: Connect): Promise<void> => {
      const { client, server } = connect;
      const request = { op: 'speak', port: portOf(connect), timeoutMs: DEFAULT_TIMEOUT_MS };
      for (let time = 0; time < times; time++) {
        const answer = (await this.#client.request(request)) as ConnectReply;
        if (answer.server !== server) {
          throw new Error(`${client}: connected to ${server}, then ${answer.outcome}`);
        }
      }
    };
    await Promise.all(held.map(use));
  }

  /** The clients of held connections close them. */
  async release(ports: readonly number[]): Promise<void> {
    await Promise.all(ports.map((port) => this.#client.request({ op: 'release', port })));
  }

  async setWeight(server: string, weight: number): Promise<void> {
    await setServerWeight(this.#family, server, weight);
    this.#note({ server, weight });
  }

  /** See `setAnswering`. */
  async stop(server: string): Promise<void> {
    const real = addresses[this.#family].servers.find((known) => serverName(known) === server);
    if (real === undefined) throw new RangeError(`there is no server ${server}`);
    await setAnswering(real, false);
    this.#note({ server, answers: false });
  }

  /** The first packet of every connect is lost before ip_vs gets it. */
  async loseFirst(lost: boolean): Promise<void> {
    await setFirstLost('client', lost);
    this.#lostElsewhere = lost;
  }

  /** Every server overlooks the first packet of a connect. */
  async overlookFirst(overlooked: boolean): Promise<void> {
    await Promise.all(
      addresses[this.#family].servers.map(({ role }) => setFirstLost(role, overlooked)),
    );
  }

  async set(settings: Partial<IpvsSettings>): Promise<void> {
    await setIpvs(settings);
  }

  /** What was played. Captures, where there are any, end here. */
  async end(): Promise<Played> {
    const { servers } = addresses[this.#family];
    const nameOf = (role: Role): string =>
      servers.filter((server) => server.role === role).map(serverName)[0] ?? role;
    const captures = await this.capture?.finish(
      (hosts) => this.#client.request({ op: 'mark', addresses: hosts }),
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
      op: 'connect',
      host: virtual,
      hostPort: VIRTUAL_PORT,
      port,
      ending,
      timeoutMs,
    };
    const reply = (await this.#client.request(request)) as ConnectReply;
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

  #note(change: Pick<ServerState, 'server'> & Partial<ServerState>): void {
    this.#testbed.signal?.throwIfAborted();
    const last = this.#states.findLast((state) => state.server === change.server);
    const fromNs = monotonicNow();
    this.#states.push({ weight: 1, answers: true, ...last, ...change, fromNs });
  }
}
