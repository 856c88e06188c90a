/**
 * Cuts a byte stream at a marker: a virtio-serial port stays open after its writer has finished, so
 * the marker is the end of the stream. Bytes pass as soon as they cannot be the marker's beginning.
 */
export class MarkerCutter {
  readonly #marker: Buffer;
  #held: Buffer = Buffer.alloc(0);
  #ended = false;

  constructor(marker: Buffer) {
    this.#marker = marker;
  }

  /** Whether the marker was found; bytes after it are dropped. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Takes the next bytes; returns those that certainly precede the marker. */
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

  /** Returns the bytes held back, for a stream that ended without a marker. */
  flush(): Buffer {
    const remaining = this.#held;
    this.#held = Buffer.alloc(0);
    return remaining;
  }

  /** Returns how many of the last bytes could be the marker's beginning. */
  #overlap(bytes: Buffer): number {
    for (let length = Math.min(this.#marker.length - 1, bytes.length); length > 0; length--) {
      if (bytes.subarray(-length).equals(this.#marker.subarray(0, length))) {
        return length;
      }
    }
    return 0;
  }
}
