// Two calls whose audio lives in two media workers are joined: one of them moves. RFC 3264 §8.3.1.
import assert from 'node:assert/strict';
import {
  dial,
  type IncomingPhoneCall,
  type OutgoingPhoneCall,
  phones,
  stage,
  toSip,
  type World,
} from '../kit/index.ts';

const story = stage({
  phones: ['desk', 'hall'],
  config: { media: { workers: 2 } },
  account: (w) => ({
    carriers: [
      w.origin(),
      { name: 'desk', application: 'main', gateways: [w.gateway('desk', { inbound: true, outbound: false })] },
    ],
  }),
});

type Talk = {
  readonly one: OutgoingPhoneCall;
  readonly held: IncomingPhoneCall;
  readonly two: OutgoingPhoneCall;
  readonly hall: IncomingPhoneCall;
};

/** Alice talks with the desk, the desk with the hall. */
async function talking(w: World): Promise<Talk> {
  w.phone('desk').onInvite = phones.answersAfter(10, { tone: 620 });
  w.phone('hall').onInvite = phones.answersAfter(10, { tone: 880 });
  w.app.answers(dial([toSip(w.phone('desk'))], { referHook: '/refer' }));
  const one = w.calls();
  const held = await w.phone('desk').nextCall();
  await one.hears(620);
  w.app.answers(dial([toSip(w.phone('hall'))]));
  const two = w.calls({ by: 'desk', tone: 620 });
  const hall = await w.phone('hall').nextCall();
  await two.hears(880);
  return { one, held, two, hall };
}

async function transfer({ held, two }: Talk): Promise<void> {
  const ok = await two.answered();
  const tag = (value = ''): string => /;tag=([^;>\s]+)/.exec(value)?.[1] ?? '';
  const replaces = `${two.callId};to-tag=${tag(ok.get('to'))};from-tag=${tag(ok.get('from'))}`;
  const referTo = ['Refer-To', `<sip:hall@127.0.0.1:9?Replaces=${encodeURIComponent(replaces)}>`] as const;
  assert.equal((await held.request('REFER', { headers: [referTo] })).status, 202);
}

const now = (): { since: number } => ({ since: performance.now() });
const final = (status: number) => (message: { method: string; body: Buffer }) =>
  message.method === 'NOTIFY' && message.body.toString().startsWith(`SIP/2.0 ${status} `);

story('the two hear each other; the ports the one had before are given back', async (w) => {
  const talk = await talking(w);
  await transfer(talk);
  await talk.held.gets(final(200));
  const moved = await talk.hall.gets((message) => message.isRequest && message.method === 'INVITE');
  assert.notEqual(moved.sdp, undefined, 'one of the two was told of other ports');
  await Promise.all([talk.one.hears(880, now()), talk.hall.hears(440, now())]);
  await w.eventually('two pairs in use', async () => (await w.graine.leaks()).ports === 2);
  await talk.one.presses('5');
  await talk.hall.media?.ears.digits.until((each) => each.digit === '5', { what: 'a 5' });
  await talk.one.hangsUp();
  await talk.hall.byed();
});

story('a far end that does not follow: the referrer is told, and all go on talking', async (w) => {
  const talk = await talking(w);
  talk.hall.onReinvite = () => 488;
  await transfer(talk);
  await talk.held.gets(final(488));
  await Promise.all([talk.one.hears(620, now()), talk.two.hears(880, now()), talk.hall.hears(620, now())]);
  await w.eventually('four pairs in use', async () => (await w.graine.leaks()).ports === 4);
  await Promise.all([talk.one.hangsUp(), talk.two.hangsUp()]);
  await Promise.all([talk.held.byed(), talk.hall.byed()]);
});
