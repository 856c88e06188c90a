/**
 * A real server: `peer-server.js PORT ADDRESS...` listens at the port of all its addresses. Says its
 * own name to every client, then ends the connection in the way the client asked for.
 */
import { once } from 'node:events';
import net from 'node:net';
import { createInterface } from 'node:readline';
import { endpoint } from './addresses.js';
import { type Ending, say } from './peer-protocol.js';

const [port = '', ...addresses] = process.argv.slice(2);

/** Longer than any round lasts; then a held connection is let go. */
const MOST_HELD_MS = 60_000;

const server = (name: string): net.Server =>
  net.createServer((socket) => {
    socket.setNoDelay(true);
    socket.setTimeout(MOST_HELD_MS, () => socket.destroy());
    socket.on('error', () => {});
    let ending: Ending | undefined;
    createInterface({ input: socket }).on('line', (line) => {
      if (ending === 'reset') {
        // The second line: the client has read the name, which a reset could have overtaken.
        socket.resetAndDestroy();
        return;
      }
      ending = line as Ending;
      socket.write(`${name}\n`);
      if (ending === 'fin') socket.end();
    });
  });
await Promise.all(
  addresses.map((address) => {
    const listening = server(endpoint(address, Number(port))).listen(Number(port), address);
    return once(listening, 'listening');
  }),
);
say({ ready: true });
process.stdin.resume().on('end', () => process.exit(0));
