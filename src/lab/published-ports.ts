import { once } from 'node:events';
import { createServer } from 'node:net';
import { IpvscopeError } from '../error.js';
import type { PublishedPort } from './lab-options.js';

/**
 * Checks that each published port is free on the host, before the guest boots.
 *
 * @throws IpvscopeError `ERR_LAB_PORT_IN_USE` for the first port in use.
 */
export async function checkPorts(publish: readonly PublishedPort[]): Promise<void> {
  for (const { hostPort } of publish) {
    const server = createServer();
    try {
      server.listen({ host: '127.0.0.1', port: hostPort, exclusive: true });
      await once(server, 'listening');
    } catch (cause) {
      throw portInUse(`cannot publish 127.0.0.1:${hostPort}: port in use`, cause);
    } finally {
      server.close();
    }
  }
}

/** The error for a host port in use. */
export function portInUse(message: string, cause?: unknown): IpvscopeError {
  return new IpvscopeError('ERR_LAB_PORT_IN_USE', message, {
    step: 'publish',
    hint: 'choose another port, or end the process that listens there',
    cause,
  });
}
