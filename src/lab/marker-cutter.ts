/**
 * Finds where a stream ends that shares its channel with nothing else but has no end of its own: a
 * virtio-serial port stays open when its writer is done. Bytes pass as soon as they cannot be the
 * beginning of the marker.
 */
export class MarkerCutter {
  readonly #marker: Buffer;
  #held: Buffer = Buffer.alloc(0);
  #ended = false;

  constructor(marker: Buffer) {
    this.#marker = marker;
  }

  /** Whether the marker has come; what follows it is dropped. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Takes the next bytes and gives those that are certain to precede the marker. */
  push(chunk: Buffer): Buffer {
    if (this.#ended) {
      return Buffer.alloc(0);
    }
    const bytes = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    const at = bytes.indexOf(this.#marker);
    this.#ended = at !== -1;
    const certain = this.#ended ? at : bytes.length - this.#overlap(bytes);
    this.#held = this.#ended ? Buffer.alloc(0) : bytes.subarray(certain);
    return bytes.subarray(0, certain);
  }

  /** What is still held back when the stream ended without a marker. */
  flush(): Buffer {
    const rest = this.#held;
    this.#held = Buffer.alloc(0);
    return rest;
  }

  /** How many of the last bytes could be the marker's beginning. */
  #overlap(bytes: Buffer): number {
    for (let length = Math.min(this.#marker.length - 1, bytes.length); length > 0; length--) {
      if (bytes.subarray(-length).equals(this.#marker.subarray(0, length))) {
        return length;
      }
    }
    return 0;
  }
}
