import type { IpvsEvent } from '../record/event.js';
import type { ObservedEvent } from '../verify/observed-event.js';

/** A `trace` command that runs beside a scenario. */
export interface TraceBeside {
  /** Ends the command as Ctrl-C does, and returns its output, a line an event, and its exit code. */
  end(): Promise<{ readonly lines: readonly string[]; readonly code: number | null }>;
}

/** The probe's side of a round, as a scenario sees it. */
export interface Recorder {
  /** Delivers pending records, and returns all events since the round began. */
  events(): readonly ObservedEvent[];
  /** Delivers pending records, so that the metrics include them. */
  flush(): void;
  /** The metrics as /metrics prints them. */
  metrics(): Promise<string>;
  /** Packets without a record, of any cause, since the probe was attached. */
  lost(): number;
  /** Whether `trace` prints such an event by default. */
  isDefault(event: IpvsEvent): boolean;
  /** Starts `ipvscope trace -o json` with these arguments; resolves once it is attached. */
  trace(args: readonly string[]): Promise<TraceBeside>;
}
