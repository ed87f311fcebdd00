import assert from 'node:assert/strict';
import type { LookupAddress } from 'node:dns';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { refuseAddress, refusePort } from './address-rules.ts';
import { Places } from './destination.ts';
import { application, json, rig, turn } from './harness.test.ts';

const refusedUnlessPrivate = [
  '0.0.0.0',
  '10.1.2.3',
  '100.64.0.1',
  '127.0.0.1',
  '127.255.255.254',
  '172.16.0.1',
  '172.31.255.255',
  '192.168.1.1',
  '198.18.0.1',
  '198.19.255.255',
  '192.0.2.1',
  '203.0.113.9',
  '240.0.0.1',
  '::',
  '::1',
  'fc00::1',
  'fdff::1',
  '::ffff:10.0.0.1',
  '::ffff:7f00:1',
  '64:ff9b::10.0.0.1',
  '::10.0.0.1',
  '::ffff:0:192.168.0.1',
];
const refusedAlways = [
  '169.254.169.254',
  '169.254.170.2',
  '169.254.1.1',
  'fe80::1',
  'fe80::1%eth0',
  'fd00:ec2::254',
  'fd20:ce::254',
  '100.100.100.200',
  '168.63.129.16',
  '192.0.0.192',
  '::ffff:169.254.169.254',
  '64:ff9b::a9fe:a9fe',
  '::169.254.169.254',
  '::ffff:100.100.100.200',
  '2002:a9fe:a9fe::1',
  '2002:0a00:0001::1',
  '2001:0:0a00:1::1',
  '64:ff9b:1::1',
  '224.0.0.1',
  'ff02::1',
  '255.255.255.255',
  'not-an-address',
  '',
];
const open = [
  '8.8.8.8',
  '1.1.1.1',
  '172.32.0.1',
  '100.128.0.1',
  '2606:4700::1111',
  '64:ff9b::8.8.8.8',
  '::ffff:8.8.8.8',
];

for (const address of refusedUnlessPrivate)
  test(`${address} is reached only where private addresses are allowed`, () => {
    assert.notEqual(refuseAddress(address, false), undefined);
    assert.equal(refuseAddress(address, true), undefined);
  });
for (const address of refusedAlways)
  test(`"${address}" is never reached`, () => {
    assert.notEqual(refuseAddress(address, true), undefined);
    assert.notEqual(refuseAddress(address, false), undefined);
  });
for (const address of open) test(`${address} is reached`, () => assert.equal(refuseAddress(address, false), undefined));

test('no IPv4 address of the metadata range passes in any IPv6 dress', () => {
  fc.assert(
    fc.property(
      fc.nat(255),
      fc.nat(255),
      fc.constantFrom('::ffff:', '64:ff9b::', '::', '::ffff:0:'),
      (a, b, prefix) => {
        assert.notEqual(refuseAddress(`${prefix}169.254.${a}.${b}`, true), undefined);
      },
    ),
  );
});

const odd: [string, 'address-refused' | 'bad-url'][] = [
  ['http://2130706433/', 'address-refused'],
  ['http://0x7f.1/', 'address-refused'],
  ['http://0177.0.0.1/', 'address-refused'],
  ['http://127.1/', 'address-refused'],
  ['http://127.0.0.1./', 'address-refused'],
  ['http://0/', 'address-refused'],
  ['http://１２７.0.0.1/', 'address-refused'],
  ['http://[::1]/', 'address-refused'],
  ['http://[::ffff:127.0.0.1]/', 'address-refused'],
  ['http://[0:0:0:0:0:ffff:a9fe:a9fe]/', 'address-refused'],
  ['http://user:pw@169.254.169.254/', 'address-refused'],
  ['http://METADATA.google.internal/', 'address-refused'],
  ['http://metadata.google.internal./', 'address-refused'],
  ['http://example.com:22/', 'address-refused'],
  ['http://example.com:6379/', 'address-refused'],
  ['file:///etc/passwd', 'bad-url'],
  ['data:audio/wav;base64,AAAA', 'bad-url'],
  ['ftp://example.com/', 'bad-url'],
  ['gopher://example.com/', 'bad-url'],
  ['javascript:alert(1)', 'bad-url'],
  ['blob:http://example.com/x', 'bad-url'],
  ['http://', 'bad-url'],
  ['http://[::1%25eth0]/', 'bad-url'],
  ['http://a b/', 'bad-url'],
  [`http://example.com/${'x'.repeat(5000)}`, 'bad-url'],
];
for (const [url, kind] of odd)
  test(`${url.slice(0, 50)} is refused without a look-up`, () => {
    const place = new Places({ allowPrivate: false }).locate(url, undefined);
    assert.equal('refused' in place ? place.refused : 'passed', kind);
  });

test('what is shown of a refused URL holds neither credentials nor fragment', () => {
  for (const url of ['http://u:hush@10.0.0.1/a#hush', 'ftp://u:hush@example.com/#hush', 'http://u:hush@:99999/#hush']) {
    const place = new Places({ allowPrivate: false }).locate(url, undefined);
    assert.ok('refused' in place);
    assert.ok(!JSON.stringify(place).includes('hush'), JSON.stringify(place));
  }
});

test('no text makes the URL check throw', () => {
  const places = new Places({ allowPrivate: true });
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.webUrl(),
        fc.string().map((each) => `http://${each}`),
      ),
      fc.string(),
      (url, base) => {
        places.locate(url, base);
        places.destination({ url }, { url: base });
      },
    ),
  );
});

test('ports of other services are refused, web and high ports are not', () => {
  assert.notEqual(refusePort(25), undefined);
  assert.notEqual(refusePort(5060), undefined);
  for (const port of [0, 80, 443, 3000, 8080, 8443, 49_152]) assert.equal(refusePort(port), undefined);
});

const at = (...addresses: string[]): LookupAddress[] =>
  addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));

test('a name that resolves to a private address is refused', async (t) => {
  const app = await application(t, json([]));
  const { port } = new URL(app.origin);
  const resolve = (_name: string, done: (error: null, found: LookupAddress[]) => void): void =>
    done(null, at('127.0.0.1'));
  const { link, alerts } = rig(t, undefined, { allowPrivateAddresses: false, resolve });
  const answer = await link.request(`http://app.example.test:${port}/`, 'verb:hook', {});
  assert.equal(answer.ok ? '' : answer.kind, 'address-refused');
  assert.match(answer.ok ? '' : answer.message, /app\.example\.test is 127\.0\.0\.1, a loopback address/);
  assert.equal(app.seen.length, 0);
  assert.deepEqual(
    alerts.map(({ type }) => type),
    ['webhook-failure'],
  );
});

test('one bad address among good ones refuses the name', async (t) => {
  const resolve = (_name: string, done: (error: null, found: LookupAddress[]) => void): void =>
    done(null, at('127.0.0.1', '169.254.169.254'));
  const { link } = rig(t, undefined, { resolve });
  const answer = await link.request('http://app.example.test/', 'verb:hook', {});
  assert.equal(answer.ok ? '' : answer.kind, 'address-refused');
});

test('rebinding: the name is resolved once a connection, and only that checked answer is dialled', async (t) => {
  const app = await application(t, json([]));
  const { port } = new URL(app.origin);
  let looked = 0;
  // First answer: the application. Every later one: the metadata service.
  const resolve = (_name: string, done: (error: null, found: LookupAddress[]) => void): void =>
    done(null, at(looked++ === 0 ? '127.0.0.1' : '169.254.169.254'));
  const { link } = rig(t, undefined, { resolve });
  const url = `http://app.example.test:${port}/`;
  for (let i = 0; i < 3; i++) {
    assert.equal((await link.request(url, 'verb:hook', {})).ok, true);
    await turn();
  }
  assert.equal(looked, 1, 'pooled requests stay on the checked connection');
  assert.equal(app.seen.length, 3);
  // More requests at once than connections: new ones are checked anew, and refused.
  const answers = await Promise.all([link.request(url, 'verb:hook', {}), link.request(url, 'verb:hook', {})]);
  assert.ok(answers.some((answer) => !answer.ok && answer.kind === 'address-refused'));
});

test('a name without addresses and a failing resolver are broken connections', async (t) => {
  for (const resolve of [
    (_name: string, done: (error: null, found: LookupAddress[]) => void): void => done(null, []),
    (_name: string, done: (error: Error, found: LookupAddress[]) => void): void => done(new Error('SERVFAIL'), []),
  ]) {
    const { link } = rig(t, undefined, { resolve });
    const answer = await link.request('http://app.example.test/', 'verb:hook', {});
    assert.equal(answer.ok ? '' : answer.kind, 'connection');
  }
});
