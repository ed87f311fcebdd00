import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Gateway } from '../ports/index.ts';
import { Sources } from './sources.ts';

const gateway = (sid: string, port: number): Gateway => ({
  sid,
  accountSid: 'acc',
  carrierSid: 'c',
  host: '192.0.2.1',
  port,
  netmask: 32,
  protocol: 'udp',
  inbound: true,
  outbound: false,
  isActive: true,
  priority: 1,
  weight: 1,
  sendOptionsPing: false,
  srtp: 'none',
});

test('a gateway that is added is found from then on, whatever was found before', () => {
  const sources = new Sources<string>();
  assert.equal(sources.find('192.0.2.1', 5060, 'udp'), undefined);
  sources.add(gateway('a', 5060), ['192.0.2.1'], 'first');
  assert.equal(sources.find('192.0.2.1', 5060, 'udp')?.value, 'first');
  assert.equal(sources.find('192.0.2.1', 5070, 'udp')?.value, 'first');
  sources.add(gateway('b', 5070), ['192.0.2.1'], 'second');
  assert.equal(sources.find('192.0.2.1', 5070, 'udp')?.value, 'second');
  assert.equal(sources.find('192.0.2.1', 5060, 'udp')?.value, 'first');
});

test('a flood of sources does not change what is found', () => {
  const sources = new Sources<string>();
  sources.add(gateway('a', 5060), ['192.0.2.1'], 'ours');
  for (let n = 0; n < 5000; n++) assert.equal(sources.find(`10.0.${n >> 8}.${n & 255}`, 5060, 'udp'), undefined);
  assert.equal(sources.find('192.0.2.1', 5060, 'udp')?.value, 'ours');
});
