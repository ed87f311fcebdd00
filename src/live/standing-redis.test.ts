// Standing calls of several nodes in a real Redis: who has which, and who may take them.
import assert from 'node:assert/strict';
import { after, afterEach, beforeEach, describe, it } from 'node:test';
import { Redis } from 'ioredis';
import { RedisServer, startRedis } from '../../test/kit/redis.ts';
import { silentLog, SystemClock } from '../base/index.ts';
import { openLive, type OpenLive } from './open.ts';
import { StandingRedis, type StandingSealer } from './standing-redis.ts';
import { eventually } from './testdata.test.ts';

const server = await startRedis();

/** Bound to the call, as the store's is. */
const sealer: StandingSealer = {
  seal: ({ sid }, text) => Buffer.from(`${sid}|${text}`).toString('base64'),
  open: ({ sid }, document) => {
    const text = Buffer.from(document, 'base64').toString();
    if (!text.startsWith(`${sid}|`)) throw new Error('sealed for another call');
    return text.slice(sid.length + 1);
  },
};

type Node = { live: OpenLive; standing: StandingRedis; taken: string[]; orphans: string[] };

describe('standing calls in Redis', { skip: server instanceof RedisServer ? false : server.missing }, () => {
  const redis = server as RedisServer;
  const clock = new SystemClock();
  let nodes: Node[] = [];
  let raw: Redis;

  async function node(name: string): Promise<Node> {
    const live = await openLive(redis.url, { clock, log: silentLog, node: name });
    assert.ok(live.members !== undefined);
    const standing = new StandingRedis({ url: redis.url, members: live.members, sealer, clock, log: silentLog });
    await standing.start();
    const made: Node = { live, standing, taken: [], orphans: [] };
    standing.onTaken((sids) => void made.taken.push(...sids));
    standing.onOrphans((snapshots) => {
      made.orphans.push(...snapshots);
      return Promise.resolve();
    });
    nodes.push(made);
    return made;
  }
  const kept = (name: string): Promise<number> => raw.hlen(`graine:standing:${name}`);

  beforeEach(async () => {
    await redis.kill();
    await redis.start();
    raw = new Redis(redis.url);
    raw.on('error', () => {});
  });
  afterEach(async () => {
    raw.disconnect();
    redis.resume();
    for (const { live, standing } of nodes) {
      await standing.close();
      await live.close();
    }
    nodes = [];
    assert.deepEqual(clock.pending(), []);
  });
  after(() => redis.remove());

  it('is sealed, found by the tags it has now, and gone when the call is over', async () => {
    const a = await node('a');
    a.standing.keep('s1', '{"secret":1}', ['t1', 't2']);
    await eventually('it is written', async () => (await kept('a')) === 1);
    assert.doesNotMatch((await raw.hget('graine:standing:a', 's1')) ?? '', /secret/);
    assert.equal(await a.standing.find('t2'), 'here');
    a.standing.keep('s1', '{"secret":2}', ['t1']);
    await eventually('the tag is gone', async () => (await a.standing.find('t2')) === 'unknown');
    a.standing.drop('s1');
    await eventually('it is gone', async () => (await kept('a')) === 0);
    assert.equal(await raw.hlen('graine:tags:a'), 0);
    assert.equal(await a.standing.find('no such\r\ntag'), 'unknown');
  });

  it('a living node keeps what it has; of one that resigns each call goes to exactly one of the others', async () => {
    const [a, b, c] = [await node('a'), await node('b'), await node('c')];
    for (let n = 0; n < 200; n++) a.standing.keep(`s${n}`, `call ${n}`, [`t${n}`]);
    await eventually('all are written', async () => (await kept('a')) === 200);
    assert.deepEqual(await b.standing.find('t7'), { node: 'a' });
    await eventually('they know each other', () => a.live.stats().nodes === 3);
    assert.equal(await a.standing.resign(), 0);
    await eventually('all are taken', () => b.orphans.length + c.orphans.length === 200);
    assert.equal(new Set([...b.orphans, ...c.orphans]).size, 200);
    assert.equal((await kept('b')) + (await kept('c')), 200);
  });

  it('one that was believed gone hears what was taken before it is sure, and can neither write it nor drop it', async () => {
    const [a, b] = [await node('a'), await node('b')];
    a.standing.keep('s1', 'call 1', ['t1']);
    a.standing.keep('s2', 'call 2', ['t2']);
    await eventually('both are written', async () => (await kept('a')) === 2);
    // As if it had not beaten for long; it beats again within half a second.
    await raw.zadd('graine:nodes', 0, 'a');
    assert.equal(await b.standing.find('t1'), 'here');
    assert.deepEqual(b.orphans, ['call 1']);
    a.standing.keep('s1', 'call 1, later', ['t1']);
    await eventually('it hears of it', () => a.taken.includes('s1'));
    assert.deepEqual(a.taken, ['s1']);
    a.standing.drop('s1');
    await a.live.members?.whenSure();
    assert.equal(await b.standing.find('t1'), 'here');
    assert.deepEqual(await b.standing.find('t2'), { node: 'a' });
    assert.equal(await kept('a'), 1);
  });

  it('who waits until a call is settled knows that it is written, or that another node has taken it', async () => {
    const [a, b] = [await node('a'), await node('b')];
    a.standing.keep('s1', 'call 1', ['t1']);
    assert.equal(await a.standing.settled('s1'), 'ours');
    assert.equal(await kept('a'), 1);
    await raw.zadd('graine:nodes', 0, 'a');
    assert.equal(await b.standing.find('t1'), 'here');
    a.standing.keep('s1', 'its end', ['t1']);
    assert.equal(await a.standing.settled('s1'), 'lost');
    assert.deepEqual(a.taken, ['s1'], 'it is let go of before anything is told');
    assert.equal(await a.standing.settled('never written'), 'ours');
    await redis.kill();
    a.standing.keep('s2', 'call 2', ['t2']);
    assert.equal(await a.standing.settled('s2'), 'unknown');
  });

  it('what Redis has lost is written again, and what could not be written when it was away', async () => {
    const a = await node('a');
    a.standing.onStale((sid) => a.standing.keep(sid, 'anew', ['t']));
    a.standing.keep('s1', 'first', ['t']);
    await eventually('it is written', async () => (await kept('a')) === 1);
    await redis.kill();
    a.standing.keep('s2', 'meanwhile', ['u']);
    await new Promise((resolve) => setTimeout(resolve, 150));
    await redis.start();
    await eventually('both are there', async () => (await kept('a').catch(() => 0)) === 2);
  });

  it('a hang of Redis makes nobody take the calls of the others', async () => {
    const [a, b] = [await node('a'), await node('b')];
    a.standing.keep('s1', 'call 1', ['t1']);
    await eventually('it is written', async () => (await kept('a')) === 1);
    redis.pause();
    await new Promise((resolve) => setTimeout(resolve, 4000));
    redis.resume();
    await eventually('both are back', () => a.live.stats().up && b.live.stats().up);
    await new Promise((resolve) => setTimeout(resolve, 1500));
    assert.deepEqual(b.orphans, []);
    assert.deepEqual(a.taken, []);
  });

  it('what is sealed for another call is not carried on', async () => {
    const [a, b] = [await node('a'), await node('b')];
    a.standing.keep('s1', 'call 1', ['t1']);
    await eventually('it is written', async () => (await kept('a')) === 1);
    await raw.hset('graine:standing:a', 's2', (await raw.hget('graine:standing:a', 's1')) ?? '');
    await a.standing.resign();
    await eventually('both are looked at', async () => (await kept('a')) === 0);
    await eventually('one is dropped', async () => (await kept('b')) === 1);
    assert.deepEqual(b.orphans, ['call 1']);
  });
});
if (!(server instanceof RedisServer)) it('Redis', { skip: server.missing }, () => {});
