/** Loaded into a command (node --import): on SIGUSR2 what was added up can be read no more. */
import { breakReads } from '../support/break-reads.js';

process.on('SIGUSR2', () => process.stderr.write(`broken: ${breakReads()} tables\n`));
