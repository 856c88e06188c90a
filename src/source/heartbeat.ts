import { IpvscopeError } from '../error.js';
import type { Sight } from './event-source.js';

/** From one heartbeat to the next. */
const INTERVAL_MS = 4_000;

/** The same while the last one was missed: so that blindness, and its end, are told within seconds. */
const RETRY_MS = 1_000;

/**
 * So many missed in a row mean that the probe is blind. One alone does not: the kernel skips a
 * program that is running on the CPU already.
 */
const BLIND_AFTER = 3;

export interface HeartbeatOptions {
  /** Sends one, and says whether the probe saw it; throws an IpvscopeError where none can be sent. */
  readonly beat: () => boolean;
  /** Switches of the kernel that are off, and keep the probe from seeing. */
  readonly switchesOff: () => readonly string[];
  /** Told of each change after `start()`. */
  readonly onChange?: (sight: Sight) => void;
  /** Milliseconds that never go back. */
  readonly now?: () => number;
}

/**
 * Whether the probe is known to see: it sends packets of its own through the hook, and looks whether
 * they were seen. That a packet went through is known when it was sent, so that a busy machine makes
 * a beat late, but none missed.
 */
export class Heartbeat {
  readonly #options: HeartbeatOptions;
  readonly #now: () => number;
  #watching: Sight['watching'] = 'unproven';
  #unprovenCause = 'no heartbeat yet';
  #blindCause = '';
  #seen = 0;
  #missed = 0;
  /** Missed since the last that was seen. */
  #missedInARow = 0;
  /** When it last was seen, or, before that, when it was started. */
  #lastSight: number;
  /** Of the times that are over. */
  #blindMs = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: HeartbeatOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
    this.#lastSight = this.#now();
  }

  /** Knows at once, and goes on without keeping the event loop alive. */
  start(): void {
    this.settle();
    this.#schedule();
  }

  /** Again is fine. */
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

  /** Beats until it is known whether the probe sees now. */
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
        // Unless it was stopped there.
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

  /** None can be sent: what can be read may show that it is blind, but never that it sees. */
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
