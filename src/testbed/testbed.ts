import { IpvscopeError } from '../error.js';
import { findPrograms } from '../exec/find.js';
import type { Family } from './addresses.js';
import { CleanUp } from './clean-up.js';
import { Director } from './director.js';
import { DirectorCapture } from './director-capture.js';
import { Faults } from './faults.js';
import { NamespaceShells } from './namespace-shell.js';
import {
  namespaceInode,
  namespaceName,
  type Role,
  removeLeftovers,
  removeNamespaces,
  roles,
} from './namespaces.js';
import type { ClientPeer, PeerOf, PeerOptions } from './peer.js';
import type { PeerKind } from './peer-protocol.js';
import { Peers } from './peers.js';
import { retransmitTimes } from './syn-retransmits.js';
import { buildTopology, kernelFamilies, openTunnels } from './topology.js';

export interface TestbedOptions {
  /** Captures packets with tcpdump in every round. */
  readonly capture?: boolean;
  /** Ends whatever is under way; what was created is removed all the same. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (line: string) => void;
}

/** Ports of the clients: below, and above up to 65535, nothing of a testbed connects from. */
const FIRST_PORT = 40_001;
const LAST_PORT = 64_999;

interface Parts {
  readonly families: readonly Family[];
  readonly shells: NamespaceShells;
  readonly peers: Peers;
  readonly copiesMs: readonly number[];
  readonly netns: number;
}

/** A topology with its clients and real servers, ready for rounds, one after another. */
export class Testbed {
  readonly signal: AbortSignal | undefined;
  readonly families: readonly Family[];
  /** Inode number of the director's network namespace. */
  readonly netns: number;
  /** When the clients' kernel sends an opening packet and its copies, in ms after the first. */
  readonly copiesMs: readonly number[];
  readonly shells: NamespaceShells;
  readonly director: Director;
  readonly faults: Faults;
  readonly client: ClientPeer;
  /** Whether rounds have captures. */
  readonly capturesRounds: boolean;
  readonly #peers: Peers;
  readonly #onProgress: (line: string) => void;
  readonly #sequences = new Map<string, number>();
  /** The latest one started. */
  #capture: DirectorCapture | undefined;
  #nextPort = FIRST_PORT;

  private constructor(
    { families, shells, peers, copiesMs, netns }: Parts,
    options: TestbedOptions,
  ) {
    this.families = families;
    this.netns = netns;
    this.copiesMs = copiesMs;
    this.shells = shells;
    this.director = new Director(shells, families);
    this.faults = new Faults(shells);
    this.client = peers.client;
    this.#peers = peers;
    this.signal = options.signal;
    this.capturesRounds = options.capture ?? false;
    this.#onProgress = options.onProgress ?? (() => {});
  }

  /** Builds a testbed. `cleanUp` removes it, whether this succeeds or fails. */
  static async open(options: TestbedOptions, cleanUp: CleanUp): Promise<Testbed> {
    const { signal, onProgress = () => {} } = options;
    signal?.throwIfAborted();
    findPrograms(['ip', 'ipvsadm', 'nft', ...(options.capture ? (['tcpdump'] as const) : [])]);
    const removed = await removeLeftovers();
    if (removed.length > 0) onProgress(`removed leftovers: ${removed.join(', ')}`);
    signal?.throwIfAborted();
    const families = kernelFamilies();
    const shells = new NamespaceShells();
    cleanUp.add('the namespaces', () => removeNamespaces(roles.map((role) => namespaceName(role))));
    cleanUp.add('the namespace shells', () => shells.close());
    await buildTopology(shells, families);
    signal?.throwIfAborted();

    const peers = new Peers(families);
    const abort = (): void => void peers.close(signal?.reason);
    signal?.addEventListener('abort', abort, { once: true });
    cleanUp.add('the peers', () => {
      signal?.removeEventListener('abort', abort);
      return peers.close(new IpvscopeError('ERR_SCENARIO_PEER', 'the testbed is closed'));
    });
    const { linearTimeouts = 0 } = await peers.ready();
    onProgress('clients and real servers are ready');
    const copiesMs = retransmitTimes(linearTimeouts);
    const netns = await namespaceInode('director');
    const testbed = new Testbed({ families, shells, peers, copiesMs, netns }, options);
    cleanUp.add('tcpdump', () => testbed.#capture?.close());
    return testbed;
  }

  /** Reports progress, for people. */
  say(line: string): void {
    this.#onProgress(line);
  }

  /**
   * Allocates ports that no client of this testbed has used, as long as there are any: 25,000.
   * What earlier rounds left behind in ip_vs and conntrack does not meet them.
   */
  freshPorts(count: number): readonly number[] {
    if (this.#nextPort + count > LAST_PORT) this.#nextPort = FIRST_PORT;
    const ports = Array.from({ length: count }, (_, index) => this.#nextPort + index);
    this.#nextPort += count;
    return ports;
  }

  /** The next number of a sequence, from 0: for what may not repeat from round to round. */
  nextOf(sequence: string): number {
    const next = this.#sequences.get(sequence) ?? 0;
    this.#sequences.set(sequence, next + 1);
    return next;
  }

  /** Starts tcpdump on the director's interfaces. */
  async startCapture(): Promise<DirectorCapture> {
    this.#capture = await DirectorCapture.start();
    this.signal?.throwIfAborted();
    return this.#capture;
  }

  /** Lets the real servers receive tunnelled packets, where the kernel can. */
  async openTunnels(): Promise<void> {
    await openTunnels(this.shells);
  }

  /** The real server in that namespace. */
  server(role: Role): PeerOf<'server'> {
    const peer = this.#peers.servers.get(role);
    if (peer === undefined) throw new RangeError(`there is no server in ${role}`);
    return peer;
  }

  /** Starts one more peer, which ends with the testbed. */
  async spawn<Kind extends PeerKind>(options: PeerOptions<Kind>): Promise<PeerOf<Kind>> {
    const peer = this.#peers.spawn(options);
    await peer.ready();
    return peer;
  }
}

/**
 * Builds a testbed, passes it to `use`, and removes all of it afterwards, errors included. Nothing of
 * the node is touched; leftovers of runs that crashed are removed first. One testbed a process at a
 * time: the namespaces are named by the process.
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
    result = await use(await Testbed.open(options, cleanUp));
  } catch (error) {
    await cleanUp.run().catch((left: IpvscopeError) => options.onProgress?.(left.toLine()));
    throw options.signal?.aborted ? options.signal.reason : error;
  }
  await cleanUp.run();
  return result;
}
