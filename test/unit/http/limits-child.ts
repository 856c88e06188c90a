/**
 * A metrics server with a text of 10 MB in a process of its own, so that its memory can be measured.
 * Sends its URL; asked for anything, sends what it took at most so far and how many scrapes it made.
 */
import { HttpServer } from '../../../src/http/server.js';

const TEXT_BYTES = 10_000_000;

let scrapes = 0;
const server = await HttpServer.listen({
  host: '127.0.0.1',
  port: 0,
  version: '1.2.3',
  ready: () => true,
  maxRequests: Number(process.argv[2]),
  registry: {
    contentType: 'text/plain',
    metrics: async () => {
      scrapes++;
      return Buffer.alloc(TEXT_BYTES, 'x');
    },
  },
});
process.on('message', () => {
  const mostBytes = process.resourceUsage().maxRSS * 1024;
  process.send?.({ scrapes, mostBytes });
});
process.send?.(server.url);
