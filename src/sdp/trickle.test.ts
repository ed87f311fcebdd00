import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { maxCandidates } from './ice.ts';
import { readFragment } from './trickle.ts';

const head = 'a=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\n';
const line = (
  address: string,
  more: { component?: number; transport?: string; port?: number; type?: string } = {},
): string => {
  const { component = 1, transport = 'UDP', port = 5000, type = 'host' } = more;
  return `a=candidate:1 ${component} ${transport} 2130706431 ${address} ${port} typ ${type}\r\n`;
};

test('RFC 8840 a fragment says whose it is, its candidates and whether more will come', () => {
  const body = `${head}m=audio 9 RTP/AVP 0\r\na=mid:1\r\n${line('192.0.2.1')}a=end-of-candidates\r\n`;
  assert.deepEqual(readFragment(Buffer.from(body)), {
    ufrag: 'abcd',
    pwd: '0123456789012345678901',
    candidates: [{ address: '192.0.2.1', port: 5000 }],
    ends: true,
  });
});

test('RFC 8838 §4.1 what cannot be used is passed over: names, TCP, RTCP, ports and types that are none', () => {
  const odd = [
    line('host.local'),
    line('192.0.2.1', { transport: 'TCP' }),
    line('192.0.2.1', { component: 2 }),
    line('192.0.2.1', { port: 0 }),
    line('192.0.2.1', { port: 65_536 }),
    line('192.0.2.1', { type: 'prflx' }),
    'a=candidate:nonsense\r\n',
  ];
  const read = readFragment(Buffer.from(head + odd.join('')));
  assert.ok(typeof read === 'object');
  assert.deepEqual(read.candidates, []);
});

test('a fragment is bounded, and must say whose it is', () => {
  const many = Array.from({ length: 60 }, (_, n) => line(`192.0.2.${n}`)).join('');
  const read = readFragment(Buffer.from(head + many));
  assert.ok(typeof read === 'object');
  assert.equal(read.candidates.length, maxCandidates);
  assert.match(String(readFragment(Buffer.alloc(8193))), /at most 8192 bytes/);
  assert.match(String(readFragment(Buffer.from(line('192.0.2.1')))), /a=ice-ufrag and a=ice-pwd must be there/);
});

test('attack A2 nothing that can be sent makes it throw', () => {
  const piece = fc.oneof(fc.string(), fc.constantFrom(head, line('::1'), 'a=candidate:', '\r\n', 'a=ice-ufrag:'));
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
      readFragment(Buffer.from(pieces.join('')));
    }),
  );
});
