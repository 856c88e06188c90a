import type { Sight } from '../source/event-source.js';

/** Says in one line whether the probe is known to see packets now. */
export function watchingLine({ watching, unprovenCause, blindSeconds, blindCause }: Sight): string {
  switch (watching) {
    case 'blind':
      return `BLIND: the probe has seen none of its own packets for ${blindSeconds.toFixed(1)} s (${blindCause})`;
    case 'unproven':
      return `silence is not proven: ${unprovenCause}`;
    case 'proven':
      return blindSeconds > 0
        ? `the probe sees its own packets again: it was BLIND for ${blindSeconds.toFixed(1)} s (${blindCause})`
        : 'the probe sees its own packets';
  }
}
