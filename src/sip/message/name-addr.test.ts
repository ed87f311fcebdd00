import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HeaderFault } from './headers.ts';
import { formatNameAddr, parseNameAddr, parseNameAddrs, tagOf } from './name-addr.ts';
import { formatVia, parseVia } from './via.ts';

const uri = { scheme: 'sip' as const, user: 'a', host: 'h', params: new Map() };

test('quoted, plain and missing display names are read', () => {
  assert.equal(parseNameAddr('"Bob \\"B\\\\\\" X" <sip:a@h>')?.displayName, 'Bob "B\\" X');
  assert.equal(parseNameAddr("Bob O'Neil <sip:a@h>")?.displayName, "Bob O'Neil");
  assert.equal(parseNameAddr('Bob<sip:a@h>')?.displayName, 'Bob');
  for (const text of ['<sip:a@h>', 'sip:a@h', '"" <sip:a@h>'])
    assert.equal(parseNameAddr(text)?.displayName, undefined);
});

test('§20.10 without brackets parameters belong to the header, with brackets to the URI', () => {
  const bare = parseNameAddr('sip:a@h;tag=1 ; x = "y;z"')!;
  assert.equal(tagOf(bare), '1');
  assert.equal(bare.params.get('x'), 'y;z');
  assert.equal(bare.uri.params.size, 0);
  const bracketed = parseNameAddr('<sip:a@h;lr>;TAG=2')!;
  assert.equal(tagOf(bracketed), '2');
  assert.equal(bracketed.uri.params.get('lr'), true);
});

const bad = [
  '', '*', '<sip:a@h', 'sip:a@h>', '"Bob <sip:a@h>', '"Bob" sip:a@h', 'a, b <sip:a@h>', 'a;b <sip:a@h>', 'a"b <sip:a@h>', '< sip:a@h >', '<>', '<sip:a@h> x',
  '<sip:a@h>;', '<sip:a@h>;;a', '<sip:a@h>;a=1;a=2', '<sip:a@h>;a="b', 'sip:a@h?x=y', 'sip:a,b@h', '<sip:a@h><sip:b@h>',
]; // prettier-ignore
for (const text of bad)
  test(`${JSON.stringify(text)} is no address`, () => assert.equal(parseNameAddr(text), undefined));

test('a list is read whole or not at all', () => {
  assert.equal(parseNameAddrs('"a, b" <sip:a@h>, sip:b@h')?.length, 2);
  assert.equal(parseNameAddrs('sip:a@h, , sip:b@h'), undefined);
});

test('A10 D6 a display name is quoted and escaped, and cannot hold a line break', () => {
  assert.equal(
    formatNameAddr({ displayName: 'a" <sip:x@y>, \\', uri, params: new Map() }),
    '"a\\" <sip:x@y>, \\\\" <sip:a@h>',
  );
  assert.equal(formatNameAddr({ displayName: 'Bob', uri, params: new Map([['tag', 'x']]) }), 'Bob <sip:a@h>;tag=x');
  for (const displayName of ['a\r\nVia: x', 'a\nb', 'a\0', '\x1b[0m']) {
    assert.throws(() => formatNameAddr({ displayName, uri, params: new Map() }), HeaderFault);
  }
});

const vias: Array<[text: string, printed: string]> = [
  ['SIP/2.0/UDP 192.0.2.1', 'SIP/2.0/UDP 192.0.2.1'],
  ['SIP/2.0/udp Host.Example:5060;rport;branch=z9hG4bKx', 'SIP/2.0/UDP host.example:5060;rport;branch=z9hG4bKx'],
  ['SIP / 2.0 / TCP   h : 5070 ; branch = x', 'SIP/2.0/TCP h:5070;branch=x'],
  [
    'SIP/2.0/WSS df7jal23ls0d.invalid;branch=x;received=2001:db8::1',
    'SIP/2.0/WSS df7jal23ls0d.invalid;branch=x;received=2001:db8::1',
  ],
  ['SIP/2.0/TLS [2001:db8::1]:5061;received=[::1]', 'SIP/2.0/TLS [2001:db8::1]:5061;received=[::1]'],
];
for (const [text, printed] of vias) {
  test(`§20.42 Via "${text}" is read`, () => assert.equal(formatVia(parseVia(text)!), printed));
}
for (const text of [
  '',
  'SIP/2.0/UDP',
  'SIP/2.0/ h',
  'SIP/2.0 UDP h',
  'SIP/2.0/UDP h:',
  'SIP/2.0/UDP h:x',
  'SIP/2.0/UDP h : ',
  'SIP/2.0/UDP h x',
  'SIP/2.0/UDP h;;',
  'SIP/2.0/UDP h, SIP/2.0/UDP i',
  'SIP/2.0/UDP h;branch=1;branch=2',
  'SIP/2.0/UDP h:1:2',
  'SIP/2.0/UDP h:1 : 2',
]) {
  test(`§20.42 "${text}" is no Via`, () => assert.equal(parseVia(text), undefined));
}
