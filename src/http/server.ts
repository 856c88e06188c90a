import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { IpvscopeError } from '../error.js';
import { formatEndpoint } from '../record/address.js';
import { clientKey } from './client-key.js';
import { landingPage } from './landing-page.js';
import { Share } from './share.js';

/** What `/metrics` answers with. */
export interface Metrics {
  readonly contentType: string;
  metrics(): Promise<string | Uint8Array>;
}

export interface HttpOptions {
  readonly host: string | undefined;
  readonly port: number;
  readonly registry: Metrics;
  readonly version: string;
  /** Whether the probe is attached and sees; a line that says why not. */
  readonly ready: () => true | string;
  /** Scrapes in flight at most; 0 (default): as many as memory is set aside for. */
  readonly maxRequests?: number;
  /** Told what keeps it from accepting connections, once a minute at most. */
  readonly onTrouble?: (line: string) => void;
}

// What others can make this process hold. Prometheus keeps one connection, and asks for one answer
// at a time.

/** Connections: of all, of one client. */
const MAX_CONNECTIONS = 256;
const MAX_CONNECTIONS_EACH = 32;

/** Requests of one connection that wait for the answer before theirs (HTTP pipelining). */
const MAX_PIPELINED = 4;

/** Bytes of answers that are not read yet: of all, of one client. One answer may always be. */
const MAX_UNREAD = 64 << 20;
const MAX_UNREAD_EACH = 32 << 20;

/** Bytes, and lines, of a request's headers. */
const MAX_HEADER_BYTES = 16 << 10;
const MAX_HEADERS = 100;

/** For a request's headers, and for all of it. */
const HEADERS_MS = 10_000;
const REQUEST_MS = 15_000;

/** How often those two are checked: it wakes a process that is otherwise idle. */
const CHECK_MS = 5_000;

const TROUBLE_MS = 60_000;

/** For an answer to be read to its end; Prometheus gives up after 10 s unless told otherwise. */
const ANSWER_MS = 60_000;

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string | Uint8Array;
}

const text = (status: number, body: string): Answer => ({
  status,
  type: 'text/plain; charset=utf-8',
  body: `${body}\n`,
});

const readiness = (ready: true | string): Answer =>
  ready === true ? text(200, 'ok') : text(503, ready);

/** One connection, and the answers that are due on it. */
interface Connection {
  readonly client: string;
  /** Requests that are not answered to the end. */
  due: number;
  /** Settles when the last answer so far is on its way, or never will be. */
  last: Promise<void>;
}

/**
 * `/metrics`, `/healthz`, `/readyz` and `/`, on a port that anybody may connect to: what one
 * connection, one client and all together can make it hold is bounded.
 *
 * Node's server reads requests that a client sends ahead of answers (one packet may hold 500 of
 * them) and lets all be answered at once. Here the next answer is not made before the one before it
 * was taken by the kernel, and more than a few requests ahead end the connection.
 */
export class HttpServer {
  readonly #server: Server;
  readonly #options: HttpOptions;
  readonly #connections = new Map<Socket, Connection>();
  readonly #open = new Share(MAX_CONNECTIONS, MAX_CONNECTIONS_EACH);
  readonly #unread = new Share(MAX_UNREAD, MAX_UNREAD_EACH);
  #scrapes = 0;
  /** Bytes of the last text of metrics: the next is about as long. */
  #lastLength = 0;
  #troubleAtMs = Number.NEGATIVE_INFINITY;

  private constructor(options: HttpOptions) {
    this.#options = options;
    this.#server = createServer(
      {
        maxHeaderSize: MAX_HEADER_BYTES,
        headersTimeout: HEADERS_MS,
        requestTimeout: REQUEST_MS,
        connectionsCheckingInterval: CHECK_MS,
      },
      (request, response) => void this.#queue(request, response),
    );
    this.#server.maxHeadersCount = MAX_HEADERS;
    this.#server.on('connection', (socket) => this.#admit(socket));
  }

  /** Throws an IpvscopeError ERR_LISTEN when the address cannot be had. */
  static async listen(options: HttpOptions): Promise<HttpServer> {
    const http = new HttpServer(options);
    const server = http.#server;
    await new Promise<void>((resolve, reject) => {
      const refused = (cause: Error): void =>
        reject(
          new IpvscopeError(
            'ERR_LISTEN',
            `cannot listen on ${options.host ?? ''}:${options.port}: ${cause.message}`,
            {
              hint: 'choose another address with --web.listen-address',
              cause,
            },
          ),
        );
      server.once('error', refused);
      server.listen(options.port, options.host, () => {
        server.off('error', refused);
        resolve();
      });
    });
    // accept(2) fails where descriptors or memory are short; it may work again any time.
    server.on('error', (cause) => http.#onTrouble(cause));
    return http;
  }

  /** Where it listens; the port is the real one where 0 was asked for. */
  get url(): string {
    const { address, port } = this.#server.address() as AddressInfo;
    return `http://${formatEndpoint(address, port)}`;
  }

  /** Stops answering and cuts open connections. Idempotent. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const socket of this.#connections.keys()) socket.destroy();
    await closed;
  }

  #onTrouble(cause: Error): void {
    const nowMs = performance.now();
    if (nowMs - this.#troubleAtMs < TROUBLE_MS) return;
    this.#troubleAtMs = nowMs;
    this.#options.onTrouble?.(`cannot accept connections: ${cause.message}`);
  }

  #admit(socket: Socket): void {
    const client = clientKey(socket.remoteAddress);
    if (!this.#open.allows(client, 1)) {
      socket.destroy();
      return;
    }
    this.#open.take(client, 1);
    this.#connections.set(socket, { client, due: 0, last: Promise.resolve() });
    socket.on('close', () => {
      this.#connections.delete(socket);
      this.#open.giveBack(client, 1);
    });
  }

  /** Answers requests of one connection one after another. */
  async #queue(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { socket } = request;
    const connection = this.#connections.get(socket);
    if (connection === undefined || ++connection.due > 1 + MAX_PIPELINED) {
      socket.destroy();
      return;
    }
    const before = connection.last;
    const answered = before.then(() => this.#respond(request, response, connection.client));
    connection.last = answered;
    await answered;
    connection.due--;
  }

  /** Resolves once the answer is on its way, or the connection is gone. */
  async #respond(
    request: IncomingMessage,
    response: ServerResponse,
    client: string,
  ): Promise<void> {
    const { socket } = request;
    if (socket.destroyed) return;
    const taken = isOver(response, socket);
    const deadline = setTimeout(() => socket.destroy(), ANSWER_MS);
    const scrapes = isScrape(request);
    // Set aside until it is known how much the answer takes.
    let held = scrapes ? this.#lastLength : 0;
    const refused = scrapes ? this.#refusal(client, held) : undefined;
    if (refused === undefined) {
      if (scrapes) this.#scrapes++;
      this.#unread.take(client, held);
    }
    try {
      const answer = refused ?? (await this.#answer(request));
      if (refused === undefined && scrapes) {
        const length = Buffer.byteLength(answer.body);
        this.#unread.take(client, length - held);
        held = length;
        this.#lastLength = length;
      }
      if (!socket.destroyed) send(request, response, answer);
      await taken;
    } finally {
      clearTimeout(deadline);
      if (refused === undefined) {
        if (scrapes) this.#scrapes--;
        this.#unread.giveBack(client, held);
      }
    }
  }

  /** Why a scrape is not answered now. */
  #refusal(client: string, length: number): Answer | undefined {
    const { maxRequests = 0 } = this.#options;
    if (maxRequests > 0 && this.#scrapes >= maxRequests) {
      return text(
        503,
        `${maxRequests} concurrent scrapes, the maximum (--web.max-requests); retry later`,
      );
    }
    if (!this.#unread.allows(client, length)) {
      return text(503, 'too many unread responses; retry later');
    }
    return undefined;
  }

  async #answer(request: IncomingMessage): Promise<Answer> {
    try {
      return await this.#page(request);
    } catch (cause) {
      return text(500, cause instanceof Error ? cause.message : String(cause));
    }
  }

  async #page(request: IncomingMessage): Promise<Answer> {
    if (!isRead(request)) return text(405, 'method not allowed (use GET or HEAD)');
    const { registry, ready, version } = this.#options;
    switch (pathOf(request)) {
      case '/':
        return { status: 200, type: 'text/html; charset=utf-8', body: landingPage(version) };
      case '/metrics':
        return { status: 200, type: registry.contentType, body: await registry.metrics() };
      case '/healthz':
        return text(200, 'ok');
      case '/readyz':
        return readiness(ready());
      default:
        return text(404, 'not found (see /)');
    }
  }
}

const pathOf = ({ url = '/' }: IncomingMessage): string => url.split('?', 1)[0] ?? '/';

const isRead = ({ method }: IncomingMessage): boolean => method === 'GET' || method === 'HEAD';

const isScrape = (request: IncomingMessage): boolean =>
  isRead(request) && pathOf(request) === '/metrics';

/** Resolves once the kernel has taken the whole answer, or the connection is gone. */
async function isOver(response: ServerResponse, socket: Socket): Promise<void> {
  await new Promise<void>((resolve) => {
    const over = (): void => {
      // A connection that is kept must not keep what waited for each of its answers.
      socket.off('close', over);
      response.off('close', over);
      resolve();
    };
    socket.on('close', over);
    response.on('close', over);
  });
}

function send(request: IncomingMessage, response: ServerResponse, answer: Answer): void {
  response.writeHead(answer.status, {
    'content-type': answer.type,
    'content-length': Buffer.byteLength(answer.body),
    // What a request of a kind that is not answered carries along is not read to its end.
    ...(isRead(request) ? {} : { connection: 'close', allow: 'GET, HEAD' }),
  });
  response.end(request.method === 'HEAD' ? undefined : answer.body);
}
