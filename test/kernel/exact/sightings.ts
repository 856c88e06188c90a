import { ENDPOINT_SIZE } from './plan-file.js';

/** struct sighting (test/kernel/native/sighting.h) */
const SIGHTING_SIZE = 56;

export const What = { opening: 1, closing: 2, error: 3 } as const;

/**
 * What the capture wrote down, read in place: a packet on one interface of the director; of an ICMP error
 * the packet that it quotes. `number` counts from 0.
 */
export class Sightings {
  readonly bytes: Buffer;
  readonly count: number;
  readonly #view: DataView;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
    this.count = Math.floor(bytes.length / SIGHTING_SIZE);
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  timeNs(number: number): number {
    const at = number * SIGHTING_SIZE;
    return this.#view.getUint32(at + 4, true) * 2 ** 32 + this.#view.getUint32(at, true);
  }

  sequence(number: number): number {
    return this.#view.getUint32(number * SIGHTING_SIZE + 8, true);
  }

  mark(number: number): number {
    return this.#view.getUint32(number * SIGHTING_SIZE + 12, true);
  }

  /** Where its source is in `bytes`, and the target behind it. */
  endpointsAt(number: number): number {
    return number * SIGHTING_SIZE + 16;
  }

  /** The target's bytes, one a character: a key. */
  target(number: number): string {
    const at = this.endpointsAt(number) + ENDPOINT_SIZE;
    return this.bytes.toString('latin1', at, at + ENDPOINT_SIZE);
  }

  /** 0: the clients' interface; others: servers'. */
  leg(number: number): number {
    return this.bytes[number * SIGHTING_SIZE + 52] ?? 0;
  }

  /** One of `What`. */
  what(number: number): number {
    return this.bytes[number * SIGHTING_SIZE + 53] ?? 0;
  }
}
