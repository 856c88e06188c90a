/** As much of an FTP server as a passive transfer takes: `peer-ftp-server.js ADDRESS PORT`. */
import { once } from 'node:events';
import net, { type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { FTP_CONTENT } from './ftp-content.js';
import { type NoOperations, serve } from './peer-protocol.js';

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
      (await data)?.end(FTP_CONTENT);
      control.write('226 done\r\n');
    } else if (line === 'QUIT') control.end('221 bye\r\n');
  });
}

const [address = '', port = ''] = process.argv.slice(2);
const server = net.createServer((control) => serveControl(control, address));
await once(server.listen(Number(port), address), 'listening');
serve<NoOperations>({});
