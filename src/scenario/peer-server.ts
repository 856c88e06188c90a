/**
 * A real server: `peer-server.js ADDRESS PORT`. Says its own name to every client, then ends the
 * connection in the way the client asked for.
 */
import net from 'node:net';
import { createInterface } from 'node:readline';
import { type Ending, say } from './peer-protocol.js';

const [address = '', port = ''] = process.argv.slice(2);

/** Longer than any round lasts; then a held connection is let go. */
const MOST_HELD_MS = 60_000;

const server = net.createServer((socket) => {
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
    socket.write(`${address}:${port}\n`);
    if (ending === 'fin') socket.end();
  });
});
server.listen(Number(port), address, () => say({ ready: true }));
process.stdin.resume().on('end', () => process.exit(0));
