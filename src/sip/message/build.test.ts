import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRequest, createResponse, serialize } from './build.ts';
import { HeaderFault } from './headers.ts';
import { Request } from './message.ts';
import { kindOf } from './names.ts';
import { parseMessage } from './parse.ts';

const init = { method: 'INVITE', uri: 'sip:b@h', from: '<sip:a@h>;tag=1', to: '<sip:b@h>', callId: 'c', cseq: 7 };

function incoming(...extra: Array<[string, string]>): Request {
  const request = createRequest({ ...init, headers: extra });
  request.headers.prepend('Via', 'SIP/2.0/UDP p2;branch=z9hG4bK2');
  request.headers.append('Via', 'SIP/2.0/UDP p1;branch=z9hG4bK1');
  return request;
}

test('§8.1.1 a request has Max-Forwards, From, To, Call-ID and CSeq, and its own body length', () => {
  const request = createRequest({
    ...init,
    body: Buffer.from('héllo'),
    contentType: 'text/plain',
    headers: [
      ['X-A', 'ü'],
      ['l', '999'],
    ],
  });
  const text = serialize(request).toString();
  assert.equal(
    text,
    'INVITE sip:b@h SIP/2.0\r\nMax-Forwards: 70\r\nFrom: <sip:a@h>;tag=1\r\nTo: <sip:b@h>\r\nCall-ID: c\r\nCSeq: 7 INVITE\r\nX-A: ü\r\nContent-Type: text/plain\r\nContent-Length: 6\r\n\r\nhéllo',
  );
});

test('§8.2.6 a response copies Via in order, From, To, Call-ID and CSeq, and gets a To tag', () => {
  const response = createResponse(incoming(), 486, undefined, { toTag: 't' });
  assert.deepEqual(
    [...response.headers.entries()],
    [
      ['Via', 'SIP/2.0/UDP p2;branch=z9hG4bK2'],
      ['Via', 'SIP/2.0/UDP p1;branch=z9hG4bK1'],
      ['From', '<sip:a@h>;tag=1'],
      ['To', '<sip:b@h>;tag=t'],
      ['Call-ID', 'c'],
      ['CSeq', '7 INVITE'],
    ],
  );
  assert.equal(response.reason, 'Busy Here');
});

test('§12.1.1 Record-Route is copied where a dialog may begin, and only there', () => {
  const request = incoming(['Record-Route', '<sip:p2;lr>'], ['Record-Route', '<sip:p1;lr>']);
  for (const status of [180, 200])
    assert.deepEqual(createResponse(request, status).headers.all('Record-Route'), ['<sip:p2;lr>', '<sip:p1;lr>']);
  for (const status of [100, 404]) assert.deepEqual(createResponse(request, status).headers.all('Record-Route'), []);
});

test('§8.2.6 a 100 has no To tag and the Timestamp; a To tag that is there stays', () => {
  const trying = createResponse(incoming(['Timestamp', '54']), 100, undefined, { toTag: 't' });
  assert.equal(trying.headers.get('To'), '<sip:b@h>');
  assert.equal(trying.headers.get('Timestamp'), '54');
  const request = createRequest({ ...init, to: '<sip:b@h>;tag=old' });
  assert.equal(createResponse(request, 200, undefined, { toTag: 'new' }).headers.get('To'), '<sip:b@h>;tag=old');
});

test('what is printed is read as the same message', () => {
  const request = incoming();
  const result = parseMessage(serialize(request));
  assert.ok(result.ok);
  assert.deepEqual([...result.message.headers.entries()].slice(0, -1), [...request.headers.entries()]);
});

test('D1 serialize refuses a start line that would break the message', () => {
  for (const uri of ['sip:b@h\r\nX: y', 'sip:b@h SIP/2.0', 'sip:b@h\0']) {
    assert.throws(
      () => serialize(new Request({ method: 'BYE', uri }, incoming().headers, Buffer.alloc(0))),
      HeaderFault,
    );
  }
  assert.throws(() => serialize(createResponse(incoming(), 200, 'OK\r\nX: y')), HeaderFault);
  assert.throws(() => createRequest({ ...init, callId: 'c\r\nX: y' }), HeaderFault);
});

test('A5 D1 serialize is the last gate: a value that came in unlooked at cannot break the message either', () => {
  for (const value of ['a\r\nX: y', 'a\r\n\r\nb', 'a\nb', 'a\rb', 'a\0b', '\x1b[2J']) {
    const request = createRequest(init);
    request.headers.own(kindOf('X-A'), value);
    assert.throws(() => serialize(request), HeaderFault, JSON.stringify(value));
  }
});

test('typed fields of an unfinished request say what is missing', () => {
  assert.throws(() => createRequest(init).via, /no valid Via/);
});
