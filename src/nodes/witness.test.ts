// What counts as a proof that a node is dead: only that its own port is closed, or another's.
import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, test } from 'node:test';
import { Readable } from 'node:stream';
import { FakeClock } from '../base/index.ts';
import type { NodeAnswer, NodeSilence } from '../ports/index.ts';
import { DeathWitness, notThis } from './witness.ts';

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

async function listening(port = 0): Promise<number> {
  server = createServer().listen(port, '127.0.0.1');
  await new Promise((resolve) => server?.once('listening', resolve));
  return (server.address() as AddressInfo).port;
}
const closed = (): Promise<unknown> => new Promise((resolve) => void server?.close(resolve));
const settled = (): Promise<unknown> => new Promise((resolve) => void setTimeout(resolve, 20));
const self = (node: string, direct: boolean): NodeAnswer => ({
  status: 200,
  headers: {},
  body: Readable.from([JSON.stringify({ node, direct })]),
});

/** Of node b, met at a port. */
async function met(
  answer: NodeAnswer | NodeSilence,
): Promise<{ witness: DeathWitness; says: (now: NodeSilence) => void; port: number }> {
  const port = await listening();
  let next: NodeAnswer | NodeSilence = answer;
  const witness = new DeathWitness({
    clock: new FakeClock(),
    nodes: { name: 'a', send: () => Promise.resolve(next) },
    urlOf: () => new URL(`http://127.0.0.1:${port}`),
  });
  witness.meet(['a', 'b']);
  await settled();
  return { witness, port, says: (now) => void (next = now) };
}

test('its port is closed: it is dead; while it is open, and nobody answers, it may only hang', async () => {
  const { witness, says } = await met(self('b', true));
  says({ silent: 'no answer within 400 ms' });
  assert.equal(await witness.isDead('b'), false);
  await closed();
  assert.equal(await witness.isDead('b'), true);
});

test('another node answers at its port, as after a restart: it is dead', async () => {
  const { witness, says } = await met(self('b', true));
  says({ silent: `it refuses this node: ${notThis('b')} c` });
  assert.equal(await witness.isDead('b'), true);
});

for (const [why, answer] of [
  ['it was never met there', { silent: 'no answer' }],
  ['a proxy stands before it', self('b', false)],
  ['somebody else was met there', self('c', true)],
] as const)
  test(`nothing is certain of a closed port where ${why}`, async () => {
    const { witness } = await met(answer);
    await closed();
    assert.equal(await witness.isDead('b'), false);
  });
