import { once } from 'node:events';
import { createServer } from 'node:net';
import { IpvscopeError } from '../error.js';
import type { PublishedPort } from './lab-options.js';

/**
 * Checks that the host's side of each published port is free, before time is spent on a boot.
 *
 * @throws IpvscopeError `ERR_LAB_PORT_IN_USE` for the first that is not.
 */
export async function checkPorts(publish: readonly PublishedPort[]): Promise<void> {
  for (const { hostPort } of publish) {
    const server = createServer();
    try {
      server.listen({ host: '127.0.0.1', port: hostPort, exclusive: true });
      await once(server, 'listening');
    } catch (cause) {
      throw portInUse(`127.0.0.1:${hostPort} cannot be published`, cause);
    } finally {
      server.close();
    }
  }
}

/** The error for a port of the host that something else holds. */
export function portInUse(message: string, cause?: unknown): IpvscopeError {
  return new IpvscopeError('ERR_LAB_PORT_IN_USE', message, {
    step: 'publish',
    hint: 'choose another host port, or end what listens there',
    cause,
  });
}
