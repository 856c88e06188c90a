import type { Clock } from '../source/clock.js';
import { EventPrinter, type OutputFormat } from '../trace/printer.js';
import type { RecordBatch } from '../wire/batch.js';
import type { KindName } from '../wire/names.js';
import type { Stop } from './stop.js';

/** Prints batches to stdout; a reader that goes away (`| head`) ends the command like Ctrl-C. */
export function printEvents(
  stop: Stop,
  format: OutputFormat,
  kinds: readonly KindName[],
): (batch: RecordBatch, clock: Clock) => void {
  process.stdout.on('error', () => stop.stop());
  const write = (text: string): void => {
    if (process.stdout.writable) process.stdout.write(text);
  };
  let printer: EventPrinter | undefined;
  return (batch, clock) => {
    printer ??= new EventPrinter({ write, format, kinds, toTime: clock.format });
    printer.print(batch);
  };
}
