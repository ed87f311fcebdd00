// What every live store does, whichever it is: in memory, and in a real Redis.
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { RedisServer, startRedis } from '../../test/kit/redis.ts';
import { silentLog, SystemClock } from '../base/index.ts';
import { type Binding, bindingKey, type LiveStore } from '../ports/index.ts';
import { openLive } from './open.ts';
import { bindingAt, eventually } from './testdata.test.ts';

const redis = await startRedis();
const stores: { name: string; url: string }[] = [{ name: 'memory', url: 'memory:' }];
if (redis instanceof RedisServer) stores.push({ name: 'Redis', url: redis.url });

for (const { name, url } of stores) {
  describe(`live state in ${name}`, () => {
    const clock = new SystemClock();
    let live: LiveStore;
    let round = 0;
    /** Addresses of record and accounts of this test alone: the Redis is shared. */
    const own = (name: string): string => `${name}-${round}@demo.test`;
    const account = (): string => `A${round}`;
    const binding = (contact: string, extra: Partial<Binding> = {}): Binding =>
      bindingAt(clock.now(), { aor: own('alice'), accountSid: account(), contact, ...extra });
    const contacts = async (aor = own('alice')): Promise<string[]> =>
      (await live.bindings(aor)).map((each) => each.contact);

    before(async () => {
      live = await openLive(url, { clock, log: silentLog, node: 'n', limits: { contactsPerAor: 3, contacts: 1_000 } });
      const shared = name !== 'memory';
      assert.deepEqual(live.stats(), { shared, up: true, nodes: 1, known: 1, refused: 0, waiting: 0 });
    });
    beforeEach(() => {
      round++;
    });
    afterEach(() => {
      assert.equal(live.stats().waiting, 0);
    });
    after(async () => {
      await live.close();
      assert.deepEqual(clock.pending(), []);
    });

    it('what was bound is found as it was', async () => {
      const given = binding('sip:a@h;transport=udp', {
        transport: 'wss',
        address: '2001:db8::1',
        connectionId: 'c1',
        instance: '<urn:uuid:1 "x">',
        path: ['<sip:edge;lr>'],
        userAgent: 'Phönix 1',
      });
      await live.bind(given);
      const [found] = await live.bindings(own('alice'));
      assert.ok(found !== undefined);
      const { registeredAt, expiresAt, ...rest } = found;
      const { registeredAt: at, expiresAt: until, ...expected } = given;
      assert.deepEqual(rest, expected);
      assert.ok(Math.abs(registeredAt - at) < 1_000 && Math.abs(expiresAt - until) < 1_000);
    });

    it('contacts come highest q first, then newest first', async () => {
      const now = clock.now();
      await live.bind(binding('sip:old@h', { registeredAt: now - 30_000 }));
      await live.bind(binding('sip:low@h', { q: 0.1, registeredAt: now - 10_000 }));
      await live.bind(binding('sip:new@h', { registeredAt: now - 20_000 }));
      assert.deepEqual(await contacts(), ['sip:new@h', 'sip:old@h', 'sip:low@h']);
      assert.deepEqual(await contacts(own('bob')), []);
    });

    it('the same contact is refreshed, the same instance replaces its older contact (RFC 5626 §6)', async () => {
      await live.bind(binding('sip:a@h1', { cseq: 1 }));
      await live.bind(binding('sip:a@h1', { cseq: 2 }));
      assert.deepEqual(
        (await live.bindings(own('alice'))).map((each) => each.cseq),
        [2],
      );
      await live.bind(binding('sip:a@h2', { instance: 'urn:uuid:1' }));
      await live.bind(binding('sip:a@h3', { instance: 'urn:uuid:1' }));
      assert.deepEqual((await contacts()).sort(), ['sip:a@h1', 'sip:a@h3']);
    });

    it('a device that names its flows has a binding of each, the same contact or not; one that does not has one (RFC 5626 §6)', async () => {
      const [device, other] = [{ instance: 'urn:uuid:7#1' }, { instance: 'urn:uuid:7' }];
      const flows = async () => (await live.bindings(own('alice'))).map(({ regId, cseq }) => `${regId}/${cseq}`).sort();
      await live.bind(binding('sip:a@h', { ...device, cseq: 1 }));
      await live.bind(binding('sip:a@h', { ...device, regId: 1, cseq: 2 }));
      await live.bind(binding('sip:a@h', { ...device, regId: 2, cseq: 3 }));
      await live.bind(binding('sip:a@h', { ...other, regId: 1, cseq: 4 }));
      assert.deepEqual(await flows(), ['1/2', '1/4', '2/3']);
      await live.bind(binding('sip:b@h', { ...device, regId: 1, cseq: 5 }));
      assert.deepEqual(await flows(), ['1/4', '1/5', '2/3']);
      await live.unbind(own('alice'), bindingKey({ contact: '', ...device, regId: 2 }));
      assert.deepEqual(await flows(), ['1/4', '1/5']);
      await live.bind(binding('sip:c@h', { ...device, cseq: 6 }));
      assert.deepEqual(await flows(), ['1/4', 'undefined/6']);
    });

    it('one contact or all can be removed', async () => {
      for (const each of ['sip:1@h', 'sip:2@h', 'sip:3@h']) await live.bind(binding(each));
      await live.unbind(own('alice'), 'sip:2@h');
      assert.deepEqual((await contacts()).sort(), ['sip:1@h', 'sip:3@h']);
      await live.unbind(own('alice'));
      assert.deepEqual(await contacts(), []);
      await live.unbind(own('nobody'));
    });

    it('what has expired is not given out, and counts nowhere', async () => {
      const before = await live.registered();
      await live.bind(binding('sip:short@h', { expiresAt: clock.now() + 300 }));
      await live.bind(binding('sip:long@h'));
      await eventually('the short one expires', async () => (await contacts()).join() === 'sip:long@h');
      assert.equal(await live.registered(), before + 1);
    });

    it('one user may not fill the registrar; what is replaced or has expired does not count', async () => {
      for (const each of ['sip:1@h', 'sip:2@h']) await live.bind(binding(each));
      await live.bind(binding('sip:3@h', { expiresAt: clock.now() + 300 }));
      await eventually('one expires', async () => (await contacts()).length === 2);
      await live.bind(binding('sip:4@h'));
      await assert.rejects(live.bind(binding('sip:5@h')), { code: 'live-full', http: 503 });
      await live.bind(binding('sip:4@h', { cseq: 2 }));
      assert.deepEqual((await contacts()).sort(), ['sip:1@h', 'sip:2@h', 'sip:4@h']);
    });

    it('all users together may not fill it either', async () => {
      const small = await openLive(url, { clock, log: silentLog, node: 'small', limits: { contacts: 1 } });
      const first = (await live.registered()) === 0 || name === 'memory';
      if (first) await small.bind(binding('sip:1@h'));
      await assert.rejects(small.bind(binding('sip:2@h', { aor: own('bob') })), { code: 'live-full', http: 503 });
      await small.close();
    });

    it('an account sees its users, whatever their number, and nobody else’s', async () => {
      const names = Array.from({ length: 250 }, (_, n) => own(`user${n}`));
      await Promise.all(names.map((aor) => live.bind(binding(`sip:${aor}`, { aor }))));
      await live.bind(binding('sip:x@h', { accountSid: 'other' }));
      const found = (await live.bindingsOf(account())).map((each) => each.aor);
      assert.deepEqual(found.sort(), names.sort());
    });

    it('what was given in or out cannot change what is kept', async () => {
      const mine = { ...binding('sip:a@h'), cseq: 1 };
      await live.bind(mine);
      mine.cseq = 99;
      const given = (await live.bindings(own('alice'))) as Binding[];
      given.pop();
      assert.deepEqual(
        (await live.bindings(own('alice'))).map((each) => each.cseq),
        [1],
      );
    });

    it('calls are listed by account and found by sid until they are removed', async () => {
      const call = { callSid: `c1-${round}`, accountSid: account(), node: 'n', startedAt: 1 };
      await live.putCall(call);
      await live.putCall({ ...call, callSid: `c2-${round}`, accountSid: 'B' });
      assert.deepEqual(await live.calls(account()), [call]);
      assert.deepEqual(await live.call(call.callSid), call);
      await live.removeCall(call.callSid);
      await live.removeCall(call.callSid);
      assert.deepEqual(await live.calls(account()), []);
      assert.equal(await live.call(call.callSid), undefined);
    });
  });
}

after(async () => {
  if (redis instanceof RedisServer) await redis.remove();
});
if (!(redis instanceof RedisServer)) it('Redis', { skip: redis.missing }, () => {});
