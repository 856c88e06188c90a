/**
 * A real server: `peer-server.js PORT ADDRESS...` answers at the port of all its addresses, and at
 * others on request. Sends its own name to every client, then ends the connection in the way that
 * the client asked for.
 */
import { once } from 'node:events';
import net from 'node:net';
import { endpoint } from './addresses.js';
import { answerDatagrams } from './datagram.js';
import { type Ending, type ListenRequest, type ServerOperations, serve } from './peer-protocol.js';
import { SctpProcesses } from './sctp.js';

/** Longer than any round lasts; then a held connection is closed. */
const MOST_HELD_MS = 60_000;

const server = (name: string): net.Server =>
  net.createServer((socket) => {
    socket.setNoDelay(true);
    socket.setTimeout(MOST_HELD_MS, () => socket.destroy());
    socket.on('error', () => {});
    let ending: Ending | undefined;
    let unread = '';
    // Lines by hand: an interface of readline ends the process when the client resets.
    socket.setEncoding('utf8').on('data', (text: string) => {
      const lines = (unread + text).split('\n');
      unread = lines.pop() ?? '';
      for (const line of lines) {
        if (ending === 'reset') {
          // The second line: the client has read the name, which a reset could have overtaken.
          socket.resetAndDestroy();
          return;
        }
        ending ??= line as Ending;
        socket.write(`${name}\n`);
        if (ending === 'fin') socket.end();
      }
    });
  });

/** What this process listens to. */
class Listeners {
  readonly #sctp = new SctpProcesses();
  readonly #known = new Set<string>();

  async add({ protocol, address, port, name }: ListenRequest): Promise<void> {
    const key = `${protocol} ${endpoint(address, port)}`;
    if (this.#known.has(key)) return;
    this.#known.add(key);
    if (protocol === 'UDP') await answerDatagrams(address, port, name);
    else if (protocol === 'SCTP') await this.#sctp.answer(address, port, name);
    else await once(server(name).listen(port, address), 'listening');
  }
}

const listeners = new Listeners();
const [port = '', ...addresses] = process.argv.slice(2);
await Promise.all(
  addresses.flatMap((address) => {
    const place = { address, port: Number(port), name: endpoint(address, Number(port)) };
    return [
      listeners.add({ ...place, protocol: 'TCP' }),
      listeners.add({ ...place, protocol: 'UDP' }),
    ];
  }),
);
serve<ServerOperations>({ listen: (request) => listeners.add(request) });
