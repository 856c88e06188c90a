import type { KindName } from '../../src/record/value-names.js';
import { LiveSource } from '../../src/source/live-source.js';

/** A source of records that somebody else makes. */
export interface GeneratorSource {
  readonly source: LiveSource;
  /** The generator's number in the kernel, by which a producer finds it. */
  readonly program: number;
}

/**
 * What ships, waiting as it does, but for the generator in place of the probe; `settled` is false:
 * records are made at any time.
 */
export function openGenerator(options: {
  readonly ringBytes?: number;
  readonly detail?: readonly KindName[];
}): GeneratorSource {
  const source = new LiveSource({
    ...options,
    attachments: [{ variant: 'fexit' }],
    generator: true,
    settled: false,
  });
  const [program] = source.state().programs;
  if (program === undefined || !('id' in program)) {
    source.stop();
    throw new TypeError('the session does not say which program it has loaded');
  }
  return { source, program: Number(program.id) };
}
