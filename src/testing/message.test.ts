import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answerChallenge, credentialsMatch } from './digest.ts';
import { param, read, splitList, targetOf, uriOf, userOf, write } from './message.ts';
import { mirrored, readSdp, writeSdp } from './sdp.ts';

test('what is written is read back: start line, headers in order, body', () => {
  const message = read(
    write(
      'INVITE sip:a@b SIP/2.0',
      [
        ['Via', 'SIP/2.0/UDP h;branch=z9'],
        ['X-A', '1'],
      ],
      'body',
    ),
  );
  assert.equal(message?.method, 'INVITE');
  assert.equal(message?.branch, 'z9');
  assert.equal(message?.get('x-a'), '1');
  assert.equal(message?.body.toString(), 'body');
  assert.equal(message?.get('content-length'), '4');
});

test('compact names, folded lines and list headers are understood', () => {
  const raw =
    'SIP/2.0 200 OK\r\nv: SIP/2.0/UDP a;branch=1, SIP/2.0/UDP b\r\ni: x\r\nSubject: one\r\n two\r\nCSeq: 7 BYE\r\n\r\n';
  const message = read(Buffer.from(raw));
  assert.equal(message?.all('Via').length, 2);
  assert.equal(message?.callId, 'x');
  assert.equal(message?.get('subject'), 'one two');
  assert.equal(message?.method, 'BYE');
  assert.equal(message?.status, 200);
});

test('commas in quotes and brackets do not split a list', () => {
  assert.deepEqual(splitList('"a, b" <sip:x@y?h=1,2>, <sip:z>'), ['"a, b" <sip:x@y?h=1,2>', '<sip:z>']);
});

test('parameters of the header are not those of its URI', () => {
  const value = '"B" <sip:bob@host:5070;transport=tcp;tag=no>;tag=yes';
  assert.equal(param(value, 'tag'), 'yes');
  assert.equal(param(value, 'transport'), undefined);
  assert.equal(uriOf(value), 'sip:bob@host:5070;transport=tcp;tag=no');
  assert.equal(userOf(value), 'bob');
  assert.deepEqual(targetOf(uriOf(value)), { address: 'host', port: 5070, transport: 'tcp' });
});

test('RFC 2617 §3.5: the example credentials come out as printed there', () => {
  const challenge =
    'Digest realm="testrealm@host.com", qop="auth", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", opaque="5ccc"';
  const login = { username: 'Mufasa', password: 'Circle Of Life' };
  const value = answerChallenge(challenge, login, { method: 'GET', uri: '/dir/index.html', cnonce: '0a4f113b' });
  assert.match(value, /response="6629fae49393a05397450978507c4ef1"/);
  assert.ok(credentialsMatch(value, login, { method: 'GET', nonce: 'dcd98b7102dd2f0e8b11d0f600bfb0c093' }));
  assert.ok(
    !credentialsMatch(
      value,
      { ...login, password: 'x' },
      { method: 'GET', nonce: 'dcd98b7102dd2f0e8b11d0f600bfb0c093' },
    ),
  );
});

test('SDP: address, port, direction, codecs and telephone-event survive', () => {
  const sdp = readSdp(writeSdp({ address: '127.0.0.1', port: 4000, direction: 'sendonly', payloads: [8], events: 96 }));
  assert.deepEqual(
    [sdp.address, sdp.port, sdp.direction, sdp.payloads, sdp.events],
    ['127.0.0.1', 4000, 'sendonly', [8], 96],
  );
  assert.equal(mirrored(sdp.direction), 'recvonly');
});
