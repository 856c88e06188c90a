import { IpvscopeError } from '../error.js';
import { findPrograms } from '../exec/find.js';
import { CleanUp } from './clean-up.js';
import { DirectorCapture } from './director-capture.js';
import { closeShells } from './namespace-shell.js';
import {
  namespaceInode,
  namespaceName,
  type Role,
  removeLeftovers,
  removeNamespaces,
  roles,
} from './namespaces.js';
import type { Peer, PeerOptions } from './peer.js';
import { Peers } from './peers.js';
import { Round, type RoundSettings } from './round.js';
import { copyTimes } from './syn-retransmits.js';
import { buildTopology } from './topology.js';

export interface TestbedOptions {
  /** Capture with tcpdump too. */
  readonly capture?: boolean;
  /** Ends whatever is under way; what was made is removed all the same. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (line: string) => void;
}

/** Ports of the clients: below, and above up to 65535, nothing of a testbed connects from. */
const FIRST_PORT = 40_001;
const LAST_PORT = 64_999;

/** A topology with its clients and real servers, ready for rounds, one after another. */
export class Testbed {
  /** Inode number of the director's network namespace. */
  readonly netns: number;
  readonly signal: AbortSignal | undefined;
  readonly copiesMs: readonly number[];
  readonly client: Peer;
  readonly #peers: Peers;
  readonly #capturing: boolean;
  readonly #onProgress: (line: string) => void;
  /** The latest one started. */
  #capture: DirectorCapture | undefined;
  #nextPort = FIRST_PORT;

  /** Use `withTestbed`. */
  constructor(
    parts: { netns: number; peers: Peers; copiesMs: readonly number[]; cleanUp: CleanUp },
    options: TestbedOptions,
  ) {
    this.netns = parts.netns;
    this.copiesMs = parts.copiesMs;
    this.signal = options.signal;
    this.client = parts.peers.client;
    this.#peers = parts.peers;
    this.#capturing = options.capture ?? false;
    parts.cleanUp.add('tcpdump', () => this.#capture?.close());
    this.#onProgress = options.onProgress ?? (() => {});
  }

  /** Says what goes on, for people. */
  say(line: string): void {
    this.#onProgress(line);
  }

  /**
   * Ports that no client of this testbed has used, as long as there are any: 25,000.
   * What earlier rounds left behind in ip_vs and conntrack does not meet them.
   */
  freshPorts(count: number): readonly number[] {
    if (this.#nextPort + count > LAST_PORT) this.#nextPort = FIRST_PORT;
    const ports = Array.from({ length: count }, (_, index) => this.#nextPort + index);
    this.#nextPort += count;
    return ports;
  }

  /** A round with the virtual service made anew, both servers answering with weight 1. */
  async begin(scenario: string, settings: RoundSettings): Promise<Round> {
    this.signal?.throwIfAborted();
    const round = new Round(this, this.client, scenario);
    await round.prepare(settings);
    if (this.#capturing) round.capture = await this.watch();
    return round;
  }

  /** From now on tcpdump sees every leg. */
  async watch(): Promise<DirectorCapture> {
    this.#capture = await DirectorCapture.start();
    this.signal?.throwIfAborted();
    return this.#capture;
  }

  /** The real server in that namespace. */
  server(role: Role): Peer {
    const peer = this.#peers.peers.get(role);
    if (peer === undefined) throw new RangeError(`there is no server in ${role}`);
    return peer;
  }

  /** One peer more, until the testbed is closed. */
  async spawn(options: PeerOptions): Promise<Peer> {
    const peer = this.#peers.spawn(options);
    await peer.ready();
    return peer;
  }
}

/**
 * Builds a testbed, lets `use` have it, and removes all of it whatever comes: nothing of the node is
 * touched, and leftovers of runs that crashed are removed first. One testbed a process at a time.
 *
 * @throws IpvscopeError `ERR_SCENARIO_ROOT`, `ERR_SCENARIO_KERNEL`, `ERR_PROGRAM_MISSING`
 * where something is missing; the signal's reason when it is aborted; what `use` throws.
 */
export async function withTestbed<Result>(
  options: TestbedOptions,
  use: (testbed: Testbed) => Promise<Result>,
): Promise<Result> {
  const cleanUp = new CleanUp();
  let result: Result;
  try {
    result = await use(await openTestbed(options, cleanUp));
  } catch (error) {
    await cleanUp.run().catch((left: IpvscopeError) => options.onProgress?.(left.toLine()));
    throw options.signal?.aborted ? options.signal.reason : error;
  }
  await cleanUp.run();
  return result;
}

async function openTestbed(options: TestbedOptions, cleanUp: CleanUp): Promise<Testbed> {
  const { signal } = options;
  signal?.throwIfAborted();
  findPrograms(['ip', 'ipvsadm', 'nft', ...(options.capture ? (['tcpdump'] as const) : [])]);
  const removed = await removeLeftovers();
  if (removed.length > 0) options.onProgress?.(`removed leftovers: ${removed.join(', ')}`);
  signal?.throwIfAborted();
  cleanUp.add('the namespaces', () => removeNamespaces(roles.map((role) => namespaceName(role))));
  cleanUp.add('the shells', closeShells);
  await buildTopology();
  signal?.throwIfAborted();

  const peers = new Peers();
  const abort = (): void => void peers.close(signal?.reason);
  signal?.addEventListener('abort', abort, { once: true });
  cleanUp.add('the peers', () => {
    signal?.removeEventListener('abort', abort);
    return peers.close(new IpvscopeError('ERR_SCENARIO_PEER', 'the testbed is closed'));
  });
  const ready = await peers.ready();
  options.onProgress?.('clients and real servers are ready');
  const copiesMs = copyTimes(ready.linearTimeouts ?? 0);
  return new Testbed(
    { netns: await namespaceInode('director'), peers, copiesMs, cleanUp },
    options,
  );
}
