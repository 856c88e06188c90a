/** Loaded into a command (node --import): on SIGUSR2 reads of the aggregation maps fail. */
import { breakReads } from '../support/break-reads.js';

process.on('SIGUSR2', () => process.stderr.write(`broken: ${breakReads()} tables\n`));
