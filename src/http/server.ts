import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ExitCode, IpvscopeError } from '../error.js';
import { formatEndpoint } from '../wire/address.js';
import { landingPage } from './landing-page.js';

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
}

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

/** `/metrics`, `/healthz`, `/readyz` and `/`. */
export class HttpServer {
  readonly #server: Server;
  readonly #options: HttpOptions;

  private constructor(options: HttpOptions) {
    this.#options = options;
    this.#server = createServer((request, response) => {
      void this.#respond(request, response);
    });
  }

  /** Throws an IpvscopeError ERR_LISTEN when the address cannot be had. */
  static async listen(options: HttpOptions): Promise<HttpServer> {
    const http = new HttpServer(options);
    await new Promise<void>((resolve, reject) => {
      http.#server.once('error', (cause) =>
        reject(
          new IpvscopeError(
            'ERR_LISTEN',
            `cannot listen on ${options.host ?? ''}:${options.port} (${cause.message})`,
            {
              hint: 'choose another with --web.listen-address',
              exitCode: ExitCode.usage,
              cause,
            },
          ),
        ),
      );
      http.#server.listen(options.port, options.host, resolve);
    });
    return http;
  }

  /** Where it listens; the port is the real one where 0 was asked for. */
  get url(): string {
    const { address, port } = this.#server.address() as AddressInfo;
    return `http://${formatEndpoint(address, port)}`;
  }

  /** Answers no more; open connections are cut. Again is fine. */
  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  async #respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let answer: Answer;
    try {
      answer = await this.#answer(request);
    } catch (cause) {
      answer = text(500, cause instanceof Error ? cause.message : String(cause));
    }
    response.writeHead(answer.status, { 'content-type': answer.type });
    response.end(request.method === 'HEAD' ? undefined : answer.body);
  }

  async #answer(request: IncomingMessage): Promise<Answer> {
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      return text(405, 'only GET and HEAD are answered here');
    }
    const path = (request.url ?? '/').split('?', 1)[0];
    const { registry, ready, version } = this.#options;
    switch (path) {
      case '/':
        return { status: 200, type: 'text/html; charset=utf-8', body: landingPage(version) };
      case '/metrics':
        return { status: 200, type: registry.contentType, body: await registry.metrics() };
      case '/healthz':
        return text(200, 'ok');
      case '/readyz':
        return readiness(ready());
      default:
        return text(404, 'no such page; see /');
    }
  }
}
