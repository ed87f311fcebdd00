// Several nodes and one Redis: what one knows the others know, and what happens when Redis or a node goes away.
import assert from 'node:assert/strict';
import { after, afterEach, beforeEach, describe, it } from 'node:test';
import { Redis } from 'ioredis';
import { RedisServer, startRedis } from '../../test/kit/redis.ts';
import { type Log, silentLog, SystemClock } from '../base/index.ts';
import type { LiveStore, SharedBan } from '../ports/index.ts';
import { openLive } from './open.ts';
import { bindingAt, eventually } from './testdata.test.ts';

const server = await startRedis();
const aor = 'alice@demo.test';

describe('nodes that share a Redis', { skip: server instanceof RedisServer ? false : server.missing }, () => {
  const redis = server as RedisServer;
  const clock = new SystemClock();
  const lines: string[] = [];
  const log: Log = {
    ...silentLog,
    warn: (_, message) => void lines.push(message),
    info: (_, message) => void lines.push(message),
  };
  let nodes: LiveStore[] = [];
  let a: LiveStore;
  let b: LiveStore;
  /** Whoever else can write to this Redis. */
  let raw: Redis;

  async function open(node: string): Promise<LiveStore> {
    const store = await openLive(redis.url, { clock, log, node });
    nodes.push(store);
    return store;
  }
  const contacts = async (store: LiveStore): Promise<string> =>
    (await store.bindings(aor))
      .map((each) => each.contact)
      .sort()
      .join(' ');
  const away = (...stores: LiveStore[]) => eventually('Redis is away', () => stores.every((each) => !each.stats().up));
  const back = (...stores: LiveStore[]) =>
    eventually('Redis is back', () => stores.every((each) => each.stats().up && each.stats().waiting === 0));
  const ofA = (contact: string) => bindingAt(clock.now(), { contact, node: 'a' });

  beforeEach(async () => {
    await redis.kill();
    await redis.start();
    lines.length = 0;
    raw = new Redis(redis.url);
    raw.on('error', () => {});
    a = await open('a');
    b = await open('b');
  });
  afterEach(async () => {
    raw.disconnect();
    redis.resume();
    for (const each of nodes) await each.close();
    nodes = [];
    assert.deepEqual(clock.pending(), []);
  });
  after(() => redis.remove());

  it('a user registered at one is known at the other, with the node that holds the device', async () => {
    await a.bind(ofA('sip:1@h'));
    assert.equal((await b.bindings(aor))[0]?.node, 'a');
    assert.equal((await b.bindingsOf('A')).length, 1);
    assert.equal(await b.registered(), 1);
    await b.unbind(aor, 'sip:1@h');
    assert.deepEqual(await a.bindings(aor), []);
  });

  it('a process that was held up while Redis answered has its contacts known at once', async () => {
    class HeldUp extends SystemClock {
      next = false;
      override monotonic(): number {
        if (this.next) setImmediate(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 800));
        this.next = false;
        return super.monotonic();
      }
    }
    const slow = new HeldUp();
    const store = await openLive(redis.url, { clock: slow, log, node: 'slow' });
    nodes.push(store);
    await eventually('the three are there', () => store.stats().nodes === 3);
    for (let n = 0; n < 3; n++) {
      slow.next = true;
      // It beats now.
      store.announce(`slow ${n}`);
      await eventually('it was announced', () => store.nodes().some(({ address }) => address === `slow ${n}`));
      await store.bind(bindingAt(clock.now(), { contact: `sip:${n}@h`, node: 'slow' }));
      assert.equal((await b.bindings(aor)).length, n + 1);
    }
    await store.close();
    nodes.pop();
    assert.deepEqual(slow.pending(), []);
  });

  it('a call is found from the other node; each knows how many nodes there are', async () => {
    const call = { callSid: 'c1', accountSid: 'A', node: 'a', startedAt: 5 };
    await a.putCall(call);
    assert.deepEqual(await b.call('c1'), call);
    assert.deepEqual(await b.calls('A'), [call]);
    await eventually('both are counted', () => a.stats().nodes === 2 && b.stats().nodes === 2);
    await a.removeCall('c1');
    assert.equal(await b.call('c1'), undefined);
  });

  it('a node that leaves, or no longer beats, takes its calls out of the directory', async () => {
    await a.putCall({ callSid: 'c1', accountSid: 'A', node: 'a', startedAt: 5 });
    await a.close();
    assert.deepEqual(await b.calls('A'), []);
    // As a kill -9 leaves it: a heartbeat that is old.
    await raw.zadd('graine:nodes', 1, 'dead');
    await raw.sadd('graine:node:dead', 'c2');
    await raw.hset('graine:call:c2', { account: 'A', node: 'dead', started: '5' });
    await raw.hset('graine:calls:A', 'c2', 'dead 5');
    assert.equal(await b.call('c2'), undefined);
    assert.deepEqual(await b.calls('A'), []);
    await eventually('it is buried', async () => (await raw.zscore('graine:nodes', 'dead')) === null);
    assert.deepEqual(await raw.keys('graine:call*'), []);
  });

  it('a place that one takes the other does not get; those of a node that is gone are free', async () => {
    const take = (node: LiveStore, running: number, mode: 'ask' | 'tell' = 'ask') =>
      node.take({ name: 'account A', maxCalls: 2, maxCps: undefined, running, mode });
    assert.deepEqual(await take(a, 0), { verdict: 'yes', others: 0, starts: 0, waitMs: 0 });
    assert.deepEqual(await take(b, 0), { verdict: 'yes', others: 1, starts: 0, waitMs: 0 });
    assert.equal((await take(b, 1))?.verdict, 'calls');
    assert.equal((await take(a, 1))?.verdict, 'calls');
    const views: number[] = [];
    b.count({ running: () => 1, line: () => [], seen: (_, { others }) => void views.push(others) });
    a.count({ running: () => 1, line: () => [], seen: () => {} });
    await eventually('b hears of the one at a', () => views.at(-1) === 1);
    a.count({ running: () => 0, line: () => [], seen: () => {} });
    await eventually('one less', () => views.at(-1) === 0);
    assert.equal((await take(a, 0))?.verdict, 'yes');
    await a.close();
    await eventually('none', async () => (await take(b, 1))?.others === 0);
  });

  it('a second holds no more starts than max_cps, whoever asks; what was told counts too', async () => {
    const take = (node: LiveStore, mode: 'ask' | 'tell' = 'ask') =>
      node.take({ name: 'carrier C', maxCalls: undefined, maxCps: 3, running: 0, mode });
    const all = await Promise.all([take(a), take(b), take(a), take(b), take(a)]);
    assert.equal(all.filter((each) => each?.verdict === 'yes').length, 3);
    const refused = all.filter((each) => each?.verdict === 'cps');
    assert.ok(refused.every((each) => each !== undefined && each.waitMs > 0 && each.waitMs <= 1_000));
    assert.equal((await take(a, 'tell'))?.starts, 4);
    await eventually('the next second', async () => (await take(b))?.verdict === 'yes');
    await raw.set('graine:starts:carrier C', 'nonsense');
    await raw.set('graine:running:account A', 'nonsense');
    assert.equal((await take(a))?.verdict, 'yes', 'what is nonsense is thrown away');
  });

  it('who waits longest comes first, at whichever node; who is gone or says no more that it waits holds nobody up', async () => {
    const take = (node: LiveStore, line: readonly [number?, number?]) =>
      node.take({ name: 'carrier L', maxCalls: 1, maxCps: undefined, running: 0, mode: 'ask', line });
    const verdict = async (node: LiveStore, ...line: [number?, number?]) => (await take(node, line))?.verdict;
    const free = (node: LiveStore): void => node.holds('carrier L', 0);
    assert.equal(await verdict(a, 0), 'yes');
    assert.equal(await verdict(b, 2_000), 'calls');
    free(a);
    await raw.hset('graine:line:carrier L', 'ghost', '5 9999999999999', 'b2', 'nonsense');
    assert.equal(await verdict(a, 1_000), 'line');
    // b has two: with the first served, the one behind it still came before a's.
    assert.equal(await verdict(b, 2_000, 1_500), 'yes');
    free(b);
    await raw.hset('graine:line:carrier L', 'b', `${Date.now() - 1_500} ${Date.now()}`);
    assert.equal(await verdict(a, 1_000), 'line');
    assert.equal(await verdict(a, 1_400), 'yes', 'as good as come together');
    free(a);
    await raw.hset('graine:line:carrier L', 'b', `5 ${Date.now() - 2_100}`);
    assert.equal(await verdict(a, 0), 'yes', 'b has not said for two seconds that it waits');
    assert.deepEqual(await raw.hkeys('graine:line:carrier L'), []);
  });

  it('a source that one bans is banned by all, by those that come later for the time that is left', async () => {
    const heard: SharedBan[][] = [[], []];
    a.onBan((ban) => heard[0]?.push(ban));
    b.onBan((ban) => heard[1]?.push(ban));
    await raw.xadd('graine:bans', '*', 'address', 'evil', 'ms', '5');
    await a.ban({ address: '192.0.2.9', ms: 60_000, reason: 'scanner' });
    await a.ban({ address: '2001:db8::/64', ms: 60_000, reason: 'scanner' });
    await eventually('b hears both', () => heard[1]?.length === 2);
    assert.deepEqual(
      heard[1]?.map((each) => each.address),
      ['192.0.2.9', '2001:db8::/64'],
    );
    const late = await open('late');
    const then: SharedBan[] = [];
    late.onBan((ban) => then.push(ban));
    assert.equal(then.length, 2);
    assert.ok(then.every(({ ms }) => ms > 0 && ms <= 60_000));
    assert.deepEqual(heard[0], [], 'its own it knows');
    assert.equal(b.stats().refused, 1);
  });

  it('a node that was buried by mistake tells its calls again', async () => {
    await a.putCall({ callSid: 'c1', accountSid: 'A', node: 'a', startedAt: 5 });
    await raw.del('graine:nodes', 'graine:node:a', 'graine:call:c1', 'graine:calls:A');
    await eventually('the call is back', async () => (await b.call('c1')) !== undefined);
  });

  it('Redis killed: what is known is served, changes wait, one line says so; then all heals, the lost data too', async () => {
    await a.bind(ofA('sip:1@h'));
    await a.bind(ofA('sip:2@h'));
    await a.putCall({ callSid: 'c1', accountSid: 'A', node: 'a', startedAt: 5 });
    assert.equal(await contacts(b), 'sip:1@h sip:2@h');
    await redis.kill();
    await away(a, b);
    assert.equal(await contacts(a), 'sip:1@h sip:2@h');
    assert.equal(await contacts(b), 'sip:1@h sip:2@h', 'what b had read');
    await a.unbind(aor, 'sip:1@h');
    await a.bind(ofA('sip:3@h'));
    await a.putCall({ callSid: 'c2', accountSid: 'A', node: 'a', startedAt: 6 });
    await a.removeCall('c1');
    assert.equal(await contacts(a), 'sip:2@h sip:3@h');
    assert.equal((await a.bindingsOf('A')).length, 2);
    assert.equal(await a.registered(), 2);
    assert.deepEqual(
      (await a.calls('A')).map((each) => each.callSid),
      ['c2'],
    );
    assert.ok(a.stats().waiting >= 4);
    await redis.start();
    await back(a, b);
    const fresh = await open('fresh');
    assert.equal(await contacts(fresh), 'sip:2@h sip:3@h');
    assert.equal(await fresh.registered(), 2);
    assert.equal(await fresh.call('c1'), undefined);
    assert.equal((await fresh.call('c2'))?.node, 'a');
    assert.equal(lines.filter((line) => line.startsWith('Redis is away')).length, 2, 'one a node');
    assert.equal(lines.filter((line) => line.startsWith('Redis is back')).length, 2);
  });

  it('Redis came back with nothing, and the node of a device is gone: who knew the device still calls it', async () => {
    await a.bind(ofA('sip:1@h'));
    assert.equal(await contacts(b), 'sip:1@h');
    await a.close();
    await redis.kill();
    await away(b);
    await redis.start();
    await back(b);
    assert.equal(await contacts(b), 'sip:1@h');
  });

  it('Redis that hangs: one bounded wait, then nobody waits; it goes on where it was when it wakes', async () => {
    await a.bind(ofA('sip:1@h'));
    redis.pause();
    const waited = [a.bindings(aor), a.bind(ofA('sip:2@h')), b.bindings(aor)];
    await Promise.all(waited);
    await away(a, b);
    // Without a connection in use there is nothing to wait for: the answer is there before any socket can speak.
    let answered = false;
    void a.bindings(aor).then(() => (answered = true));
    await new Promise((resolve) => setImmediate(resolve));
    assert.ok(answered);
    redis.resume();
    await back(a, b);
    assert.equal(await contacts(b), 'sip:1@h sip:2@h');
  });

  it('a change that waited does not undo a newer one of another node', async () => {
    await a.bind(ofA('sip:1@h'));
    redis.pause();
    await a.bind(bindingAt(clock.now(), { contact: 'sip:1@h', node: 'a', cseq: 2 }));
    await away(a);
    redis.resume();
    // Whether b comes before or after a tells its change: the newer one stands.
    await back(b);
    await b.bind(bindingAt(clock.now(), { contact: 'sip:1@h', node: 'b', cseq: 3 }));
    await back(a, b);
    const [found] = await a.bindings(aor);
    assert.deepEqual([found?.node, found?.cseq], ['b', 3]);
  });

  it('a device that was removed elsewhere meanwhile does not come back', async () => {
    await a.bind(ofA('sip:1@h'));
    await b.unbind(aor, 'sip:1@h');
    await raw.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    await eventually('both came back', () => lines.filter((line) => line.startsWith('Redis is back')).length === 2);
    assert.equal(await contacts(b), '');
  });

  it('it starts without Redis, and joins when it is there', async () => {
    await redis.kill();
    const late = await open('late');
    assert.equal(late.stats().up, false);
    await late.bind(bindingAt(clock.now(), { contact: 'sip:9@h', node: 'late' }));
    await redis.start();
    await back(late, b);
    assert.equal(await contacts(b), 'sip:9@h');
  });

  it('nonsense in Redis is ignored, counted and cleared away; what is sound beside it stays', async () => {
    await a.bind(ofA('sip:1@h'));
    const key = `graine:aor:${aor}`;
    const [sound = ''] = await raw.hvals(key);
    const crlf = sound.replace('"clientSid":"C"', '"clientSid":"C\\r\\nVia: x"');
    assert.notEqual(crlf, sound);
    const bad = [
      'x',
      '9999999999999 1 - {broken',
      '9999999999999 1 - {}',
      `99999999999999999999 1 - {}`,
      crlf.replaceAll('sip:1@h', 'sip:bad4@h'),
      sound.replace('"port":5090', '"port":0').replaceAll('sip:1@h', 'sip:bad5@h'),
      sound.replace('127.0.0.1', 'evil.example').replaceAll('sip:1@h', 'sip:bad6@h'),
      sound,
      `9999999999999 1 - {${'x'.repeat(100_000)}`,
    ];
    for (const [n, value] of bad.entries()) await raw.hset(key, `sip:bad${n}@h`, value);
    assert.equal(await contacts(b), 'sip:1@h');
    assert.equal(b.stats().refused, bad.length);
    await eventually('it is cleared', async () => (await raw.hlen(key)) === 1);
    assert.equal(await contacts(b), 'sip:1@h');
    assert.equal(lines.filter((line) => line.includes('not understood')).length, 1);
    await raw.hset('graine:calls:A', { c1: 'nonsense', c2: '' });
    await raw.hset('graine:call:c3', { account: 'A', node: 'a', started: 'never' });
    assert.deepEqual(await b.calls('A'), []);
    assert.equal(await b.call('c3'), undefined);
    assert.ok(b.stats().up);
  });

  it('keys of a foreign type, or grown absurd, stop nobody', async () => {
    const names = [`aor:${aor}`, 'aors:A', 'contacts', 'nodes', 'node:a', 'call:c1', 'calls:A', 'bans'];
    for (const name of names) await raw.set(`graine:${name}`, 'nonsense');
    await a.bind(ofA('sip:1@h'));
    await a.putCall({ callSid: 'c1', accountSid: 'A', node: 'a', startedAt: 5 });
    assert.equal(await contacts(b), 'sip:1@h');
    assert.equal((await b.bindingsOf('A')).length, 1);
    await raw.hset(`graine:aor:${aor}`, Object.fromEntries(Array.from({ length: 2_000 }, (_, n) => [`f${n}`, 'x'])));
    await a.bind(ofA('sip:2@h'));
    assert.equal(await contacts(b), 'sip:2@h');
    await eventually('the heart beats on', async () => (await raw.type('graine:nodes')) === 'zset');
    await eventually('both reach it', async () => a.stats().up && b.stats().up);
    assert.deepEqual(await b.calls('A'), await a.calls('A'));
  });
});
