import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeDialFault, dialFaults, isAnonymous } from './dial-rules.ts';
import { canonicalE164, canonicalNumber } from './e164.ts';
import { hasControl, headerFaults, isProtectedHeader } from './header-rules.ts';
import { parseApplication } from './parse.ts';
import type { DialVerb } from './types.ts';
import { unsupported } from './unsupported.ts';

const bob = { type: 'user', name: 'bob' };
const phone = { type: 'phone', number: '+15551230001' };

function dial(options: object): DialVerb {
  const parsed = parseApplication([{ verb: 'dial', target: [bob], ...options }]);
  assert.ok(parsed.ok);
  return parsed.verbs[0] as DialVerb;
}

test('a canonical number is ASCII digits, no leading zero, at most fifteen', () => {
  const rows: [string, string | undefined][] = [
    ['+15551230001', '15551230001'],
    ['15551230001', '15551230001'],
    ['+1 (555) 123-00.01', '15551230001'],
    ['112', '112'],
    ['123456789012345', '123456789012345'],
    ['1234567890123456', undefined],
    ['0015551230001', undefined],
    ['+0155', undefined],
    ['', undefined],
    ['+', undefined],
    ['++1555', undefined],
    ['1+555', undefined],
    ['+1555#', undefined],
    ['*67', undefined],
    ['+1555;phone-context=+1', undefined],
    ['+1555;ext=2', undefined],
    ['tel:+1555', undefined],
    ['1800FLOWERS', undefined],
    ['+１５５５１２３０００１', undefined],
    ['+١٥٥٥', undefined],
    ['+1555\u00a01230001', undefined],
    ['+1555\n1230001', undefined],
    ['+1555%30', undefined],
    ['1e9', undefined],
    [`+1${'-'.repeat(1000)}5`, undefined],
  ];
  for (const [given, want] of rows) assert.equal(canonicalNumber(given), want, JSON.stringify(given));
});

test('a caller id needs a whole international number: short codes and extensions are none', () => {
  assert.equal(canonicalE164('+15551230001'), '15551230001');
  assert.equal(canonicalE164('1001'), undefined);
  assert.equal(canonicalE164('112'), undefined);
});

const rows: [string, object, RegExp | undefined][] = [
  ['a user', {}, undefined],
  ['no target', { target: [] }, /^target: expected at least one/],
  ['ten targets', { target: Array.from({ length: 10 }, (_, i) => ({ type: 'user', name: `u${i}` })) }, undefined],
  [
    'eleven targets',
    { target: Array.from({ length: 11 }, (_, i) => ({ type: 'user', name: `u${i}` })) },
    /^target: expected at most 10 .* got 11/,
  ],
  [
    'eleven targets, ten of them different',
    { target: [bob, ...Array.from({ length: 10 }, (_, i) => ({ type: 'user', name: `u${i % 9}` }))] },
    undefined,
  ],
  [
    'a phone without number',
    { target: [bob, { type: 'phone' }] },
    /^target\[1\]\.number: expected E\.164 .* got nothing$/,
  ],
  [
    'a teams user without number',
    { target: [{ type: 'teams' }] },
    /^target\[0\]\.number: expected E\.164 .* got nothing$/,
  ],
  [
    'a sip target without URI',
    { target: [{ type: 'sip', name: 'x' }] },
    /^target\[0\]\.sipUri: expected a SIP URI .* got nothing$/,
  ],
  [
    'a user without name',
    { target: [{ type: 'user' }] },
    /^target\[0\]\.name: expected a registered user.* got nothing$/,
  ],
  [
    'a number with an international prefix',
    { target: [{ type: 'phone', number: '00882' }] },
    /^target\[0\]\.number: expected E\.164/,
  ],
  [
    'a URI that is no SIP URI',
    { target: [{ type: 'sip', sipUri: 'mailto:a@b' }] },
    /^target\[0\]\.sipUri: expected a SIP URI/,
  ],
  [
    'a URI with a line break',
    { target: [{ type: 'sip', sipUri: 'sip:a@b\r\nX: y' }] },
    /^target\[0\]\.sipUri: expected/,
  ],
  [
    'a URI that closes its brackets',
    { target: [{ type: 'sip', sipUri: 'sip:a@b>;x=<' }] },
    /^target\[0\]\.sipUri: expected/,
  ],
  ['a SIPS URI', { target: [{ type: 'sip', sipUri: 'SIPS:a@b;transport=tls' }] }, undefined],
  [
    'a name with a quote',
    { target: [{ type: 'user', name: 'a"b' }] },
    /^target\[0\]\.name: expected a registered user/,
  ],
  ['a proxy with a blank', { target: [{ ...bob, proxy: 'a b' }] }, /^target\[0\]\.proxy:/],
  ['a proxy of another scheme', { target: [{ ...bob, proxy: 'http://a' }] }, /^target\[0\]\.proxy: expected a SIP URI/],
  ['a proxy of the dial of another scheme', { target: [bob], proxy: 'http://a' }, /^proxy: expected a SIP URI/],
  ['a proxy by address', { target: [{ ...bob, proxy: '192.0.2.1:5070' }] }, undefined],
  ['a proxy with parameters', { target: [{ ...bob, proxy: 'sip:[2001:db8::1]:5070;transport=tcp;lr' }] }, undefined],
  ['a key that no phone has', { target: [bob], dtmfCapture: ['1', 'x'] }, /^dtmfCapture\[1\]: expected 1 to 32 keys/],
  [
    'such a key for one party',
    { target: [bob], dtmfCapture: { parentCall: ['x'] } },
    /^dtmfCapture\.parentCall\[0\]: expected/,
  ],
  ['a from user with brackets', { target: [{ ...bob, from: { user: '<x>' } }] }, /^target\[0\]\.from\.user:/],
  [
    'a password with a line break',
    { target: [{ ...bob, auth: { username: 'u', password: 'a\nb' } }] },
    /^target\[0\]\.auth\.password:/,
  ],
  [
    'a prefix smuggled in as overrideTo',
    { target: [{ ...phone, overrideTo: '00882' }] },
    /^target\[0\]\.overrideTo: expected E\.164/,
  ],
  ['E.164 to a phone', { target: [phone], callerId: '+15551230009' }, undefined],
  ['E.164 without + to a phone', { target: [phone], callerId: '15551230009' }, undefined],
  ['anonymous to a phone', { target: [phone], callerId: 'anonymous' }, undefined],
  ['Restricted to a phone', { target: [phone], callerId: 'Restricted' }, undefined],
  [
    'an extension to a phone',
    { target: [phone], callerId: '1001' },
    /^callerId: expected for a phone or teams target E\.164/,
  ],
  ['an extension to a phone among users', { target: [bob, phone], callerId: '1001' }, /^callerId:/],
  ['a name to a teams user', { target: [{ type: 'teams', number: '+15551230001' }], callerId: 'Ann' }, /^callerId:/],
  ['an extension to a user', { callerId: '1001' }, undefined],
  ['a name to a sip target', { target: [{ type: 'sip', sipUri: 'sip:a@b' }], callerId: 'ann.b' }, undefined],
  ['a caller id that closes the quotes', { callerId: 'a"<sip:x>' }, /^callerId: expected a number/],
  ['a caller name with a line break', { callerName: 'Ann\r\nVia: x' }, /^callerName:/],
  [
    'a protected header',
    { headers: { VIA: 'x' } },
    /^headers\.VIA: expected a header an application may set, got one that Graine sets/,
  ],
  [
    'a protected header of a target',
    { target: [{ ...bob, headers: { 'content-Length': '0' } }] },
    /^target\[0\]\.headers\["content-Length"\]: expected a header an/,
  ],
];
for (const [title, options, want] of rows)
  test(`${title}: ${want === undefined ? 'may be dialled' : 'refused with the reason'}`, () => {
    const faults = dialFaults(dial(options)).map(describeDialFault);
    if (want === undefined) assert.deepEqual(faults, []);
    else assert.match(faults.join('\n'), want);
  });

test('anonymous is a whole word', () => {
  assert.equal(isAnonymous('Anonymous'), true);
  assert.equal(isAnonymous('anonymous1'), false);
});

test('no spelling of what routes, frames or authenticates is allowed', () => {
  const names =
    'Via v From f To t Call-ID i CSeq Contact m Route Record-Route Max-Forwards Content-Type c Content-Length l Content-Foo e Authorization Proxy-Authorization Identity y';
  for (const name of names.split(' ')) {
    assert.equal(isProtectedHeader(name), true, name);
    assert.equal(isProtectedHeader(name.toUpperCase()), true, name);
  }
  for (const name of [
    'X-Custom',
    'Diversion',
    'User-to-User',
    'P-Asserted-Identity',
    'Alert-Info',
    'Subject',
    'Privacy',
  ])
    assert.equal(isProtectedHeader(name), false, name);
});

test('a header cannot end its line, be no token, or outgrow its bounds', () => {
  const bad: Record<string, string>[] = [
    { 'X-A': 'a\r\nVia: b' },
    { 'X-A': 'a\0' },
    { 'X-A': 'a\u0085b' },
    { 'X-A': '\u2028' },
    { 'X-A:': 'b' },
    { 'X-A ': 'b' },
    { '': 'b' },
    { 'X-Ä': 'b' },
    { 'Via\t': 'b' },
    { 'X-A': 'x'.repeat(1025) },
    { ['X-'.repeat(40)]: 'x' },
    Object.fromEntries(Array.from({ length: 51 }, (_, i) => [`X-${i}`, 'x'])),
    Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`X-${i}`, 'x'.repeat(1000)])),
  ];
  for (const headers of bad) assert.ok(headerFaults(headers).length > 0, JSON.stringify(headers).slice(0, 60));
  assert.deepEqual(headerFaults({ 'X-A': 'tab\tand ünicode', 'User-to-User': '00;encoding=hex' }), []);
});

test('a fault never repeats control characters', () => {
  const [fault] = headerFaults({ 'X\r\n\u001b[31m': 'x' });
  assert.ok(fault !== undefined && !hasControl(describeDialFault(fault)));
});

test('what cannot run yet is named', () => {
  const parsed = parseApplication([
    { verb: 'answer' },
    { verb: 'lex', botId: 'x' },
    {
      verb: 'dial',
      target: [bob, { type: 'teams', number: '1' }, { ...phone, confirmHook: '/c' }],
      srtpEncryption: 'dtls',
    },
    {
      verb: 'dial',
      target: [bob, phone],
      actionHook: '/a',
      dialMusic: 'x',
      headers: {},
      exitMediaPath: false,
      boostAudioSignal: '0 dB',
      dub: [],
    },
  ]);
  assert.ok(parsed.ok);
  assert.deepEqual(unsupported(parsed.verbs), [{ path: '[1]', verb: 'lex' }]);
});
