/**
 * Keeps SIGUSR1 from opening Node's inspector, a port on loopback on which any local user runs code
 * as this process does: as root. Node opens it only where nobody listens for the signal
 * (lib/internal/process/pre_execution.js). Must be the first module that a program evaluates.
 */
import inspector from 'node:inspector';

process.on('SIGUSR1', () => {});

// A signal that came before this line, while Node itself started.
const asked = [...process.execArgv, process.env.NODE_OPTIONS ?? ''].join(' ');
if (inspector.url() !== undefined && !asked.includes('--inspect')) inspector.close();
