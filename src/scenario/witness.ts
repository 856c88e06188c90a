import type { CapturedPacket, Captures } from './captures.js';
import { Tap } from './tap.js';
import { parseOpening } from './tcpdump-lines.js';
import { legOf, serverName, topology } from './topology.js';

/** Millisecond ticks looked at to learn the wall clock's offset; more while nothing close is seen. */
const LEAST_TICKS = 3;
const MOST_TICKS = 100;
/** A busy machine may take the processor away between two looks. */
const CLOSE_NS = 100_000n;

/**
 * Sees the opening packets on the director's side of each leg, and so what comes in, what goes on
 * to which server and what is swallowed in between: knowledge that owes nothing to the probe.
 */
export class Witness {
  readonly #taps: ReadonlyMap<string, Tap>;
  readonly #originNs: bigint;

  private constructor(taps: ReadonlyMap<string, Tap>) {
    this.#taps = taps;
    this.#originNs = wallOrigin();
  }

  /** Comes back when every leg is watched. */
  static async start(): Promise<Witness> {
    const taps = new Map([
      ['client', new Tap(legOf('client'))],
      ...topology.servers.map(
        (server) => [serverName(server), new Tap(legOf(server.role))] as const,
      ),
    ]);
    const witness = new Witness(taps);
    try {
      await Promise.all([...taps.values()].map((tap) => tap.listening()));
    } catch (error) {
      await witness.close();
      throw error;
    }
    return witness;
  }

  /**
   * What was seen until now. `mark` is to send a packet to the discard port of every real server:
   * what is read after it came later.
   */
  async finish(mark: (addresses: readonly string[]) => Promise<unknown>): Promise<Captures> {
    const addresses = topology.servers.map(({ address }) => address);
    const marked = [...this.#taps].map(([leg, tap]) =>
      tap.marked(leg === 'client' ? addresses.length : 1),
    );
    await Promise.all([mark(addresses), ...marked]);
    const lost = await Promise.all([...this.#taps.values()].map((tap) => tap.stop()));
    const packets = (tap: Tap | undefined): readonly CapturedPacket[] =>
      (tap?.lines ?? []).flatMap((line) => parseOpening(line, this.#originNs) ?? []);
    return {
      client: packets(this.#taps.get('client')),
      servers: Object.fromEntries(
        [...this.#taps]
          .filter(([leg]) => leg !== 'client')
          .map(([server, tap]) => [server, packets(tap)]),
      ),
      lost: lost.reduce((sum, count) => sum + count, 0),
      clockStepMs: Number(wallOrigin() - this.#originNs) / 1e6,
    };
  }

  /** Ends the captures at once. Again is fine. */
  async close(): Promise<void> {
    await Promise.all([...this.#taps.values()].map((tap) => tap.close()));
  }
}

/**
 * Wall time at CLOCK_MONOTONIC 0. Date.now() has milliseconds only, so the moments at which it moves
 * on are taken: between two looks at it, of which the closest together count.
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
