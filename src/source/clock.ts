/** Wall time may jump (NTP, an operator): a larger drift re-aligns the offset. */
const MAX_DRIFT_MS = 5;

/** Reads CLOCK_MONOTONIC, in nanoseconds, as records are stamped. Exact to 1 ns for 104 days of uptime. */
export const monotonicNow = (): number => Number(process.hrtime.bigint());

/**
 * Turns CLOCK_MONOTONIC, which the kernel stamps records with, into wall time.
 * Both `process.hrtime` and `performance.now` read that clock.
 */
export class Clock {
  /** Wall time at CLOCK_MONOTONIC 0, in microseconds since 1970. */
  #originUs = 0;

  constructor() {
    this.#align(performance.timeOrigin + performance.now());
  }

  /** Formats a record's time as ISO 8601, UTC, with microseconds. */
  readonly format = (monotonicNs: number): string => {
    const us = Math.floor(this.#originUs + monotonicNs / 1000);
    const ms = Math.floor(us / 1000);
    const rest = String(us - ms * 1000).padStart(3, '0');
    return new Date(ms).toISOString().replace('Z', `${rest}Z`);
  };

  /** Re-aligns the offset where the wall clock was set. To be called with every batch. */
  check(): void {
    const wallMs = Date.now();
    const oursMs = (this.#originUs + Number(process.hrtime.bigint() / 1000n)) / 1000;
    if (Math.abs(wallMs - oursMs) > MAX_DRIFT_MS) {
      this.#align(wallMs);
    }
  }

  #align(wallMs: number): void {
    this.#originUs = Math.round(wallMs * 1000) - Number(process.hrtime.bigint() / 1000n);
  }
}
