import { IpvscopeError } from '../error.js';
import type { Sight } from './event-source.js';

/** Interval of heartbeats. */
const INTERVAL_MS = 4_000;

/** Interval after a missed one: blindness, and its end, are reported within seconds. */
const RETRY_MS = 1_000;

/**
 * Heartbeats missed in a row that make the probe blind. A single one does not: the kernel skips a
 * program that is running on that CPU already.
 */
const BLIND_AFTER = 3;

export interface HeartbeatOptions {
  /** Sends a heartbeat; returns whether the probe saw it. Throws an IpvscopeError where none can be sent. */
  readonly beat: () => boolean;
  /** Returns the kernel switches that are off and keep the probe from running. */
  readonly switchesOff: () => readonly string[];
  /** Called on each change after `start()`. */
  readonly onChange?: (sight: Sight) => void;
  /** Milliseconds on a monotonic clock. */
  readonly now?: () => number;
}

/**
 * Proves that the probe sees packets: sends heartbeats through the hook and checks that they were seen.
 * Sending returns after the packet passed the hook, so that load delays a heartbeat but makes none
 * missed.
 */
export class Heartbeat {
  readonly #options: HeartbeatOptions;
  readonly #now: () => number;
  #watching: Sight['watching'] = 'unproven';
  #unprovenCause = 'no heartbeat yet';
  #blindCause = '';
  #seen = 0;
  #missed = 0;
  /** Missed since the last one that was seen. */
  #missedInARow = 0;
  /** When a heartbeat was last seen; before the first, when this was made. */
  #lastSight: number;
  /** Sum of the ended periods of blindness. */
  #blindMs = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: HeartbeatOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
    this.#lastSight = this.#now();
  }

  /** Settles the state at once, then sends heartbeats without keeping the event loop alive. */
  start(): void {
    this.settle();
    this.#schedule();
  }

  /** Stops sending. Idempotent. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  sight(): Sight {
    const blindMs =
      this.#blindMs + (this.#watching === 'blind' ? this.#now() - this.#lastSight : 0);
    return {
      watching: this.#watching,
      unprovenCause: this.#unprovenCause,
      blindSeconds: blindMs / 1000,
      blindCause: this.#blindCause,
      heartbeats: { seen: this.#seen, missed: this.#missed },
    };
  }

  /** Sends heartbeats until it is settled whether the probe sees now. */
  settle(): void {
    do this.#beat();
    while (this.#missedInARow > 0 && this.#missedInARow < BLIND_AFTER);
  }

  #schedule(): void {
    const soon = this.#missedInARow > 0 || this.#watching === 'blind';
    this.#timer = setTimeout(
      () => {
        const before = this.#watching;
        this.#beat();
        if (this.#watching !== before) this.#options.onChange?.(this.sight());
        // Unless `onChange` stopped it.
        if (this.#timer !== undefined) this.#schedule();
      },
      soon ? RETRY_MS : INTERVAL_MS,
    ).unref();
  }

  #beat(): void {
    let seen: boolean;
    try {
      seen = this.#options.beat();
    } catch (cause) {
      if (!(cause instanceof IpvscopeError)) throw cause;
      this.#withoutBeat(cause.message);
      return;
    }
    if (seen) {
      this.#seen++;
      this.#see();
      return;
    }
    this.#missed++;
    this.#missedInARow++;
    if (this.#missedInARow >= BLIND_AFTER) this.#goBlind(this.#options.switchesOff());
  }

  /** Settles the state where none can be sent: switches may show blindness, but never sight. */
  #withoutBeat(reason: string): void {
    this.#missedInARow = 0;
    const off = this.#options.switchesOff();
    if (off.length > 0) {
      this.#goBlind(off);
      return;
    }
    this.#endBlind();
    this.#watching = 'unproven';
    this.#unprovenCause = reason;
    this.#lastSight = this.#now();
  }

  #see(): void {
    this.#missedInARow = 0;
    this.#endBlind();
    this.#watching = 'proven';
    this.#unprovenCause = '';
    this.#lastSight = this.#now();
  }

  #endBlind(): void {
    if (this.#watching === 'blind') this.#blindMs += this.#now() - this.#lastSight;
  }

  #goBlind(off: readonly string[]): void {
    this.#watching = 'blind';
    this.#blindCause = off.length > 0 ? off.join(', ') : 'no switch is off that can be read';
    this.#unprovenCause = this.#blindCause;
  }
}
