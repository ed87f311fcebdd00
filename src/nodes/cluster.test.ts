// What passes between nodes: only what a node signed, for this node, now, once; and only where a node said that it is.
import assert from 'node:assert/strict';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { FakeClock, SeededRandom } from '../base/index.ts';
import type { FromNode, LiveNode, NodeRequest, SignedHead } from '../ports/index.ts';
import { Cluster, windowMs } from './cluster.ts';
import { nodeUrl, openSip, sealAddress } from './seal.ts';

const secret = 'a secret that all nodes of this test share';
const clock = new FakeClock();
let nodes: LiveNode[] = [];
let made: Cluster[] = [];
let servers: Server[] = [];

function node(name: string, more: { secrets?: string[] } = {}): Cluster {
  const cluster = new Cluster({
    clock,
    random: new SeededRandom(name.length),
    node: name,
    secrets: more.secrets ?? [secret],
    live: { nodes: () => nodes, announce: (address) => void nodes.push({ name, address }) },
    refuse: (host) => (host === '169.254.169.254' ? 'a cloud metadata address' : undefined),
  });
  made.push(cluster);
  return cluster;
}

/** A server at the address of node b. */
async function serve(handle: RequestListener): Promise<void> {
  const server = createServer({ maxHeaderSize: 65_536 }, handle).listen(0, '127.0.0.1');
  servers.push(server);
  await new Promise((listening) => server.once('listening', listening));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  nodes = [{ name: 'b', address: sealAddress(secret, 'b', url) }];
}

const asker = { keySid: 'k1', address: '192.0.2.1' };
const ask: NodeRequest = {
  method: 'PUT',
  path: '/v1/Accounts/x/Calls/y?a=1',
  headers: { 'content-type': 'application/json' },
  body: '{"mute_status":"mute"}',
  asker,
  timeoutMs: 1_000,
};

/** What b gets when a sends. */
async function sent(request = ask): Promise<SignedHead> {
  let got: SignedHead | undefined;
  await serve(({ method = '', url = '', headers }, response) => {
    const header = (name: string): string => String(headers[name]);
    const [head, who] = [header('graine-node'), header('graine-node-asker')];
    got = { method, path: url, head, asker: who, signature: header('graine-node-signature') };
    response.end('{}');
  });
  const answer = await node('a').send('b', request);
  assert.ok(!('silent' in answer), JSON.stringify(answer));
  answer.body.resume();
  assert.ok(got !== undefined);
  return got;
}

function refused(verdict: FromNode | { readonly refused: string }): string {
  return 'refused' in verdict ? verdict.refused : 'it was taken';
}

describe('between nodes', () => {
  beforeEach(() => {
    nodes = [];
    made = [];
    servers = [];
  });
  afterEach(async () => {
    for (const each of made) await each.close();
    for (const each of servers) each.closeAllConnections();
    await Promise.all(servers.map((each) => new Promise((closed) => each.close(closed))));
    assert.deepEqual(clock.pending(), []);
  });

  it('what one node signed the other takes, and knows who asks', async () => {
    const verdict = node('b').check(await sent());
    assert.ok(!('refused' in verdict), JSON.stringify(verdict));
    assert.deepEqual([verdict.node, verdict.asker], ['a', asker]);
  });

  it('a request is good for once', async () => {
    const signed = await sent();
    const b = node('b');
    b.check(signed);
    assert.equal(refused(b.check(signed)), 'it came before');
  });

  it('nothing of it can be changed: method, path, who asks, the body, for whom', async () => {
    const signed = await sent();
    const b = node('b');
    const other = Buffer.from(JSON.stringify({ keySid: 'k2', address: '192.0.2.1' })).toString('base64url');
    const forged: Partial<SignedHead>[] = [
      { method: 'DELETE' },
      { path: '/v1/Accounts/z/Calls/y?a=1' },
      { asker: other },
      { asker: '-' },
      { head: signed.head.replace(/\w{64}$/, '0'.repeat(64)) },
      { head: signed.head.replace(' b ', ' c ') },
      { head: signed.head.replace(/^a /, 'd ') },
      { signature: '0'.repeat(64) },
      { signature: '' },
      { head: '' },
      { head: 'x'.repeat(10_000) },
    ];
    for (const change of forged) assert.equal(refused(b.check({ ...signed, ...change })), 'the signature is wrong');
    assert.ok(!('refused' in b.check(signed)), 'and the true one is still good');
  });

  it('another secret, another node, another time: refused', async () => {
    const signed = await sent();
    assert.equal(refused(node('b', { secrets: [`${secret}.`] }).check(signed)), 'the signature is wrong');
    assert.equal(refused(node('b', { secrets: [] }).check(signed)), 'this node has no live.secret');
    assert.match(refused(node('c').check(signed)), /it is for node b, and this is c/);
    clock.advance(windowMs + 1);
    assert.match(refused(node('b').check(signed)), /too old/);
  });

  it('a new secret comes before the old one: what the old one signed is still good', async () => {
    const signed = await sent();
    assert.ok(!('refused' in node('b', { secrets: [`${secret}, the next`, secret] }).check(signed)));
    assert.deepEqual(node('a', { secrets: [`${secret}, the next`, secret] }).others(), ['b']);
  });

  it('an address that no node signed is no address', async () => {
    await serve((_, response) => response.end('{}'));
    const [{ address = '' } = {}] = nodes;
    const [url = '', signature = ''] = address.split(' ');
    for (const hostile of [
      url,
      `${url}/path ${signature}`,
      `http://192.0.2.9:80 ${signature}`,
      sealAddress(secret, 'c', url),
      sealAddress(`${secret}.`, 'b', url),
      `${address} x`,
      '',
    ]) {
      nodes = [{ name: 'b', address: hostile }];
      const a = node('a');
      assert.deepEqual(a.others(), [], hostile);
      assert.ok('silent' in (await a.send('b', ask)), hostile);
    }
  });

  it('where a node takes SIP is believed of that node alone', () => {
    const sealed = sealAddress(secret, 'b', 'http://10.0.0.5:3000', '10.0.0.5:5060');
    assert.equal(openSip(secret, 'b', sealed), '10.0.0.5:5060');
    nodes = [{ name: 'b', address: sealed }];
    assert.deepEqual(node('a').others(), ['b']);
    const forged = sealed.replace('10.0.0.5:5060', '10.0.0.6:5060');
    for (const [name, text] of [
      ['c', sealed],
      ['b', forged],
      ['b', `${sealed} x`],
      ['b', ''],
    ] as const)
      assert.equal(openSip(secret, name, text), undefined, text);
    nodes = [{ name: 'b', address: forged }];
    assert.deepEqual(node('a').others(), []);
  });

  it('a node is at http or https, at a host, and not where a cloud keeps its secrets', async () => {
    for (const good of ['http://10.0.0.5:3000', 'https://node-b.example.test', 'http://[2001:db8::1]:3000/'])
      assert.ok(nodeUrl(good), good);
    for (const bad of [
      'ftp://h',
      'file:///etc/passwd',
      'http://u:p@h',
      'http://h/x',
      'http://h?x',
      'http://h#x',
      'x',
      '',
    ])
      assert.equal(nodeUrl(bad), undefined, bad);
    nodes = [{ name: 'b', address: sealAddress(secret, 'b', 'http://169.254.169.254') }];
    assert.deepEqual(await node('a').send('b', ask), { silent: '169.254.169.254 is a cloud metadata address' });
  });

  it('a redirect is followed nowhere', async () => {
    const asked: string[] = [];
    await serve(({ url = '' }, response) => {
      asked.push(url);
      response.writeHead(307, { location: '/secret' }).end();
    });
    assert.match(JSON.stringify(await node('a').send('b', ask)), /something else answers there, with 307/);
    assert.deepEqual(asked, [ask.path]);
  });

  it('headers without end, a closed door and silence are no answer', async () => {
    await serve((_, response) => response.writeHead(200, { x: 'x'.repeat(40_000) }).end());
    assert.ok('silent' in (await node('a').send('b', ask)));
    await serve((_, response) => response.destroy());
    assert.ok('silent' in (await node('a').send('b', ask)));
    let came = (): void => {};
    const arrived = new Promise<void>((resolve) => (came = resolve));
    await serve(() => came());
    const waiting = node('a').send('b', ask);
    await arrived;
    clock.advance(1_000);
    assert.match(JSON.stringify(await waiting), /no answer within 1000 ms/);
  });

  it('a connection that nothing is sent on is closed by who asked, not left until the other node closes it', async () => {
    await serve((_, response) => response.end('{}'));
    const [server] = servers;
    if (server !== undefined) server.keepAliveTimeout = 60_000;
    const closed = new Promise<void>((end) => server?.once('connection', (socket) => socket.once('end', () => end())));
    const answer = await node('a').send('b', ask);
    assert.ok(!('silent' in answer));
    answer.body.resume();
    await closed;
  });

  it('a node that no longer beats is not waited for', async () => {
    let came = (): void => {};
    const arrived = new Promise<void>((resolve) => (came = resolve));
    await serve(() => came());
    const waiting = node('a').send('b', { ...ask, timeoutMs: 40_000 });
    await arrived;
    nodes = [];
    clock.advance(1_000);
    assert.match(JSON.stringify(await waiting), /it is gone/);
  });

  it('a node that refuses us says why', async () => {
    await serve((_, response) =>
      response.writeHead(401, { 'graine-node-refused': 'the signature is wrong' }).end('{}'),
    );
    assert.deepEqual(await node('a').send('b', ask), { silent: 'it refuses this node: the signature is wrong' });
  });
});
