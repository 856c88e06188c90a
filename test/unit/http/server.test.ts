import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Gauge, Registry } from 'prom-client';
import { IpvscopeError } from '../../../src/error.js';
import { HttpServer } from '../../../src/http/server.js';

const registry = new Registry();
new Gauge({ name: 'one', help: 'One.', registers: [registry] }).set(1);
let ready: true | string = true;
const options = {
  host: '127.0.0.1',
  port: 0,
  registry,
  version: '1.2.3',
  ready: () => ready,
};
let server: HttpServer;

before(async () => {
  server = await HttpServer.listen(options);
});
after(() => server.close());

test('an address in use is one clear error', async () => {
  const port = Number(new URL(server.url).port);
  await assert.rejects(HttpServer.listen({ ...options, port }), (error: unknown) => {
    assert.ok(error instanceof IpvscopeError);
    assert.equal(error.code, 'ERR_LISTEN');
    assert.match(error.toLine(), /EADDRINUSE.*--web\.listen-address/);
    return true;
  });
});

test('metrics may come as bytes', async () => {
  const metrics = async () => Buffer.from('two{name="ä"} 2\n');
  const other = await HttpServer.listen({
    ...options,
    registry: { contentType: 'text/plain', metrics },
  });
  try {
    assert.equal(await (await fetch(`${other.url}/metrics`)).text(), 'two{name="ä"} 2\n');
  } finally {
    await other.close();
  }
});

const cases = [
  { path: '/nothing', status: 404, type: /^text\/plain/, body: /not found/ },
  {
    path: '/metrics',
    method: 'POST',
    status: 405,
    type: /^text\/plain/,
    body: /method not allowed/,
  },
  { path: '/readyz', ready: 'why not', status: 503, type: /^text\/plain/, body: /^why not\n$/ },
  { path: '/readyz', status: 200, type: /^text\/plain/, body: /^ok$/m },
  { path: '/healthz', status: 200, type: /^text\/plain/, body: /^ok$/m },
  { path: '/metrics', status: 200, type: /version=0\.0\.4/, body: /^one 1$/m },
  { path: '/metrics?x=1', status: 200, type: /version=0\.0\.4/, body: /^one 1$/m },
  { path: '/metrics', method: 'HEAD', status: 200, type: /version=0\.0\.4/, body: /^$/ },
  { path: '/', status: 200, type: /^text\/html/, body: /href="\/metrics"/ },
];

for (const { path, method = 'GET', status, type, body, ...rest } of cases) {
  test(`${method} ${path} answers ${status}`, async () => {
    ready = rest.ready ?? true;
    const response = await fetch(`${server.url}${path}`, { method });
    assert.equal(response.status, status);
    assert.match(response.headers.get('content-type') ?? '', type);
    assert.match(await response.text(), body);
  });
}
