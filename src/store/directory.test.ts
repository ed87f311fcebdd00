import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { startPostgres } from '../../test/kit/postgres.ts';
import { FakeClock, SeededRandom, silentLog, SystemClock } from '../base/index.ts';
import type { Carrier, Gateway } from '../ports/index.ts';
import { ensureAdminKey, hashToken } from './admin.ts';
import { type OpenDirectory, openDirectory } from './directory.ts';
import { account, application, carrier, client, gateway, phoneNumber, secrets } from './fixtures.test.ts';
import { openStore, type OpenStore } from './open.ts';

const clock = new FakeClock();
const storeClock = new SystemClock();
let store: OpenStore;
let directory: OpenDirectory;
/** What the name server answers. */
const names = new Map<string, readonly string[] | Error>();
const asked: string[] = [];

async function resolver(host: string): Promise<readonly string[]> {
  asked.push(host);
  const answer = names.get(host) ?? new Error('ENOTFOUND');
  if (answer instanceof Error) throw answer;
  return answer;
}

async function turns(): Promise<void> {
  for (let i = 0; i < 10; i++) await new Promise((resolve) => setImmediate(resolve));
}

async function wipe(): Promise<void> {
  for (const kind of ['phoneNumber', 'carrier', 'client', 'application', 'apiKey', 'account'] as const) {
    for (const each of directory.all(kind)) await directory.remove(kind, each.sid);
  }
}

before(async () => {
  store = await openStore('memory:', { clock: storeClock, log: silentLog });
});
after(async () => {
  await store.close();
  assert.deepEqual(storeClock.pending(), []);
});
beforeEach(async () => {
  names.clear();
  asked.length = 0;
  directory = await openDirectory(store, { clock, log: silentLog, resolver });
});
afterEach(async () => {
  await wipe();
  await directory.close();
  assert.deepEqual(clock.pending(), []);
});

describe('the directory and its store', () => {
  it('what was put is found at once, is in the store, and is told', async () => {
    const told: string[] = [];
    directory.events.on('changed', (kind, sid) => told.push(`${kind} ${sid}`));
    await directory.put('account', account('a', { sipRealm: 'Voice.Test' }));
    await directory.put('application', application('m', 'a', { name: 'main' }));
    await directory.put('client', client('c', 'a', 'alice'));
    assert.equal(directory.accountByRealm('voice.TEST')?.sid, 'a');
    assert.equal(directory.application('a', 'main')?.sid, 'm');
    assert.equal(directory.client('voice.test', 'alice')?.sid, 'c');
    assert.equal(directory.client('voice.test', 'Alice'), undefined, 'user parts are case-sensitive, RFC 3261 §19.1.4');
    assert.equal(directory.client('other.test', 'alice'), undefined);
    assert.equal((await store.get('application', 'm'))?.name, 'main');
    assert.deepEqual(told, ['account a', 'application m', 'client c']);
  });

  it('what the store refuses changes nothing here', async () => {
    await directory.put('account', account('a'));
    await directory.put('application', application('m', 'a', { name: 'main' }));
    await assert.rejects(directory.put('application', application('n', 'a', { name: 'main' })), { code: 'name-taken' });
    assert.equal(directory.get('application', 'n'), undefined);
    await assert.rejects(directory.remove('account', 'a'), { code: 'in-use' });
    assert.equal(directory.get('account', 'a')?.sid, 'a');
  });

  it('what was removed is gone, with its parts, and each is told', async () => {
    const owner = carrier('k', 'a');
    await directory.put('account', account('a'));
    await directory.putAll([
      { kind: 'carrier', entity: owner },
      { kind: 'gateway', entity: gateway('g', owner) },
    ]);
    const told: string[] = [];
    directory.events.on('changed', (kind, sid) => told.push(`${kind} ${sid}`));
    assert.equal(await directory.remove('carrier', 'k'), true);
    assert.equal(await directory.remove('carrier', 'k'), false);
    assert.deepEqual(told.sort(), ['carrier k', 'gateway g']);
    assert.deepEqual(directory.gateways('k'), []);
    assert.equal(directory.inboundGateway('192.0.2.1', 5060, 'udp'), undefined);
  });

  it('a second directory on the same store starts with all of it', async () => {
    await directory.put('account', account('a'));
    const second = await openDirectory(store, { clock, log: silentLog, resolver });
    assert.deepEqual(second.get('account', 'a'), account('a'));
    await second.close();
  });
});

describe('carriers', () => {
  it('go out by priority, then name; inactive ones and those without a way out do not', async () => {
    await directory.put('account', account('a'));
    const add = async (sid: string, extra: Partial<Carrier>, way: Partial<Gateway> | undefined) => {
      const made = carrier(sid, 'a', extra);
      await directory.put('carrier', made);
      if (way !== undefined) await directory.put('gateway', gateway(`${sid}-g`, made, way));
    };
    await add('k1', { name: 'zeta', priority: 1 }, {});
    await add('k2', { name: 'beta', priority: 2 }, {});
    await add('k3', { name: 'alfa', priority: 2 }, {});
    await add('k4', { name: 'off', isActive: false }, {});
    await add('k5', { name: 'inbound only' }, { outbound: false });
    await add('k6', { name: 'none' }, undefined);
    await add('k7', { name: 'down' }, { isActive: false });
    assert.deepEqual(
      directory.outboundCarriers('a').map((each) => each.name),
      ['zeta', 'alfa', 'beta'],
    );
    assert.equal(directory.carrierByName('a', 'off')?.sid, 'k4');
    await directory.put('carrier', carrier('k1', 'a', { name: 'zeta', isActive: false }));
    assert.deepEqual(
      directory.outboundCarriers('a').map((each) => each.name),
      ['alfa', 'beta'],
    );
    assert.deepEqual(directory.outboundCarriers('b'), []);
  });
});

describe('whose gateway a request comes from', () => {
  const owner = carrier('k', 'a', { name: 'k' });
  const found = (address: string, port = 5060, transport = 'udp') =>
    directory.inboundGateway(address, port, transport)?.gateway.sid;
  const add = (sid: string, extra: Partial<Gateway>) => directory.put('gateway', gateway(sid, owner, extra));

  beforeEach(async () => {
    await directory.put('account', account('a'));
    await directory.put('carrier', owner);
  });

  it('an address of its own, whatever the port it sends from', async () => {
    await add('g', { host: '192.0.2.1' });
    assert.equal(found('192.0.2.1', 5060), 'g');
    assert.equal(found('192.0.2.1', 33_333, 'tcp'), 'g');
    assert.equal(found('192.0.2.2'), undefined);
    assert.equal(found('::ffff:192.0.2.1'), 'g', 'IPv4 seen through an IPv6 socket');
    assert.equal(found('not an address'), undefined);
    assert.equal(directory.inboundGateway('192.0.2.1', 5060, 'udp')?.carrier.sid, 'k');
  });

  it('where several share the address, the port decides; else priority, then the protocol', async () => {
    await add('low', { host: '192.0.2.1', port: 5070, priority: 9 });
    await add('high', { host: '192.0.2.1', port: 5080, priority: 1 });
    await add('tcp', { host: '192.0.2.1', port: 5090, priority: 5, protocol: 'tcp' });
    assert.equal(found('192.0.2.1', 5070), 'low');
    assert.equal(found('192.0.2.1', 5080), 'high');
    assert.equal(found('192.0.2.1', 40_000), 'high');
    assert.equal(found('192.0.2.1', 40_000, 'tcp'), 'tcp');
  });

  it('a network holds its addresses; the longest wins, an exact port before it', async () => {
    await add('wide', { host: '198.51.100.0', netmask: 22, port: 5070 });
    await add('narrow', { host: '198.51.100.77', netmask: 25, port: 5060 });
    await add('one', { host: '198.51.100.5', netmask: 32, port: 5060 });
    assert.equal(found('198.51.103.255', 1), 'wide');
    assert.equal(found('198.51.104.0', 1), undefined);
    assert.equal(found('198.51.100.127', 1), 'narrow');
    assert.equal(found('198.51.100.128', 1), 'wide');
    assert.equal(found('198.51.100.5', 1), 'one');
    assert.equal(found('198.51.100.5', 5070), 'wide');
  });

  it('IPv6 is compared by value; netmask 32 means one host there too', async () => {
    await add('six', { host: '2001:db8::1' });
    await add('net', { host: '2001:db8:5::', netmask: 48 });
    assert.equal(found('2001:0db8:0:0:0:0:0:1'), 'six');
    assert.equal(found('2001:db8::2'), undefined);
    assert.equal(found('2001:db8:5:ffff::9'), 'net');
    await add('short', { host: '2001:db8::', netmask: 24 });
    assert.equal(found('2001:d00::'), 'short');
    assert.equal(found('32.1.13.5'), undefined, 'the same bytes, but another family');
  });

  it('what is inactive, or not inbound, lets nobody in', async () => {
    await add('off', { host: '192.0.2.1', isActive: false });
    await add('out', { host: '192.0.2.2', inbound: false });
    await add('on', { host: '192.0.2.3' });
    assert.deepEqual([found('192.0.2.1'), found('192.0.2.2'), found('192.0.2.3')], [undefined, undefined, 'on']);
    await directory.put('carrier', { ...owner, isActive: false });
    assert.equal(found('192.0.2.3'), undefined);
    await directory.put('carrier', owner);
    await directory.put('account', account('a', { isActive: false }));
    assert.equal(found('192.0.2.3'), undefined);
  });

  it('host names are resolved, asked again every minute, and kept while the name server is away', async () => {
    names.set('sip.acme.test', ['192.0.2.9', '2001:db8::9']);
    await add('named', { host: 'SIP.acme.test' });
    await turns();
    assert.equal(found('192.0.2.9'), 'named');
    assert.equal(found('2001:db8::9'), 'named');
    names.set('sip.acme.test', ['192.0.2.10']);
    clock.advance(60_000);
    await turns();
    assert.equal(found('192.0.2.9'), undefined);
    assert.equal(found('192.0.2.10'), 'named');
    const second = await openDirectory(store, { clock, log: silentLog, resolver });
    assert.equal(
      second.inboundGateway('192.0.2.10', 5060, 'udp')?.gateway.sid,
      'named',
      'known from the first call on',
    );
    await second.close();
    names.set('sip.acme.test', new Error('SERVFAIL'));
    clock.advance(60_000);
    await turns();
    assert.equal(found('192.0.2.10'), 'named');
    await directory.remove('gateway', 'named');
    const before = asked.length;
    clock.advance(600_000);
    await turns();
    assert.equal(asked.length, before, 'a name nobody uses is not asked for');
  });
});

describe('a name server that never answers', () => {
  it('delays the start by three seconds at most', async () => {
    const owner = carrier('k', 'a');
    await directory.put('account', account('a'));
    await directory.putAll([
      { kind: 'carrier', entity: owner },
      { kind: 'gateway', entity: gateway('g', owner, { host: 'silent.test' }) },
    ]);
    const opening = openDirectory(store, { clock, log: silentLog, resolver: () => new Promise(() => {}) });
    while (!clock.pending().includes('directory first look-up')) await turns();
    clock.advance(3_000);
    await (await opening).close();
  });
});

describe('phone numbers', () => {
  const find = (number: string, by?: string) => directory.phoneNumber('a', number, by)?.sid;

  beforeEach(async () => {
    await directory.put('account', account('a'));
    for (const sid of ['k1', 'k2']) await directory.put('carrier', carrier(sid, 'a'));
    const numbers = [
      phoneNumber('exact', 'a', '15551230001'),
      phoneNumber('exact-k1', 'a', '15551230001', 'k1'),
      phoneNumber('short', 'a', '1555*'),
      phoneNumber('long', 'a', '155512*'),
      phoneNumber('long-k1', 'a', '155512*', 'k1'),
      phoneNumber('only-k2', 'a', '442', 'k2'),
    ];
    await directory.putAll(numbers.map((entity) => ({ kind: 'phoneNumber', entity }) as const));
  });

  it('exact before prefix, the longest prefix first, a leading + ignored', () => {
    assert.equal(find('15551230001', 'k2'), 'exact');
    assert.equal(find('+15551239999', 'k2'), 'long');
    assert.equal(find('15550000000', 'k2'), 'short');
    assert.equal(find('4930123', 'k2'), undefined);
    assert.equal(find('155', 'k2'), undefined);
  });

  it('of this carrier before carrier-less, never of another carrier', () => {
    assert.equal(find('15551230001', 'k1'), 'exact-k1');
    assert.equal(find('15551239999', 'k1'), 'long-k1');
    assert.equal(find('442', 'k2'), 'only-k2');
    assert.equal(find('442', 'k1'), undefined);
  });

  it('without a carrier any of the account will do: whose number is this caller id?', () => {
    assert.equal(find('442'), 'only-k2');
    assert.equal(find('15551230001'), 'exact');
    assert.equal(directory.phoneNumber('b', '442'), undefined);
  });

  it('a bare * is the last resort', async () => {
    await directory.put('phoneNumber', phoneNumber('any', 'a', '*'));
    assert.equal(find('4930123', 'k1'), 'any');
    assert.equal(find('', 'k1'), 'any');
  });
});

describe('the administrator’s key', () => {
  const random = new SeededRandom(7);
  const ensure = (token?: string) => ensureAdminKey(directory, { token, random, clock });
  const hashes = () => directory.all('apiKey').map((each) => each.tokenHash);

  it('is made on the first start, shown once, and only its hash is kept', async () => {
    const token = await ensure();
    assert.match(token ?? '', /^graine_[0-9a-z]{40}$/);
    assert.deepEqual(hashes(), [hashToken(token ?? '')]);
    assert.equal(await ensure(), undefined);
    assert.ok(!JSON.stringify(await store.list('apiKey')).includes(token ?? '-'));
  });

  it('given by the configuration replaces what it gave before; taken out of it, it is withdrawn', async () => {
    assert.equal(await ensure('one'), undefined);
    await ensure('two');
    assert.deepEqual(hashes(), [hashToken('two')]);
    const made = await ensure();
    assert.deepEqual(hashes(), [hashToken(made ?? '')]);
  });

  it('is made once, and shown once, when two nodes start at once', async () => {
    const other = await openDirectory(store, { clock, log: silentLog, resolver });
    const tokens = [
      await ensure(),
      await ensureAdminKey(other, { token: undefined, random: new SeededRandom(8), clock }),
    ];
    assert.equal(tokens[1], undefined);
    assert.deepEqual(
      (await store.list('apiKey')).map((each) => each.tokenHash),
      [hashToken(tokens[0] ?? '')],
    );
    await other.close();
  });

  it('is made anew when every one there was has expired', async () => {
    await ensure();
    const [first] = directory.all('apiKey');
    assert.ok(first !== undefined);
    await directory.put('apiKey', { ...first, expiresAt: clock.now() + 1 });
    assert.equal(await ensure(), undefined);
    clock.advance(1);
    const made = await ensure();
    assert.deepEqual(hashes(), [hashToken(made ?? '-')]);
  });
});

const postgres = await startPostgres();

describe('several nodes on one PostgreSQL', { skip: 'missing' in postgres ? postgres.missing : false }, () => {
  it('what one node writes, the other has within a second', async () => {
    if ('missing' in postgres) return;
    const url = await postgres.database();
    const stores = await Promise.all([1, 2].map(() => openStore(url, { clock: storeClock, log: silentLog, secrets })));
    const [here, there] = await Promise.all(stores.map((each) => openDirectory(each, { clock, log: silentLog })));
    assert.ok(here !== undefined && there !== undefined);
    const heard = (): Promise<string> => {
      return new Promise((resolve) => there.events.once('changed', (kind, sid) => resolve(`${kind} ${sid}`)));
    };
    const mine: string[] = [];
    here.events.on('changed', (kind, sid) => mine.push(`${kind} ${sid}`));
    let told = heard();
    await here.put('account', account('n', { sipRealm: 'n.test' }));
    assert.equal(there.accountByRealm('n.test'), undefined);
    clock.advance(1_000);
    assert.equal(await told, 'account n');
    assert.equal(there.accountByRealm('n.test')?.sid, 'n');
    told = heard();
    await here.remove('account', 'n');
    clock.advance(1_000);
    await told;
    assert.equal(there.accountByRealm('n.test'), undefined);
    await here.refresh();
    assert.deepEqual(mine, ['account n', 'account n'], 'its own writes come back by the poll too, and are no news');
    for (const each of [here, there]) await each.close();
    for (const each of stores) await each.close();
    await postgres.remove();
  });
});
