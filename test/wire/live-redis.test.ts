// Two nodes that share Redis and a database: a device registered at one is called from the other; Redis is killed on the way.
import assert from 'node:assert/strict';
import { after as afterAll, before, describe, it } from 'node:test';
import {
  at,
  dial,
  type Graine,
  Looks,
  number,
  type OutgoingPhoneCall,
  phones,
  RawPeer,
  realm,
  RedisServer,
  startRedis,
  toUser,
  World,
} from '../kit/index.ts';
import { startPostgres } from '../kit/postgres.ts';

const redis = await startRedis();
const postgres = await startPostgres();
const missing = [redis, postgres].flatMap((each) => ('missing' in each ? [each.missing] : []));

describe('two nodes, one Redis', { skip: missing.length === 0 ? false : missing.join('; ') }, () => {
  if (!(redis instanceof RedisServer) || 'missing' in postgres) return;
  let w: World;
  let b: Graine;

  before(async () => {
    const config = { live: { url: redis.url }, store: { url: await postgres.database() } };
    w = await World.start({ phones: ['bob', 'carol', { name: 'mobile', transport: 'tcp' }], config });
    b = await w.twin();
  });
  afterAll(async () => {
    await b.stop();
    assert.deepEqual((await b.leaks()).timers, []);
    await w.stop();
    await redis.remove();
    await postgres.remove();
  });

  const callsB = (): OutgoingPhoneCall =>
    w.phone('alice').invites(at(number, b.sip), { from: '+15557650001', tone: 440 });

  async function registered(node: Graine): Promise<string> {
    const response = await fetch(`${node.http.url}/v1/Accounts/${w.accountSid}/RegisteredSipUsers`, {
      headers: { authorization: `Bearer ${node.http.token}` },
    });
    return response.text();
  }

  async function metric(node: Graine, name: string): Promise<number> {
    const text = await (await fetch(`${node.http.url}/metrics`)).text();
    return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]);
  }

  async function eventually(what: string, ask: () => Promise<boolean>): Promise<void> {
    const looks = new Looks(30_000, 25);
    do if (await ask()) return;
    while (await looks.again());
    throw new Error(`never came true: ${what}`);
  }

  it('a device registered at one node is listed by the other and called from there', { timeout: 60_000 }, async () => {
    await w.register('bob');
    assert.match(await registered(b), new RegExp(`bob@${realm}`));
    await eventually('both nodes are there', async () => (await metric(b, 'graine_live_nodes')) === 2);
    w.phone('bob').onInvite = phones.answersAfter(10, { tone: 620 });
    w.app.answers(dial([toUser('bob')], { answerOnBridge: true }));
    const call = callsB();
    await Promise.all([call.hears(620), (await w.phone('bob').nextCall()).hears(440)]);
    await call.hangsUp();
  });

  it(
    'Redis is killed and comes back: the call in progress keeps its sound, known devices are called meanwhile, registrations heal',
    {
      timeout: 120_000,
    },
    async () => {
      w.phone('bob').onInvite = phones.answersAfter(10, { tone: 620 });
      w.app.answers(dial([toUser('bob')], { answerOnBridge: true }));
      const standing = callsB();
      await standing.hears(620);
      await redis.kill();
      await eventually('both have seen it', async () => {
        return (await metric(b, 'graine_live_up')) === 0 && (await metric(w.graine, 'graine_live_up')) === 0;
      });
      await standing.hears(620, { since: performance.now() });
      const second = callsB();
      await second.hears(620);
      await second.hangsUp();
      await w.register('carol');
      assert.doesNotMatch(await registered(b), /carol@/);

      await redis.start();
      await eventually('b knows everybody', async () => /bob@[^]*carol@|carol@[^]*bob@/.test(await registered(b)));
      w.phone('carol').onInvite = phones.answersAfter(10, { tone: 800 });
      w.app.answers(dial([toUser('carol')], { answerOnBridge: true }));
      const third = callsB();
      await third.hears(800);
      await third.hangsUp();
      await standing.hears(620, { since: performance.now() });
      await standing.hangsUp();
    },
  );

  it('a node that is gone is seen to be gone, and the device it had is still called', { timeout: 60_000 }, async () => {
    const c = await w.twin();
    const answer = await w.phone('carol').register(c.sip, { username: 'dave', password: 'secret', realm });
    assert.equal(answer.status, 200);
    await eventually('there are three', async () => (await metric(b, 'graine_live_nodes')) === 3);
    await c.stop();
    await eventually('there are two', async () => (await metric(b, 'graine_live_nodes')) === 2);
    w.phone('carol').onInvite = phones.answersAfter(10, { tone: 800 });
    w.app.answers(dial([toUser('dave')], { answerOnBridge: true }));
    const call = callsB();
    await call.hears(800);
    await call.hangsUp();
  });

  it('a scanner that one node bans is banned at the other', { timeout: 60_000 }, async () => {
    const scanner = await RawPeer.open('127.0.0.9', [0]);
    const lines = [
      'OPTIONS sip:100@x SIP/2.0',
      'Via: SIP/2.0/UDP 127.0.0.9:9;branch=z9hG4bKx',
      'From: <sip:a@b>;tag=1',
      'To: <sip:c@d>',
      'Call-ID: x1',
      'CSeq: 1 OPTIONS',
      'User-Agent: friendly-scanner',
    ];
    assert.equal(await metric(b, 'graine_sources_banned'), 0);
    scanner.send(`${lines.join('\r\n')}\r\n\r\n`, w.graine.sip);
    await eventually('both have banned it', async () => {
      const banned = [w.graine, b].map((node) => metric(node, 'graine_sources_banned'));
      return (await Promise.all(banned)).join() === '1,1';
    });
    scanner.close();
  });
});
