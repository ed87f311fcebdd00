// Somebody hangs up at just the moment two calls are joined. Whoever it is, whenever: everyone gets one end, nothing is left.
import assert from 'node:assert/strict';
import { SeededRandom } from '../../src/base/index.ts';
import {
  after,
  dial,
  type IncomingPhoneCall,
  type OutgoingPhoneCall,
  type PhoneCall,
  phones,
  stage,
  toSip,
  type World,
} from '../kit/index.ts';

const story = stage({
  phones: ['desk', 'hall'],
  account: (w) => ({
    carriers: [
      w.origin(),
      { name: 'desk', application: 'main', gateways: [w.gateway('desk', { inbound: true, outbound: false })] },
    ],
  }),
});

type Parties = {
  readonly alice: OutgoingPhoneCall;
  readonly referrer: IncomingPhoneCall;
  readonly consulting: OutgoingPhoneCall;
  readonly hall: IncomingPhoneCall;
};

async function talking(w: World): Promise<Parties> {
  w.phone('desk').onInvite = phones.answersAfter(5);
  w.phone('hall').onInvite = phones.answersAfter(5);
  w.app.answers(dial([toSip(w.phone('desk'))], { referHook: '/refer', actionHook: '/one' }));
  const alice = w.calls();
  const referrer = await w.phone('desk').nextCall();
  await Promise.all([alice.answered(), referrer.gets('ACK')]);
  await w.status((each) => each['parent_call_sid'] !== undefined && each['call_status'] === 'in-progress');
  w.app.answers(dial([toSip(w.phone('hall'))], { referHook: '/refer', actionHook: '/two' }));
  const consulting = w.calls({ by: 'desk' });
  const hall = await w.phone('hall').nextCall();
  await Promise.all([consulting.answered(), hall.gets('ACK')]);
  return { alice, referrer, consulting, hall };
}

async function refers({ referrer, consulting }: Parties): Promise<void> {
  const ok = await consulting.answered();
  const tag = (value = ''): string => /;tag=([^;>\s]+)/.exec(value)?.[1] ?? '';
  const replaces = `${consulting.callId};to-tag=${tag(ok.get('to'))};from-tag=${tag(ok.get('from'))}`;
  const uri = `<sip:hall@127.0.0.1:9?Replaces=${encodeURIComponent(replaces)}>`;
  await referrer.request('REFER', { headers: [['Refer-To', uri]] }).catch(() => {});
}

const leave = (call: PhoneCall): Promise<unknown> => (call.over ? Promise.resolve() : call.hangsUp().catch(() => {}));

for (const who of ['alice', 'referrer', 'consulting', 'hall', 'both ends'] as const)
  for (const seed of [1, 2, 3, 4])
    story(`${who} hang up around the REFER (seed ${seed}): each call ends once`, async (w) => {
      const random = new SeededRandom(seed * 101);
      const parties = await talking(w);
      const referred = refers(parties);
      await after(random.integer(30));
      if (who === 'both ends') await Promise.all([leave(parties.alice), leave(parties.hall)]);
      else await leave(parties[who]);
      await referred;
      await after(random.integer(30));
      await Promise.all(Object.values(parties).map(leave));
      const ended = new Set(['completed', 'failed', 'busy', 'no-answer']);
      const sids = new Set(w.app.all('/status').map(({ body }) => body['call_sid'] as string));
      assert.equal(sids.size, 4);
      for (const sid of sids)
        await w.status((each) => each['call_sid'] === sid && ended.has(each['call_status'] as string));
      await Promise.all([w.next('/one'), w.next('/two')]);
      await w.eventually('nothing is left', () => w.idle());
      for (const sid of sids) {
        const finals = w.statuses(sid).filter((text) => ended.has(text.split('/')[0] ?? ''));
        assert.equal(finals.length, 1, `${sid}: ${finals.join(', ')}`);
      }
      assert.equal(w.app.all('/one').length, 1);
      assert.equal(w.app.all('/two').length, 1);
    });
