// What another node passes on is judged here; what another node answers is bounded.
import assert from 'node:assert/strict';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, test } from 'node:test';
import { SeededRandom } from '../base/index.ts';
import { Cluster } from '../nodes/index.ts';
import type { LiveNode, NodeAsker, NodeRequest } from '../ports/index.ts';
import { account, accountToken, ask, base, clock, control, directory, logged, other, useServer } from './kit.test.ts';

const secrets = ['a secret that all nodes of this test share'];
let nodes: LiveNode[] = [];
const live = { nodes: () => nodes, announce: (address: string) => void (nodes = [{ name: 'test', address }]) };

function node(name: string): Cluster {
  const random = new SeededRandom(name.length + 40);
  const cluster = new Cluster({ clock, random, node: name, secrets, live, refuse: () => undefined });
  after(() => cluster.close());
  return cluster;
}

const here = node('test');
useServer({ nodes: here });
const peer = node('another');

/** As the other node passes it on. */
async function passed(
  asker: NodeAsker | undefined,
  path: string,
  more: Partial<NodeRequest> = {},
): Promise<{ status: number; text: string } | { silent: string }> {
  nodes = [];
  here.announce(base);
  const answer = await peer.send('test', {
    method: 'GET',
    path,
    headers: more.body === undefined ? {} : { 'content-type': 'application/json' },
    body: undefined,
    asker,
    timeoutMs: undefined,
    ...more,
  });
  nodes = [];
  if ('silent' in answer) return answer;
  const chunks: Buffer[] = [];
  for await (const chunk of answer.body as AsyncIterable<Buffer>) chunks.push(chunk);
  return { status: answer.status, text: Buffer.concat(chunks).toString() };
}

function keyOf(accountSid: string | undefined): NodeAsker {
  const key = directory.all('apiKey').find((each) => each.accountSid === accountSid);
  return { keySid: key?.sid ?? '', address: '192.0.2.1' };
}

const calls = (sid: string): string => `/v1/Accounts/${sid}/Calls`;
const running = { call_sid: 'c1', account_sid: '', call_status: 'in-progress' };

test('who asks is looked up here, and the tenant wall stands here too', async () => {
  control.calls = [{ ...running, account_sid: account }];
  const own = await passed(keyOf(account), `${calls(account)}/c1`);
  assert.equal('status' in own && own.status, 200, JSON.stringify(own));
  for (const path of [calls(other), `${calls(other)}/c1`, `${calls(other)}/c1/Trace`]) {
    const answer = await passed(keyOf(account), path);
    assert.equal('status' in answer && answer.status, 404, path);
  }
  const unknown = await passed({ keySid: 'withdrawn', address: '192.0.2.1' }, calls(account));
  assert.equal('status' in unknown && unknown.status, 401);
});

test('a command comes through with its body, and only with the one that was signed', async () => {
  control.calls = [{ ...running, account_sid: account }];
  control.asked = [];
  control.answer = { ok: true, status: 202 };
  const command = { method: 'PUT', body: JSON.stringify({ mute_status: 'mute' }) };
  const done = await passed(keyOf(undefined), `${calls(account)}/c1`, command);
  assert.equal('status' in done && done.status, 202, JSON.stringify(done));
  assert.deepEqual(control.asked, [[account, 'c1', { mute_status: 'mute' }]]);

  // Somebody between the two puts a body of his own in the place of the signed one.
  control.asked = [];
  const server = createServer(({ headers, url = '' }, response) => {
    const { 'graine-node': head, 'graine-node-asker': who, 'graine-node-signature': signature } = headers;
    void fetch(`${base}${url}`, {
      method: 'PUT',
      headers: {
        'content-type': 'application/json',
        'graine-node': String(head),
        'graine-node-asker': String(who),
        'graine-node-signature': String(signature),
      },
      body: JSON.stringify({ call_status: 'completed' }),
    }).then(async (answer) => response.writeHead(answer.status).end(await answer.text()));
  }).listen(0, '127.0.0.1');
  after(() => server.close());
  await new Promise((listening) => server.once('listening', listening));
  nodes = [];
  here.announce(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const answer = await peer.send('test', {
    ...command,
    path: `${calls(account)}/c1`,
    headers: { 'content-type': 'application/json' },
    asker: keyOf(undefined),
    timeoutMs: undefined,
  });
  nodes = [];
  assert.ok(!('silent' in answer) && answer.status === 401, JSON.stringify(answer));
  answer.body.resume();
  assert.deepEqual(control.asked, []);
});

test('a node asks for nothing but calls, whoever it says is asking', async () => {
  for (const [method, path] of [
    ['GET', '/v1/ApiKeys'],
    ['POST', '/v1/ApiKeys'],
    ['GET', '/v1/Accounts'],
    ['GET', '/v1/Config'],
    ['POST', '/v1/Accounts'],
    ['GET', '/v1/Live'],
    ['GET', '/v1/Nodes/Live'],
  ] as const) {
    const answer = await passed(keyOf(undefined), path, { method });
    assert.match(JSON.stringify(answer), /nodes do not ask this/, path);
  }
  const own = await passed(undefined, calls(account));
  assert.match(JSON.stringify(own), /nodes do not ask this/, 'nor on its own behalf');
});

test('a key gets nothing of what is for nodes', async () => {
  for (const token of [undefined, accountToken])
    assert.equal((await ask('GET', '/v1/Nodes/Live', undefined, token)).status, 404);
  assert.equal((await ask('GET', '/v1/Nodes', undefined, accountToken)).status, 403);
});

/** A node that holds this secret and answers what it likes. */
async function hostile(handle: RequestListener, look: () => Promise<void>): Promise<void> {
  const server = createServer(handle).listen(0, '127.0.0.1');
  await new Promise((listening) => server.once('listening', listening));
  const evil = new Cluster({
    clock,
    random: new SeededRandom(1),
    node: 'evil',
    secrets,
    live: { nodes: () => [], announce: (address) => void (nodes = [{ name: 'evil', address }]) },
    refuse: () => undefined,
  });
  evil.announce(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  try {
    await look();
  } finally {
    nodes = [];
    await evil.close();
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
  }
}

test('a listing without end is cut off: what is here is shown, and who is missing', async () => {
  control.calls = [{ ...running, account_sid: account }];
  let sent = 0;
  const endless: RequestListener = (_, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    const chunk = Buffer.alloc(1024 * 1024, '[');
    const more = (): void => {
      sent += chunk.length;
      if (!response.destroyed) response.write(chunk, () => setImmediate(more));
    };
    more();
  };
  await hostile(endless, async () => {
    const list = await ask('GET', calls(account));
    assert.deepEqual(
      (list.body as unknown as { call_sid: string }[]).map((each) => each.call_sid),
      ['c1'],
    );
    assert.equal(list.headers.get('x-graine-nodes-missing'), 'evil');
  });
  assert.ok(sent < 64 * 1024 * 1024, `${sent} bytes`);
});

test('a listing that stops half-way is not waited for', async () => {
  control.calls = [{ ...running, account_sid: account }];
  const half: RequestListener = (_, response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).write('[{"call_sid":');
  };
  await hostile(half, async () => {
    const listing = ask('GET', calls(account));
    for (let n = 0; n < 400 && !clock.pending().includes('listing of a node'); n++)
      await new Promise((later) => setTimeout(later, 10));
    clock.advance(3_000);
    assert.equal((await listing).headers.get('x-graine-nodes-missing'), 'evil');
  });
});

test('nonsense for an answer is no answer', async () => {
  control.calls = [];
  control.answer = { ok: false, status: 404, message: 'no such call' };
  const answers: RequestListener = ({ url = '' }, response) => {
    if (url.endsWith('/Calls')) response.end('{nonsense');
    else response.writeHead(302, { location: `${base}/v1/Config` }).end();
  };
  await hostile(answers, async () => {
    const list = await ask('GET', calls(account));
    assert.deepEqual([list.status, list.headers.get('x-graine-nodes-missing')], [200, 'evil']);
    const one = await ask('GET', `${calls(account)}/c9`);
    assert.deepEqual([one.status, one.body.code], [503, 'node-away']);
    const command = await ask('PUT', `${calls(account)}/c9`, { mute_status: 'mute' });
    assert.equal(command.status, 503);
  });
  // Refused, not failed: a line without a stack.
  const line = logged.warnings.at(-1) as Record<string, unknown>;
  assert.deepEqual([line['method'], typeof line['why'], line['fault']], ['PUT', 'string', undefined]);
  assert.deepEqual(logged.errors, []);
});
