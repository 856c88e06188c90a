import type { Stop } from './stop.js';

/** Writes to stdout; a reader that goes away (`| head`) ends the command like Ctrl-C. */
export function writeEvents(stop: Stop): (text: string) => void {
  process.stdout.on('error', () => stop.stop());
  return (text) => {
    if (process.stdout.writable) process.stdout.write(text);
  };
}
