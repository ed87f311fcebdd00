import assert from 'node:assert/strict';
import dgram, { type RemoteInfo } from 'node:dgram';
import net, { type AddressInfo } from 'node:net';
import { test, type TestContext } from 'node:test';
import { SystemClock, SystemRandom } from '../../base/index.ts';
import { DigitLink } from './digit-link.ts';
import { memberPlace } from './member.ts';
import { NgClient } from './ng-client.ts';

type Peer = { socket: dgram.Socket; heard: string[] };
type Answer = (cookie: string, rest: string, from: RemoteInfo, peer: Peer) => void;

/** A client, and what it talks to. */
async function pair(t: TestContext, answer: Answer): Promise<{ client: NgClient; peer: Peer; clock: SystemClock }> {
  const socket = dgram.createSocket('udp4');
  const peer: Peer = { socket, heard: [] };
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  socket.on('message', (bytes, from) => {
    const text = bytes.toString('latin1');
    const space = text.indexOf(' ');
    peer.heard.push(text);
    answer(text.slice(0, space), text.slice(space + 1), from, peer);
  });
  const clock = new SystemClock();
  const { port } = socket.address();
  const client = new NgClient({ address: '127.0.0.1', port, clock, random: new SystemRandom() });
  t.after(() => {
    client.close();
    socket.close();
    assert.deepEqual(clock.pending(), [], 'no timer is left');
  });
  return { client, peer, clock };
}

const ping = { command: 'ping' };

test('an answer is the one with the cookie; others, and strangers, are passed over', async (t) => {
  const { client } = await pair(t, (cookie, _rest, from, { socket }) => {
    const stranger = dgram.createSocket('udp4');
    stranger.send(`${cookie} d6:result5:wronge`, from.port, from.address, () => {
      stranger.close();
      for (const other of ['x', ' ', `${cookie}x d6:result5:wronge`, 'd6:result5:wronge', ''])
        socket.send(other, from.port, from.address);
      socket.send(`${cookie} d6:result4:ponge`, from.port, from.address);
      socket.send(`${cookie} d6:result5:twicee`, from.port, from.address);
    });
  });
  assert.equal((await client.ask(ping))['result'], 'pong');
});

test('a lost datagram is sent again, the same', async (t) => {
  const { client, peer } = await pair(t, (cookie, _rest, from, { socket, heard }) => {
    if (heard.length === 3) socket.send(`${cookie} d6:result4:ponge`, from.port, from.address);
  });
  await client.ask(ping);
  assert.equal(new Set(peer.heard).size, 1);
});

test('no answer: it is given up', async (t) => {
  const { client, peer } = await pair(t, () => {});
  await assert.rejects(client.ask(ping), { code: 'rtpengine-no-answer' });
  assert.equal(peer.heard.length, 4);
});

for (const torn of ['', 'd6:result', 'le', 'i1e', 'nonsense', '\u0000\u0000']) {
  test(`an answer that is ${JSON.stringify(torn)} is refused`, async (t) => {
    const { client } = await pair(t, (cookie, _rest, from, { socket }) => {
      socket.send(`${cookie} ${torn}`, from.port, from.address);
    });
    await assert.rejects(client.ask(ping), { code: 'rtpengine-bad-answer' });
  });
}

test('a refusal says why, and not at any length', async (t) => {
  const { client } = await pair(t, (cookie, _rest, from, { socket }) => {
    socket.send(`${cookie} d6:result5:error12:error-reason5000:${'x'.repeat(5000)}e`, from.port, from.address);
  });
  await assert.rejects(client.ask(ping), ({ code, message }: Error & { code: string }) => {
    return code === 'rtpengine-refused' && message.length < 400;
  });
});

test('closed: what waits is told, and what comes later too', async (t) => {
  const { client } = await pair(t, () => {});
  const waits = client.ask(ping);
  const told = assert.rejects(waits, { code: 'rtpengine-no-answer' });
  await new Promise((resolve) => setImmediate(resolve));
  client.close();
  await told;
  await assert.rejects(client.ask(ping), { code: 'rtpengine-no-answer' });
});

test('keys come in any pieces; what is none is passed over; a flood ends the connection', async (t) => {
  const event = (tag: string, key: number): string => {
    const data = `d6:callid1:c10:source_tag${tag.length}:${tag}5:eventi${key}e8:durationi80ee`;
    return `cookie d6:notify6:onDTMF4:data${data}e`;
  };
  const sockets: net.Socket[] = [];
  const server = net.createServer((socket) => {
    sockets.push(socket.on('error', () => {}));
    const text = `${event('a', 5)}x d6:notify5:othere${event('b', 11)}${event('b', 99)}`;
    for (const each of text) socket.write(each);
    setImmediate(() => socket.write('y '.padEnd(200_000, 'l')));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const clock = new SystemClock();
  const heard: string[] = [];
  const { port } = server.address() as AddressInfo;
  await new Promise<void>((resolve) => {
    const link = new DigitLink({
      address: '127.0.0.1',
      port,
      clock,
      heard: ({ tag, digit, ms }) => heard.push(`${tag} ${digit} ${ms}`),
      changed: (up) => up || resolve(),
    });
    t.after(() => {
      link.close();
      for (const each of sockets) each.destroy();
      server.close();
      assert.deepEqual(clock.pending(), []);
    });
  });
  assert.deepEqual(heard, ['a 5 80', 'b # 80']);
});

test('places', () => {
  assert.deepEqual(memberPlace('udp://[::1]:22222?weight=3'), { address: '::1', port: 22_222, weight: 3 });
  for (const bad of [
    'udp://1.2.3.4',
    'udp://name:1',
    'tcp://1.2.3.4:1',
    'udp://1.2.3.4:1?weight=0',
    'udp://1.2.3.4:70000',
  ])
    assert.throws(() => memberPlace(bad), { code: 'rtpengine-address' });
});
