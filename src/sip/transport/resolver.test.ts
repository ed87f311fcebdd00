import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock, SeededRandom, silentLog } from '../../base/index.ts';
import { type DnsResolver, type NaptrRecord, orderSrv, type SrvRecord } from './dns.ts';
import { NextHops } from './resolver.ts';
import type { TransportName } from './types.ts';

type Zone = {
  naptr?: Record<string, NaptrRecord[]>;
  srv?: Record<string, SrvRecord[]>;
  addresses?: Record<string, string[]>;
};

function setUp(zone: Zone, transports?: TransportName[]): { hops: NextHops; clock: FakeClock; asked: string[] } {
  const asked: string[] = [];
  const look =
    <T>(kind: keyof Zone, table: Record<string, T[]> | undefined) =>
    (name: string): Promise<readonly T[]> => {
      asked.push(`${kind} ${name}`);
      const found = table?.[name];
      return found === undefined ? Promise.reject(new Error('ENOTFOUND')) : Promise.resolve(found);
    };
  const dns: DnsResolver = {
    naptr: look('naptr', zone.naptr),
    srv: look('srv', zone.srv),
    addresses: look('addresses', zone.addresses),
  };
  const clock = new FakeClock();
  const hops = new NextHops({
    clock,
    random: new SeededRandom(7),
    log: silentLog,
    dns,
    ...(transports ? { transports } : {}),
  });
  return { hops, clock, asked };
}

const text = (hops: readonly { transport: string; address: string; port: number }[]): string[] =>
  hops.map(({ transport, address, port }) => `${transport} ${address} ${port}`);
const srv = (name: string, port: number, priority = 1, weight = 0): SrvRecord => ({ name, port, priority, weight });

const literals: Array<[uri: string, hop: string]> = [
  ['sip:192.0.2.1', 'udp 192.0.2.1 5060'],
  ['sip:bob@192.0.2.1:5070;transport=TCP', 'tcp 192.0.2.1 5070'],
  ['<sip:192.0.2.1;lr>', 'udp 192.0.2.1 5060'],
  ['sip:[2001:db8::1]', 'udp 2001:db8::1 5060'],
  ['sips:192.0.2.1', 'tls 192.0.2.1 5061'],
  ['sips:192.0.2.1;transport=tcp', 'tls 192.0.2.1 5061'],
  ['sip:h.example;maddr=192.0.2.9', 'udp 192.0.2.9 5060'],
  ['sip:192.0.2.1;transport=ws', 'ws 192.0.2.1 80'],
];
for (const [uri, hop] of literals) {
  test(`RFC 3263 §4 ${uri} is ${hop}, at once`, () => {
    const { hops, asked } = setUp({});
    assert.deepEqual(text(hops.resolve(uri) as []), [hop]);
    assert.deepEqual(asked, []);
  });
}

test('what leads nowhere is nothing', async () => {
  const { hops } = setUp({});
  for (const uri of ['tel:+1', 'rubbish', 'sip:192.0.2.1;transport=sctp', 'sips:192.0.2.1;transport=udp', 'http://h']) {
    assert.deepEqual(hops.resolve(uri), [], uri);
  }
  assert.deepEqual(await hops.resolve('sip:nowhere.example'), []);
});

test('RFC 3263 §4.1 NAPTR chooses the transport, SRV the hosts, in their order', async () => {
  const naptr = (service: string, replacement: string, order: number): NaptrRecord => ({
    flags: 's',
    service,
    replacement,
    order,
    preference: 1,
  });
  const { hops } = setUp({
    naptr: {
      'h.example': [
        naptr('SIP+D2U', '_sip._udp.h.example', 20),
        naptr('SIP+D2T', '_sip._tcp.h.example', 10),
        naptr('SIPS+D2T', '_sips._tcp.h.example', 1),
      ],
    },
    srv: {
      '_sip._tcp.h.example': [srv('b.example', 5070, 2), srv('a.example', 5080, 1)],
      '_sip._udp.h.example': [srv('a.example', 5090)],
    },
    addresses: { 'a.example': ['192.0.2.1', '2001:db8::1'], 'b.example': ['192.0.2.2'] },
  });
  assert.deepEqual(text(await hops.resolve('sip:h.example')), [
    'tcp 192.0.2.1 5080', 'tcp 2001:db8::1 5080', 'tcp 192.0.2.2 5070', 'udp 192.0.2.1 5090', 'udp 2001:db8::1 5090',
  ]); // prettier-ignore
});

test('RFC 3263 §4.1 without NAPTR the SRV of every transport of ours is asked, then the address', async () => {
  const zone = { addresses: { 'h.example': ['192.0.2.1'], 'a.example': ['192.0.2.2'] } };
  const plain = setUp(zone);
  assert.deepEqual(text(await plain.hops.resolve('sip:h.example')), ['udp 192.0.2.1 5060']);
  assert.deepEqual(plain.asked, [
    'naptr h.example',
    'srv _sip._udp.h.example',
    'srv _sip._tcp.h.example',
    'srv _sips._tcp.h.example',
    'addresses h.example',
  ]);
  const withSrv = setUp({ ...zone, srv: { '_sip._tcp.h.example': [srv('a.example', 5066)] } });
  assert.deepEqual(text(await withSrv.hops.resolve('sip:h.example')), ['tcp 192.0.2.2 5066']);
});

test('RFC 3263 §4.2 a port or transport that is written skips what it decides', async () => {
  const zone = { addresses: { 'h.example': ['192.0.2.1'] } };
  const port = setUp(zone);
  assert.deepEqual(text(await port.hops.resolve('sip:h.example:5099')), ['udp 192.0.2.1 5099']);
  assert.deepEqual(port.asked, ['addresses h.example']);
  const transport = setUp(zone);
  assert.deepEqual(text(await transport.hops.resolve('sip:h.example;transport=tcp')), ['tcp 192.0.2.1 5060']);
  assert.deepEqual(transport.asked, ['srv _sip._tcp.h.example', 'addresses h.example']);
});

test('sips is never sent in the clear', async () => {
  const zone = {
    srv: { '_sip._udp.h.example': [srv('a.example', 1)], '_sips._tcp.h.example': [srv('a.example', 5061)] },
    addresses: { 'a.example': ['192.0.2.1'] },
  };
  assert.deepEqual(text(await setUp(zone, ['udp', 'tcp', 'tls']).hops.resolve('sips:h.example')), [
    'tls 192.0.2.1 5061',
  ]);
});

test('answers are believed for a minute, "there is none" for five seconds, and a question is asked once at a time', async () => {
  const { hops, clock, asked } = setUp({ addresses: { 'h.example': ['192.0.2.1'] } });
  const count = async (uri: string): Promise<number> => {
    asked.length = 0;
    await Promise.all([hops.resolve(uri), hops.resolve(uri)]);
    return asked.length;
  };
  assert.equal(await count('sip:h.example:5060'), 1);
  clock.advance(59_000);
  assert.equal(await count('sip:h.example:5060'), 0);
  clock.advance(2000);
  assert.equal(await count('sip:h.example:5060'), 1);
  assert.equal(await count('sip:none.example:5060'), 1);
  clock.advance(4999);
  assert.equal(await count('sip:none.example:5060'), 0);
  clock.advance(1);
  assert.equal(await count('sip:none.example:5060'), 1);
});

test('a silent DNS ends in time and leaves no timer', async () => {
  const clock = new FakeClock();
  const silent = (): Promise<never> => new Promise(() => {});
  const dns: DnsResolver = { naptr: silent, srv: silent, addresses: silent };
  const hops = new NextHops({ clock, random: new SeededRandom(1), log: silentLog, dns });
  const looking = hops.resolve('sip:h.example');
  clock.advance(6000);
  assert.deepEqual(await looking, []);
  await new Promise((resolve) => setImmediate(resolve));
  clock.advance(10_000);
  assert.deepEqual(clock.pending(), []);
});

test('one URI leads to sixteen hops at most', async () => {
  const many = Array.from({ length: 40 }, (_, i) => srv(`a${i}.example`, 5060));
  const addresses = Object.fromEntries(many.map(({ name }) => [name, ['192.0.2.1', '192.0.2.2']]));
  const { hops } = setUp({ srv: { '_sip._udp.h.example': many }, addresses });
  assert.equal((await hops.resolve('sip:h.example')).length, 16);
});

test('RFC 2782 SRV: lower priority first, and inside one by weight at random', () => {
  const random = new SeededRandom(3);
  const records = [srv('late', 1, 2, 100), srv('heavy', 1, 1, 90), srv('light', 1, 1, 10), srv('zero', 1, 1, 0)];
  const first = new Map<string, number>();
  for (let i = 0; i < 2000; i++) {
    const order = orderSrv(records, (below) => random.integer(below)).map(({ name }) => name);
    assert.equal(order.length, 4);
    assert.equal(order[3], 'late');
    first.set(order[0]!, (first.get(order[0]!) ?? 0) + 1);
  }
  assert.ok(Math.abs((first.get('heavy') ?? 0) - 1780) < 80);
  assert.ok((first.get('light') ?? 0) > 140 && (first.get('zero') ?? 0) > 5);
});

test('the system resolver knows localhost', async () => {
  const hops = new NextHops({ clock: new FakeClock(), random: new SeededRandom(1), log: silentLog });
  const found = await hops.resolve('sip:localhost:5060');
  assert.ok(text(found).includes('udp 127.0.0.1 5060'));
});

test('RFC 5922 §4 a secure hop keeps the name that was asked for, whatever SRV made of it; others need none', async () => {
  const zone = {
    srv: { '_sips._tcp.h.example': [srv('node7.cloud.example', 5071)] },
    addresses: { 'node7.cloud.example': ['192.0.2.7'], 'h.example': ['192.0.2.1'] },
  };
  assert.deepEqual(await setUp(zone).hops.resolve('sips:H.example'), [
    { transport: 'tls', address: '192.0.2.7', port: 5071, host: 'h.example' },
  ]);
  assert.deepEqual(await setUp(zone).hops.resolve('sip:h.example:5099;transport=tls'), [
    { transport: 'tls', address: '192.0.2.1', port: 5099, host: 'h.example' },
  ]);
  assert.deepEqual(await setUp(zone).hops.resolve('sip:h.example;transport=udp'), [
    { transport: 'udp', address: '192.0.2.1', port: 5060 },
  ]);
});

test('RFC 7118 §5.2 a name in .invalid leads nowhere, and DNS is not asked', () => {
  const { hops, asked } = setUp({});
  assert.deepEqual(hops.resolve('sip:x@df7jal23ls0d.INVALID;transport=ws'), []);
  assert.deepEqual(asked, []);
});
