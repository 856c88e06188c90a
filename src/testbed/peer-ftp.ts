/**
 * As much of FTP as a passive transfer takes: `peer-ftp.js server ADDRESS PORT` serves one short file,
 * `peer-ftp.js client` fetches it.
 */
import { once } from 'node:events';
import net, { type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { say, serve } from './peer-protocol.js';

/** To a client: fetches so many files over one control connection, each over a data connection. */
export interface FetchRequest {
  readonly op: 'fetch';
  readonly host: string;
  readonly port: number;
  readonly files: number;
  /** Ends the control connection afterwards. */
  readonly quit: boolean;
}

const CONTENT = 'a file\n';

function serveControl(control: Socket, address: string): void {
  let data: Promise<Socket> | undefined;
  control.on('error', () => {});
  control.write('220 ready\r\n');
  createInterface({ input: control }).on('line', async (line) => {
    if (line === 'PASV') {
      const listener = net.createServer().listen(0, address);
      await once(listener, 'listening');
      data = once(listener, 'connection').then(([socket]) => {
        listener.close();
        return socket as Socket;
      });
      const { port } = listener.address() as net.AddressInfo;
      const place = [...address.split('.'), port >> 8, port & 0xff].join(',');
      control.write(`227 Entering Passive Mode (${place})\r\n`);
    } else if (line.startsWith('RETR')) {
      (await data)?.end(CONTENT);
      control.write('226 done\r\n');
    } else if (line === 'QUIT') control.end('221 bye\r\n');
  });
}

const controls = new Map<string, AsyncIterator<string> & { readonly socket: Socket }>();

/** The control connection to a host and port, its greeting read. */
async function controlOf(host: string, port: number) {
  const name = `${host}:${port}`;
  const open = controls.get(name);
  if (open !== undefined) return open;
  const socket = net.connect(port, host);
  await once(socket, 'connect');
  const lines = createInterface({ input: socket })[Symbol.asyncIterator]();
  const control = Object.assign(lines, { socket });
  controls.set(name, control);
  await lines.next();
  return control;
}

async function fetchFiles({ host, port, files, quit }: FetchRequest): Promise<readonly string[]> {
  const control = await controlOf(host, port);
  const { socket } = control;
  const places: string[] = [];
  for (let file = 0; file < files; file++) {
    socket.write('PASV\r\n');
    const answer = String((await control.next()).value);
    const numbers = (/\(([\d,]+)\)/.exec(answer)?.[1] ?? '').split(',').map(Number);
    const [a, b, c, d, high = 0, low = 0] = numbers;
    const data = net.connect(high * 256 + low, [a, b, c, d].join('.'));
    socket.write('RETR file\r\n');
    let content = '';
    for await (const chunk of data.setEncoding('utf8')) content += chunk;
    const done = String((await control.next()).value);
    if (content !== CONTENT || !done.startsWith('226')) throw new Error(`${done}: ${content}`);
    places.push(`${[a, b, c, d].join('.')}:${high * 256 + low}`);
  }
  if (quit) {
    controls.delete(`${host}:${port}`);
    socket.write('QUIT\r\n');
    await once(socket, 'close');
  }
  return places;
}

const [role, address = '', port = ''] = process.argv.slice(2);
if (role === 'server') {
  const server = net.createServer((control) => serveControl(control, address));
  await once(server.listen(Number(port), address), 'listening');
  serve(async () => undefined);
} else {
  serve(fetchFiles);
}
say({ ready: true });
