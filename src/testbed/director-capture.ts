import { addresses } from './addresses.js';
import type { CapturedPacket, Captures } from './captures.js';
import type { Role } from './namespaces.js';
import { PacketCapture } from './packet-capture.js';
import { parseOpening } from './tcpdump-lines.js';
import { directorDevice } from './topology.js';

/** Marks travel by IPv4; what is captured, by both families. */
const SERVERS = addresses.ipv4.servers;

/** Millisecond ticks sampled for the wall clock's offset; more until a close pair was read. */
const LEAST_TICKS = 3;
const MOST_TICKS = 100;
/** On a busy machine another task may run between two reads. */
const CLOSE_NS = 100_000n;

/**
 * Captures the connection-opening packets on the director's interfaces: what arrives, what is sent on
 * to which server, and so what is dropped in between. An independent check of the probe.
 */
export class DirectorCapture {
  readonly #client: PacketCapture;
  readonly #servers: ReadonlyMap<Role, PacketCapture>;
  readonly #originNs: bigint;

  private constructor() {
    this.#client = new PacketCapture(directorDevice('client'));
    this.#servers = new Map(
      SERVERS.map(({ role }) => [role, new PacketCapture(directorDevice(role))]),
    );
    this.#originNs = wallOrigin();
  }

  /** Resolves once tcpdump listens on every interface. */
  static async start(): Promise<DirectorCapture> {
    const capture = new DirectorCapture();
    try {
      await Promise.all(capture.#captures().map((capture) => capture.listening()));
    } catch (error) {
      await capture.close();
      throw error;
    }
    return capture;
  }

  /**
   * Returns the packets captured until now, the servers named by `nameOf`. `mark` has to send a packet
   * to the discard port of every real server: what is read after it came later.
   */
  async finish(
    mark: (addresses: readonly string[]) => Promise<unknown>,
    nameOf: (role: Role) => string,
  ): Promise<Captures> {
    const marked = [this.#client.marked(SERVERS.length)];
    for (const capture of this.#servers.values()) marked.push(capture.marked(1));
    await Promise.all([mark(SERVERS.map(({ address }) => address)), ...marked]);
    const lost = await Promise.all(this.#captures().map((capture) => capture.stop()));
    const packets = (capture: PacketCapture): readonly CapturedPacket[] =>
      capture.lines.flatMap((line) => parseOpening(line, this.#originNs) ?? []);
    return {
      client: packets(this.#client),
      servers: Object.fromEntries(
        [...this.#servers].map(([role, capture]) => [nameOf(role), packets(capture)]),
      ),
      lost: lost.reduce((sum, count) => sum + count, 0),
      clockStepMs: Number(wallOrigin() - this.#originNs) / 1e6,
    };
  }

  /** Ends the captures at once. Idempotent. */
  async close(): Promise<void> {
    await Promise.all(this.#captures().map((capture) => capture.close()));
  }

  #captures(): readonly PacketCapture[] {
    return [this.#client, ...this.#servers.values()];
  }
}

/**
 * Wall time at CLOCK_MONOTONIC 0. Date.now() has milliseconds only, so its ticks are sampled: each lies
 * between two reads, and the closest pair counts.
 */
function wallOrigin(): bigint {
  let origin = 0n;
  let closest: bigint | undefined;
  for (let tick = 0; tick < MOST_TICKS; tick++) {
    if (tick >= LEAST_TICKS && closest !== undefined && closest < CLOSE_NS) break;
    const before = Date.now();
    let wall = before;
    let earlier = 0n;
    let later = process.hrtime.bigint();
    while (wall === before) {
      earlier = later;
      wall = Date.now();
      later = process.hrtime.bigint();
    }
    if (closest !== undefined && later - earlier >= closest) continue;
    closest = later - earlier;
    origin = BigInt(wall) * 1_000_000n - (earlier + later) / 2n;
  }
  return origin;
}
