import { IpvscopeError } from '../../error.js';
import type { Logger } from '../../log.js';
import type { RecordBatch } from '../../record/record-batch.js';
import type { KindName } from '../../record/value-names.js';
import { namespaceNamer } from '../../services/reachable-namespaces.js';
import type { Clock } from '../../source/clock.js';
import type { ParsedFilter } from '../../trace/filter.js';
import type { OutputFormat } from '../../trace/output-formats.js';
import { EventPrinter } from '../../trace/printer.js';
import { EventOutput } from './event-output.js';
import { standardOutput } from './standard-streams.js';
import type { Stop } from './stop.js';

/** While more than this waits for the reader, records are left in the kernel: bytes. */
const HOLD_ABOVE = 256 << 10;

/** Kept for the reader at most, bytes: what the rings hold when the probe is detached. */
const MOST_HELD = 16 << 20;

/** Kept for the reader at most where records are drained whether or not anybody reads. */
const MOST_QUEUED = 1 << 20;

/** What the reader has, once a signal came, to take what waits for it: twice. */
const HURRIED_MS = 500;

/** The same where the command ends by itself. */
const UNHURRIED_MS = 10_000;

export interface PrintOptions {
  readonly stop: Stop;
  readonly log: Logger;
  readonly format: OutputFormat;
  readonly kinds: readonly KindName[];
  /** Whatever else is dropped or rejected, too. */
  readonly drops: boolean;
  /** Of the events, which are printed (default: all): where the probe is attached without it. */
  readonly filter?: ParsedFilter;
  /**
   * What happens while nobody reads: `hold`: records stay in the kernel, which aggregates what it has
   * no room for, and come when the reader does. `skip`: they are drained and counted, not printed.
   */
  readonly unread: 'hold' | 'skip';
}

/**
 * Prints batches to standard output, no faster than they are read. A reader that goes away (`| head`)
 * ends the command like Ctrl-C, and a disk that is full does.
 */
export class EventPrinting {
  readonly #options: PrintOptions;
  readonly #to = standardOutput();
  readonly #output: EventOutput;
  #printer: EventPrinter | undefined;
  /** What was not written when the reader stopped reading. */
  #skippedBefore: number | undefined;

  constructor(options: PrintOptions) {
    this.#options = options;
    this.#output = new EventOutput(this.#to, options.unread === 'hold' ? MOST_HELD : MOST_QUEUED);
    this.#to.stream.on('error', () => options.stop.stop());
  }

  readonly onBatch = (batch: RecordBatch, clock: Clock): Promise<void> | undefined => {
    this.#printer ??= new EventPrinter({
      output: this.#output,
      ...this.#options,
      nameOf: namespaceNamer(),
      toTime: clock.format,
    });
    this.#printer.print(batch);
    if (this.#options.unread === 'skip') {
      this.#noteReader();
      return undefined;
    }
    return this.#output.queued > HOLD_ABOVE ? this.#output.drained(HOLD_ABOVE / 2) : undefined;
  };

  /** To be awaited before the probe is detached: lets the reader take what waits for it. */
  async settle(): Promise<void> {
    await this.#wait();
    if (this.#output.queued > 0) this.#output.close();
  }

  /**
   * To be awaited when the last batch was printed. Throws ERR_OUTPUT where events were not written,
   * unless the reader went away; `tell`: says so instead, because they are counted elsewhere.
   */
  async end({ tell = false } = {}): Promise<void> {
    await this.#wait();
    this.#output.close();
    const { readerGone, trouble, name } = this.#to;
    const { notWritten } = this.#output;
    if (readerGone || (notWritten === 0 && trouble === undefined)) return;
    const reason = trouble ?? 'it was not read';
    const lost = `${notWritten} events were not written to ${name}: ${reason}`;
    this.#to.abandon();
    if (!tell || trouble !== undefined) throw new IpvscopeError('ERR_OUTPUT', lost);
    this.#options.log.warn(lost);
  }

  async #wait(): Promise<void> {
    const { stop } = this.#options;
    // Who has not read for so long is not there.
    if (stop.signalled.aborted && this.#output.waitingMs >= HURRIED_MS) return;
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      const start = (): void => {
        clearTimeout(timer);
        timer = setTimeout(resolve, stop.signalled.aborted ? HURRIED_MS : UNHURRIED_MS);
      };
      start();
      stop.signalled.addEventListener('abort', start, { once: true });
      void this.#output.drained(0).then(resolve);
    });
    clearTimeout(timer);
  }

  #noteReader(): void {
    const { accepts, notWritten } = this.#output;
    if (this.#skippedBefore === undefined) {
      if (accepts || this.#to.failure !== undefined) return;
      this.#skippedBefore = notWritten;
      this.#options.log.warn(`${this.#to.name} is not read: events are counted, but not printed`);
    } else if (accepts) {
      this.#options.log.info(
        `${this.#to.name} is read again: ${notWritten - this.#skippedBefore} events were not printed`,
      );
      this.#skippedBefore = undefined;
    }
  }
}
