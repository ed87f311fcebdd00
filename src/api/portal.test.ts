/** The portal's pages, as a build would leave them. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { ask, base, useServer } from './kit.test.ts';

const folder = mkdtempSync(path.join(os.tmpdir(), 'graine-portal-'));
after(() => rmSync(folder, { recursive: true }));
const page = '<!doctype html><title>Graine</title><script type="module" src="/assets/app-3f2a91bc.js"></script>';
const script = 'console.log("portal");'.repeat(100);
mkdirSync(path.join(folder, 'assets'));
writeFileSync(path.join(folder, 'index.html'), page);
writeFileSync(path.join(folder, 'index.html.br'), brotliCompressSync(page));
writeFileSync(path.join(folder, 'favicon.svg'), '<svg xmlns="http://www.w3.org/2000/svg"/>');
writeFileSync(path.join(folder, 'assets', 'app-3f2a91bc.js'), script);
writeFileSync(path.join(folder, 'assets', 'app-3f2a91bc.js.br'), brotliCompressSync(script));
writeFileSync(path.join(folder, 'assets', 'app-3f2a91bc.js.gz'), gzipSync(script));
writeFileSync(path.join(folder, '.env'), 'SECRET=1');
writeFileSync(path.join(folder, '..', `${path.basename(folder)}.secret`), 'outside');
after(() => rmSync(`${folder}.secret`));

useServer({
  portal: {
    folder,
    sip: () => ({ ws: undefined, wss: 'wss://sip.example.test:5067', realm: 'kit.test' }),
    echo: false,
  },
});

/** As bytes go over the wire: fetch would undo the compression and clean the path. */
function raw(
  url: string,
  headers: http.OutgoingHttpHeaders = {},
  method = 'GET',
): Promise<{ status: number; headers: http.IncomingHttpHeaders; body: Buffer }> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(base);
    const request = http.request({ hostname, port, path: url, method, headers }, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(parts) }),
      );
    });
    request.on('error', reject).end();
  });
}

test('/ leads a browser to the portal, and tells programs that there is nothing', async () => {
  const browser = await raw('/', { accept: 'text/html,*/*;q=0.8' });
  assert.deepEqual([browser.status, browser.headers.location], [302, '/portal']);
  const program = await raw('/', { accept: 'application/json' });
  assert.equal(program.status, 404);
  assert.match(program.headers['content-type'] ?? '', /json/);
  assert.equal((await raw('/', { accept: 'text/html' }, 'POST')).status, 404);
});

test('every path below /portal is the page: its own router knows the rest', async () => {
  for (const url of ['/portal', '/portal/', '/portal/calls/some-sid', '/portal/a/b?c=d']) {
    const { status, headers, body } = await raw(url);
    assert.equal(status, 200, url);
    assert.equal(body.toString(), page);
    assert.match(headers['content-type'] ?? '', /^text\/html/);
    assert.equal(headers['cache-control'], 'no-cache');
  }
});

test('pages come with a policy that lets nothing in from elsewhere', async () => {
  for (const url of ['/portal', '/assets/app-3f2a91bc.js']) {
    const { headers } = await raw(url);
    const policy = headers['content-security-policy'] as string;
    for (const rule of [
      "default-src 'self'",
      "script-src 'self'",
      "style-src 'self'",
      "frame-ancestors 'none'",
      "object-src 'none'",
      "connect-src 'self' ws: wss:",
    ])
      assert.ok(policy.split('; ').includes(rule), `${rule} in ${policy}`);
    assert.doesNotMatch(policy, /unsafe|\*/);
    assert.equal(headers['x-content-type-options'], 'nosniff');
    assert.equal(headers['referrer-policy'], 'no-referrer');
    assert.match(headers['permissions-policy'] as string, /microphone=\(self\)/);
  }
});

test('assets with a hash in their name are kept for ever; all have an entity tag; both compressions are ready made', async () => {
  const url = '/assets/app-3f2a91bc.js';
  const plain = await raw(url);
  assert.equal(plain.body.toString(), script);
  assert.match(plain.headers['cache-control'] ?? '', /max-age=31536000, immutable/);
  const br = await raw(url, { 'accept-encoding': 'gzip, br' });
  assert.equal(br.headers['content-encoding'], 'br');
  assert.deepEqual(br.body, brotliCompressSync(script));
  assert.match(br.headers['content-type'] ?? '', /javascript/);
  const gz = await raw(url, { 'accept-encoding': 'gzip' });
  assert.equal(gz.headers['content-encoding'], 'gzip');
  assert.deepEqual(gz.body, gzipSync(script));
  const again = await raw('/portal', { 'if-none-match': (await raw('/portal')).headers.etag });
  assert.equal(again.status, 304);
  assert.equal((await raw('/favicon.svg')).headers['cache-control'], 'no-cache');
  assert.equal((await raw(url, {}, 'HEAD')).status, 200);
});

test('nothing outside the folder or hidden is served, however the path is written', async () => {
  const outside = path.basename(folder);
  for (const url of [
    `/../${outside}.secret`,
    `/..%2f${outside}.secret`,
    `/assets/../../${outside}.secret`,
    `/assets/..%2f..%2f${outside}.secret`,
    '/.env',
    '/%2eenv',
    '/assets/%2e%2e/.env',
    '/assets/',
    '/assets',
    '/assets/app-3f2a91bc.js%00.html',
    '//etc/passwd',
    '/portal/../.env',
  ]) {
    const { status, body } = await raw(url);
    assert.ok(status >= 400 || body.toString() === page, `${url}: ${status}`);
    assert.doesNotMatch(body.toString(), /SECRET|outside|root:/);
  }
});

test('REST, health, metrics and the OpenAPI document are where they were', async () => {
  assert.equal((await ask('GET', '/v1/Accounts')).status, 200);
  assert.equal((await raw('/v1/nothing')).status, 404);
  for (const url of ['/healthz', '/readyz', '/metrics', '/openapi.json'])
    assert.equal((await raw(url)).status, 200, url);
  const { body } = await raw('/openapi.json');
  assert.doesNotMatch(body.toString(), /assets\//, 'pages are no part of the API');
  const config = await ask('GET', '/v1/Portal/Config');
  assert.deepEqual(config.body['sip'], { ws: null, wss: 'wss://sip.example.test:5067', realm: 'kit.test' });
  assert.equal((await fetch(`${base}/v1/Portal/Config`)).status, 401);
});
