import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRequest, parseNameAddr } from '../message/index.ts';
import type { Source } from '../transaction/index.ts';
import { flowTimer, outboundOf, regIdOf } from './outbound.ts';

const origin = { transport: 'tcp', address: '203.0.113.9', port: 4711 } as const;
const udp = { ...origin, transport: 'udp' } as const;
const from = (transport: Source['transport'], more: Partial<Source> = {}): Source => {
  return { transport, address: '127.0.0.1', port: 5060, localAddress: '127.0.0.1', localPort: 5060, ...more };
};

function register(vias: number, path: readonly string[], supported = 'path, outbound') {
  const headers = [...path.map((each) => ['Path', each] as const), ['Supported', supported] as const];
  const about = { method: 'REGISTER', uri: 'sip:h', from: '<sip:a@h>;tag=1', to: '<sip:a@h>', callId: 'c', cseq: 1 };
  const request = createRequest({ ...about, headers });
  for (let n = 0; n < vias; n++) request.headers.append('Via', `SIP/2.0/UDP p${n};branch=z9hG4bK${n}`);
  return request;
}

const cases: [string, ReturnType<typeof register>, Source, ReturnType<typeof outboundOf>][] = [
  ['over a connection of the device', register(1, []), from('tcp'), 'flows'],
  ['over a WebSocket', register(1, []), from('wss'), 'flows'],
  ['over UDP, where it would look for STUN', register(1, []), from('udp'), 'none'],
  ['of a device that does not ask', register(1, [], 'path'), from('tcp'), 'none'],
  ['through a proxy that is not in the Path', register(2, []), from('udp'), 'refused'],
  ['through a first proxy that keeps flows', register(3, ['<sip:b;lr>', '<sip:a;lr;ob>']), from('udp'), 'flows'],
  ['through a first proxy that does not', register(3, ['<sip:b;lr;ob>', '<sip:a;lr>']), from('udp'), 'refused'],
  ['of a Path that is none', register(2, ['x']), from('udp'), 'refused'],
  ['over UDP through an edge of ours', register(2, ['<sip:e;lr;ob>']), from('udp', { origin: udp }), 'flows'],
  ['through an edge of before that', register(2, ['<sip:e;lr>']), from('udp', { origin }), 'flows'],
  ['over UDP through one, which spoke no STUN', register(2, ['<sip:e;lr>']), from('udp', { origin: udp }), 'none'],
  ['through a proxy before an edge of ours', register(3, ['<sip:e;lr>']), from('udp', { origin }), 'refused'],
];

for (const [how, request, source, verdict] of cases)
  test(`RFC 5626 §6 a REGISTER ${how}: ${verdict}`, () => assert.equal(outboundOf(request, source), verdict));

test('a device over UDP shows itself four times as often, whatever the edge speaks to us', () => {
  assert.deepEqual(
    [flowTimer(from('udp')), flowTimer(from('udp', { origin })), flowTimer(from('tls'))],
    [30, 120, 120],
  );
});

test('a flow is told by a number from 1 to 2³¹−1', () => {
  const ids = ['1', '2147483647', '0', '2147483648', '1e3', '-1', '99999999999'];
  const read = (id: string) => {
    const address = parseNameAddr(`<sip:a@h>;reg-id=${id}`);
    return address === undefined ? undefined : regIdOf(address);
  };
  assert.deepEqual(ids.map(read), [1, 2 ** 31 - 1, ...Array.from<undefined>({ length: 5 })]);
});
