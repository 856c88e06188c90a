/** As much of an FTP client as a passive transfer takes: fetches files on request. */
import { once } from 'node:events';
import net, { type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { FTP_CONTENT } from './ftp-content.js';
import { type FetchRequest, type FtpClientOperations, serve } from './peer-protocol.js';

/** A control connection: its lines, and its socket. */
type Control = AsyncIterator<string> & { readonly socket: Socket };

/** The control connection to a host and port, its greeting read. */
async function controlOf(
  controls: Map<string, Control>,
  host: string,
  port: number,
): Promise<Control> {
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

async function fetchFiles(
  controls: Map<string, Control>,
  { host, port, files, quit }: FetchRequest,
): Promise<readonly string[]> {
  const control = await controlOf(controls, host, port);
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
    if (content !== FTP_CONTENT || !done.startsWith('226')) throw new Error(`${done}: ${content}`);
    places.push(`${[a, b, c, d].join('.')}:${high * 256 + low}`);
  }
  if (quit) {
    controls.delete(`${host}:${port}`);
    socket.write('QUIT\r\n');
    await once(socket, 'close');
  }
  return places;
}

const controls = new Map<string, Control>();
serve<FtpClientOperations>({ fetch: (request) => fetchFiles(controls, request) });
