import type { PacketOutcome } from './packet-outcomes.js';
import type { ServerCounters, VirtualServices } from './virtual-services.js';

/** The kernel's estimator brings the counters up to date every two seconds. */
const MOST_WAIT_MS = 60_000;

/** ip_vs' own counters of each real server; no two phases share one. */
export class Counters {
  readonly #director: VirtualServices;
  /** The latest, also of servers that are no more in the table. */
  readonly #counters = new Map<string, ServerCounters>();

  constructor(director: VirtualServices) {
    this.#director = director;
  }

  /** Reads them once they count every packet that the capture has seen go out, or throws. */
  async settle(wentOut: number): Promise<void> {
    const giveUp = performance.now() + MOST_WAIT_MS;
    for (;;) {
      for (const [server, counters] of await this.#director.counters()) {
        this.#counters.set(server, counters);
      }
      const counted = [...this.#counters.values()].reduce((sum, { packets }) => sum + packets, 0);
      if (counted === wentOut) return;
      if (performance.now() > giveUp) {
        throw new Error(`${wentOut} packets went out, ip_vs says that it sent ${counted}`);
      }
    }
  }

  /** How often the scheduler chose the server. */
  readonly chosen = (server: string): number => this.#counters.get(server)?.connections ?? 0;

  /** Where they count packets otherwise than the captures. */
  problems(outcomes: readonly PacketOutcome[]): readonly string[] {
    const sent = new Map<string, number>();
    for (const { to } of outcomes) {
      if (to !== undefined) sent.set(to, (sent.get(to) ?? 0) + 1);
    }
    return [...new Set([...sent.keys(), ...this.#counters.keys()])].flatMap((server) => {
      const [seen, counted] = [sent.get(server) ?? 0, this.#counters.get(server)?.packets ?? 0];
      return seen === counted ? [] : [`${server}: ip_vs sent ${counted} packets, ${seen} went out`];
    });
  }
}
