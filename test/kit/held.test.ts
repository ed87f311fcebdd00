import assert from 'node:assert/strict';
import dgram from 'node:dgram';
import fs from 'node:fs';
import net, { type AddressInfo } from 'node:net';
import { test } from 'node:test';
import { excess, held, ofACall } from './held.ts';

test(
  'a socket and a file that are open are seen, by what they are; closed, they are gone',
  { skip: process.platform !== 'linux' },
  async () => {
    const before = held();
    const udp = dgram.createSocket('udp4');
    await new Promise<void>((resolve) => udp.bind(0, '127.0.0.1', resolve));
    const name = `udp 127.0.0.1:${udp.address().port}`;
    const fd = fs.openSync(import.meta.filename, 'r');
    assert.deepEqual(excess(before, held()).sort(), [import.meta.filename, name].sort());
    fs.closeSync(fd);
    await new Promise<void>((resolve) => udp.close(() => resolve()));
    assert.deepEqual(excess(before, held()), []);
  },
);

test(
  'a connection that only the far end has closed is what no call may keep',
  { skip: process.platform !== 'linux' },
  async () => {
    const before = held();
    const server = net.createServer({ allowHalfOpen: true });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const accepted = new Promise<net.Socket>((resolve) => server.once('connection', resolve));
    const client = net.connect((server.address() as AddressInfo).port, '127.0.0.1', () => client.end());
    const socket = await accepted;
    await new Promise((resolve) => socket.resume().once('end', resolve));
    assert.deepEqual(excess(ofACall(before), ofACall(held())), [`tcp 127.0.0.1:${socket.localPort} CLOSE_WAIT`]);
    socket.destroy();
    client.destroy();
    await new Promise((resolve) => server.close(resolve));
  },
);
