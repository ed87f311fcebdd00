import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseMessage, type ParseOptions } from './parse.ts';
import type { SipMessage, SipRequest } from './types.ts';

const lines = [
  'INVITE sip:bob@example.com SIP/2.0',
  'Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1',
  'Max-Forwards: 70',
  'From: "Alice" <sip:alice@example.com>;tag=a1',
  'To: <sip:bob@example.com>',
  'Call-ID: c1@192.0.2.1',
  'CSeq: 1 INVITE',
  'Contact: <sip:alice@192.0.2.1>',
];

/** The example with lines of the same header name replaced, and others added. */
function example(...changes: string[]): Buffer {
  const changed = new Set(changes.map((line) => line.split(':')[0]));
  const kept = lines.filter((line, i) => i === 0 || !changed.has(line.split(':')[0]));
  return Buffer.from([...kept, ...changes, '', ''].join('\r\n'));
}

function without(name: string): Buffer {
  return Buffer.from([...lines.filter((line) => !line.startsWith(`${name}:`)), '', ''].join('\r\n'));
}

function read(bytes: Buffer, options?: ParseOptions): SipMessage {
  const result = parseMessage(bytes, options);
  assert.ok(result.ok, result.ok ? '' : result.fault);
  return result.message;
}

function refused(
  bytes: Buffer,
  options?: ParseOptions,
): { fault: string; status: number | undefined; request: SipRequest | undefined } {
  const result = parseMessage(bytes, options);
  assert.ok(!result.ok, 'it was accepted');
  return { fault: result.fault, status: result.status, request: result.request };
}

test('a request is read into its line, typed fields, headers and body', () => {
  const message = read(Buffer.concat([example('Content-Length: 4', 'X-Thing: 1'), Buffer.from('v=0\n')]));
  assert.equal(message.kind, 'request');
  assert.equal(message.kind === 'request' && message.method, 'INVITE');
  assert.equal(message.kind === 'request' && message.uri, 'sip:bob@example.com');
  assert.equal(message.via.params.get('branch'), 'z9hG4bK1');
  assert.equal(message.from.displayName, 'Alice');
  assert.equal(message.from.params.get('tag'), 'a1');
  assert.equal(message.to.uri.user, 'bob');
  assert.deepEqual(message.cseq, { number: 1, method: 'INVITE' });
  assert.equal(message.callId, 'c1@192.0.2.1');
  assert.equal(message.headers.get('x-thing'), '1');
  assert.equal(message.body.toString(), 'v=0\n');
});

test('typed fields follow a header that is changed', () => {
  const message = read(example());
  assert.equal(message.via.port, 5060);
  message.headers.replaceFirst('v', 'SIP/2.0/TCP other.example.com;branch=z9hG4bK2');
  assert.equal(message.via.host, 'other.example.com');
});

test('compact and oddly cased names are the same headers', () => {
  const text = example()
    .toString()
    .replace('Via:', 'v :')
    .replace('Call-ID:', 'I:')
    .replace('Contact:', 'm\t:')
    .replace('From:', 'fROM:');
  const message = read(Buffer.from(text));
  assert.equal(message.callId, 'c1@192.0.2.1');
  assert.equal(message.headers.get('Contact'), '<sip:alice@192.0.2.1>');
  assert.deepEqual([...message.headers.entries()].map(([name]) => name).sort(), [
    'CSeq',
    'Call-ID',
    'Contact',
    'From',
    'Max-Forwards',
    'To',
    'Via',
  ]);
});

test('§7.3.1 folded lines are one line; lists split at commas outside quotes and brackets', () => {
  const message = read(
    example(
      'Subject: one\r\n  two\r\n\tthree',
      'Contact: "a, b" <sip:a@x.example;p=1>;q=0.5,<sip:c,c@y.example>,\r\n sip:d@z.example',
    ),
  );
  assert.equal(message.headers.get('Subject'), 'one two three');
  assert.deepEqual(message.headers.all('m').slice(0, 1), ['"a, b" <sip:a@x.example;p=1>;q=0.5']);
  assert.equal(message.headers.all('Contact').length, 3);
});

test('From, Date and challenges are never split at their commas', () => {
  const message = read(
    example(
      'Date: Sat, 15 Oct 2005 04:44:56 GMT',
      'WWW-Authenticate: Digest realm="a, b", nonce="c", qop="auth,auth-int"',
    ),
  );
  assert.equal(message.headers.get('Date'), 'Sat, 15 Oct 2005 04:44:56 GMT');
  assert.deepEqual(message.headers.all('WWW-Authenticate'), ['Digest realm="a, b", nonce="c", qop="auth,auth-int"']);
});

test('token lists are stored as they came and split when read', () => {
  const message = read(example('Supported: timer, 100rel', 'k: path'));
  assert.deepEqual(message.headers.all('Supported'), ['timer', '100rel', 'path']);
  assert.equal(message.headers.get('supported'), 'timer');
});

test('a response is read', () => {
  const message = read(Buffer.from(['SIP/2.0 180 Ringing now', ...lines.slice(1), '', ''].join('\r\n')));
  assert.ok(message.kind === 'response');
  assert.equal(message.status, 180);
  assert.equal(message.reason, 'Ringing now');
});

test('§7.5 empty lines before the start line are ignored', () => {
  assert.equal(read(Buffer.concat([Buffer.from('\r\n\r\n'), example()])).callId, 'c1@192.0.2.1');
});

test('display names come as UTF-8, and as Latin-1 from those who still send it', () => {
  const utf8 = read(Buffer.from(example('From: "Müller" <sip:m@example.com>;tag=1').toString(), 'utf8'));
  assert.equal(utf8.from.displayName, 'Müller');
  const latin1 = read(Buffer.from(example('From: "Müller" <sip:m@example.com>;tag=1').toString(), 'latin1'));
  assert.equal(latin1.from.displayName, 'Müller');
});

test('a body that is not text does not change how the head is read', () => {
  const head = example('From: "Zoë" <sip:z@example.com>;tag=1', 'Content-Length: 3');
  const message = read(Buffer.concat([head, Buffer.from([0xff, 0xfe, 0x00])]));
  assert.equal(message.from.displayName, 'Zoë');
  assert.deepEqual([...message.body], [0xff, 0xfe, 0x00]);
});

for (const name of ['Via', 'From', 'To', 'Call-ID', 'CSeq']) {
  test(`a request without ${name} is dropped, not answered`, () => {
    const { fault, request } = refused(without(name));
    assert.equal(fault, `no ${name}`);
    assert.equal(request, undefined);
  });
}

test('a fault in one header still leaves a request to answer', () => {
  const { fault, status, request } = refused(example('Contact: <sip:'));
  assert.equal(fault, 'malformed Contact');
  assert.equal(status, 400);
  assert.equal(request?.callId, 'c1@192.0.2.1');
});

test('§17.1.1.3 a bad ACK is never answered', () => {
  const text = example('Contact: <sip:')
    .toString()
    .replace(/INVITE/g, 'ACK');
  assert.equal(refused(Buffer.from(text)).status, undefined);
});

test('bytes that are not SIP are dropped', () => {
  for (const text of [
    '',
    '\r\n\r\n',
    'GET / HTTP/1.1\r\n\r\n',
    'hello',
    'SIP/2.0 99 No\r\n\r\n',
    'SIP/2.0 700 No\r\n\r\n',
    '\0\0\0\0',
  ]) {
    const { status } = refused(Buffer.from(text));
    assert.equal(status, undefined, text);
  }
});

test('what real peers send against the grammar, with one reading only, is read', () => {
  const message = read(
    example(
      'From: <sip:a@h.example;rv=YWJj==>;tag=a/b+c==',
      'To: <sip:b@my_host.example>;epid=',
      'Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1@x=;rport=',
      'P-Asserted-Identity: <tel:anonymous>, "x" <sip:>',
    ),
  );
  assert.equal(message.from.params.get('tag'), 'a/b+c==');
  assert.equal(message.from.uri.params.get('rv'), 'YWJj==');
  assert.equal(message.via.params.get('branch'), 'z9hG4bK1@x=');
  assert.deepEqual(message.headers.all('P-Asserted-Identity'), ['<tel:anonymous>', '"x" <sip:>']);
});

// Attack A3: bounds. Each at its limit and one above.
const limits = { total: 4000, headerLine: 300, headers: 20, vias: 5, routes: 6, uri: 100 };

test('A3 a message at the total limit is read and one byte more is refused', () => {
  const fill = (length: number): Buffer => Buffer.concat([example(), Buffer.alloc(length - example().length)]);
  read(fill(4000), { limits });
  assert.match(refused(fill(4001), { limits }).fault, /longer than 4000/);
});

test('A3 a header line at its limit is read and one byte more is refused with 400', () => {
  read(example(`X-Long: ${'a'.repeat(292)}`), { limits });
  const { fault, status } = refused(example(`X-Long: ${'a'.repeat(293)}`), { limits });
  assert.equal(fault, 'header X-Long is too long');
  assert.equal(status, 400);
});

test('A3 headers, Vias and routes are counted', () => {
  const many = (name: string, n: number): string[] =>
    Array.from({ length: n }, (_, i) => `${name}: <sip:h${i}.example.com;lr>`);
  read(example(...Array.from({ length: 13 }, (_, i) => `X-${i}: 1`)), { limits });
  assert.equal(
    refused(example(...Array.from({ length: 14 }, (_, i) => `X-${i}: 1`)), { limits }).fault,
    'more than 20 headers',
  );
  read(example(...many('Route', 5)), { limits });
  assert.match(refused(example(...many('Route', 6)), { limits }).fault, /too many Contact|too many Route/);
  const via = 'SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1';
  read(example(`Via: ${Array.from({ length: 5 }, () => via).join(',')}`), { limits });
  assert.equal(
    refused(example(`Via: ${Array.from({ length: 6 }, () => via).join(',')}`), { limits }).fault,
    'too many Via values',
  );
});

test('A3 a Request-URI above its limit gets 414', () => {
  const bytes = Buffer.from(
    example()
      .toString()
      .replace('sip:bob@', `sip:${'b'.repeat(100)}@`),
  );
  const { status, request } = refused(bytes, { limits });
  assert.equal(status, 414);
  assert.equal(request?.callId, 'c1@192.0.2.1');
});

test('A3 10,000 headers and a 60 kB header are refused by the default limits', () => {
  assert.equal(
    refused(Buffer.from(`${lines.join('\r\n')}\r\n${'a:b\r\n'.repeat(10_000)}\r\n`)).fault,
    'more than 256 headers',
  );
  assert.match(refused(example(`X: ${'a'.repeat(60_000)}`)).fault, /too long/);
});

// Attack A4: what peers read differently.
const hostile: Array<[what: string, bytes: Buffer]> = [
  ['a bare CR in a value', example('X-A: one\rX-B: two')],
  ['a bare LF in a value', example('X-A: one\nX-B: two')],
  ['NUL in a value', example('X-A: one\0two')],
  ['DEL in a value', example('X-A: one\x7ftwo')],
  ['an escape sequence in a display name', example('From: "\x1b[2J" <sip:a@example.com>;tag=1')],
  ['a C1 control in a value', Buffer.from(example('X-A: one\u009btwo').toString(), 'utf8')],
  ['a header line without a colon', example('X-A one')],
  ['a header line without a name', example(': one')],
  ['a control byte before the colon', example('Route\x0b: <sip:x.example.com>')],
  ['a quote in a name', example('X"A: one')],
  ['no empty line at the end', example().subarray(0, -2)],
  ['a fold of the start line', Buffer.from(example().toString().replace('\r\nVia', '\r\n folded\r\nVia'))],
  ['an unclosed quote in a list', example('Contact: "a <sip:a@b.example>, <sip:c@d.example>')],
  ['a parameter that comes twice', example('To: <sip:b@example.com>;tag=1;tag=2')],
  ['two addresses in From', example('From: <sip:a@example.com>;tag=1, <sip:b@example.com>')],
  ['an @ twice in a URI', example('To: <sip:a@b@example.com>')],
];
for (const [what, bytes] of hostile) {
  test(`A4 a message with ${what} is refused`, () => {
    assert.equal(parseMessage(bytes).ok, false);
  });
}

for (const name of ['From', 'To', 'Call-ID', 'CSeq', 'Max-Forwards', 'Content-Type', 'Expires']) {
  test(`A4 a second ${name}, long or short form, is refused`, () => {
    const line = lines.find((each) => each.startsWith(name)) ?? `${name}: 1`;
    const twice = lines.includes(line) ? [line] : [line, line];
    const bytes = Buffer.from([...lines, ...twice, '', ''].join('\r\n'));
    assert.equal(refused(bytes).fault, `more than one ${name}`);
  });
}

test('A4 spaces before the colon are no part of the name (CVE-2020-28361)', () => {
  const message = read(example('P-Asserted-Identity \t : <sip:boss@example.com>'));
  assert.equal(message.headers.get('P-Asserted-Identity'), '<sip:boss@example.com>');
  message.headers.delete('p-asserted-identity');
  assert.equal(message.headers.has('P-Asserted-Identity'), false);
});

test('A5 a header is found and deleted whatever its spelling', () => {
  const message = read(
    example('P-ASSERTED-identity: <sip:boss@example.com>', 'y: forged', 'IDENTITY : forged too', 'x-Secret: 1'),
  );
  for (const name of ['P-Asserted-Identity', 'Identity', 'X-SECRET']) message.headers.delete(name);
  assert.deepEqual(
    [...message.headers.entries()].map(([name]) => name),
    lines.slice(1).map((line) => line.split(':')[0]),
  );
});

test('A4 Content-Length rules: shorter cuts, longer is refused, disagreeing is refused, the same twice is one', () => {
  const body = Buffer.from('0123456789');
  const withBody = (...changes: string[]): Buffer => Buffer.concat([example(...changes), body]);
  assert.equal(read(withBody('l: 4')).body.toString(), '0123');
  assert.equal(read(withBody()).body.length, 10);
  assert.equal(refused(withBody('l: 11')).status, 400);
  assert.equal(refused(withBody('l: 4', 'Content-Length: 5')).fault, 'more than one Content-Length');
  assert.equal(read(withBody('l: 4', 'Content-Length: 4')).body.length, 4);
  for (const bad of ['-1', '4x', '0x4', '', '4 4', '4294967296', '+4']) {
    assert.equal(refused(withBody(`Content-Length: ${bad}`)).fault, 'malformed Content-Length', bad);
  }
});

test('A4 on a stream Content-Length must be there and be what came', () => {
  const body = Buffer.from('0123');
  read(Buffer.concat([example('l: 4'), body]), { stream: true });
  assert.match(refused(Buffer.concat([example(), body]), { stream: true }).fault, /no Content-Length/);
  assert.match(refused(Buffer.concat([example('l: 3'), body]), { stream: true }).fault, /framed/);
});

// Attack A9: numbers at their edge.
const edges: Array<[good: string, bad: string]> = [
  ['CSeq: 2147483647 INVITE', 'CSeq: 2147483648 INVITE'],
  ['CSeq: 0 INVITE', 'CSeq: 4294967295 INVITE'],
  ['CSeq: 00000000001 INVITE', 'CSeq: -1 INVITE'],
  ['Max-Forwards: 255', 'Max-Forwards: 256'],
  ['Expires: 4294967295', 'Expires: 4294967296'],
  ['Expires: 0', 'Expires: 1e3'],
  ['To: <sip:b@example.com:65535>', 'To: <sip:b@example.com:65536>'],
  ['Via: SIP/2.0/UDP h.example:65535;branch=z9hG4bK1', 'Via: SIP/2.0/UDP h.example:65536;branch=z9hG4bK1'],
  ['RSeq: 4294967295', 'RSeq: 99999999999999999999'],
];
for (const [good, bad] of edges) {
  test(`A9 "${good}" is read, "${bad}" is refused and does not wrap`, () => {
    read(example(good));
    assert.equal(parseMessage(example(bad)).ok, false);
  });
}
