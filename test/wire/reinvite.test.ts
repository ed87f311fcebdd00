// Mid-call: hold and resume from either side, glare, late offers, digits, session changes. RFC 3261 §14, RFC 3264, RFC 4733.
import assert from 'node:assert/strict';
import {
  dial,
  type IncomingPhoneCall,
  type OutgoingPhoneCall,
  phones,
  readSdp,
  stage,
  toSip,
  type World,
} from '../kit/index.ts';
import { lostSince } from '../kit/cluster.ts';

const story = stage({ phones: ['desk'] });

async function talking(w: World, invite = {}): Promise<{ call: OutgoingPhoneCall; desk: IncomingPhoneCall }> {
  w.phone('desk').onInvite = phones.answersAfter(10, { tone: 620 });
  w.app.answers(dial([toSip(w.phone('desk'))], { answerOnBridge: true }));
  const call = w.calls(invite);
  await call.answered();
  const desk = await w.phone('desk').nextCall();
  await Promise.all([call.hears(620), desk.hears(440)]);
  return { call, desk };
}

const heardSince = ({ media }: IncomingPhoneCall, since: number): number =>
  media?.ears.packets.entries.filter(({ at }) => at >= since).length ?? 0;

const bothHear = async (call: OutgoingPhoneCall, desk: IncomingPhoneCall): Promise<void> => {
  await Promise.all([call.hears(620), desk.hears(440)]);
};

story('hold by the caller is accepted and passed to the callee; resume brings both back', async (w) => {
  const { call, desk } = await talking(w);
  const held = await call.holds();
  assert.equal(held.status, 200);
  assert.ok(['recvonly', 'inactive'].includes(readSdp(held.sdp ?? '').direction));
  const passed = await desk.gets((each) => each.method === 'INVITE' && /a=(sendonly|inactive)/.test(each.sdp ?? ''));
  assert.notEqual(passed.sdp, undefined);
  assert.equal((await call.resumes()).status, 200);
  await desk.gets((each) => each.method === 'INVITE' && each !== desk.invite && /a=sendrecv/.test(each.sdp ?? ''));
  await bothHear(call, desk);
  await call.hangsUp();
});

story('hold by the callee is passed to the caller; resume brings both back', async (w) => {
  const { call, desk } = await talking(w);
  assert.equal((await desk.holds()).status, 200);
  await call.gets((each) => each.isRequest && each.method === 'INVITE' && /a=(sendonly|inactive)/.test(each.sdp ?? ''));
  assert.equal((await desk.resumes()).status, 200);
  await bothHear(call, desk);
  await call.hangsUp();
});

story('a resume while the other is still answering the hold is passed on after it', async (w) => {
  const { call, desk } = await talking(w);
  desk.reinviteDelayMs = 300;
  assert.equal((await call.holds()).status, 200);
  assert.equal((await call.resumes()).status, 200);
  await desk.gets((each) => each.method === 'INVITE' && /a=(sendonly|inactive)/.test(each.sdp ?? ''));
  await desk.gets((each) => each.method === 'INVITE' && each !== desk.invite && /a=sendrecv/.test(each.sdp ?? ''));
  await bothHear(call, desk);
  await call.hangsUp();
});

story('hold the old way, by 0.0.0.0, is hold too', async (w) => {
  const { call, desk } = await talking(w);
  assert.equal((await call.reInvites({ address: '0.0.0.0' })).status, 200);
  await desk.gets((each) => each.isRequest && each.method === 'INVITE' && /a=(sendonly|inactive)/.test(each.sdp ?? ''));
  assert.equal((await call.reInvites({ direction: 'sendrecv' })).status, 200);
  await bothHear(call, desk);
  await call.hangsUp();
});

story('both sides re-INVITE in one moment: glare is sorted out and both still talk', async (w) => {
  const { call, desk } = await talking(w);
  const [a, b] = await Promise.all([call.holds(), desk.holds()]);
  assert.ok(a.status === 200 && b.status === 200, `${a.title}, ${b.title}`);
  await call.resumes();
  await desk.resumes();
  await bothHear(call, desk);
  await call.hangsUp();
});

story('a session refresh (same SDP) is answered, and audio does not stop', async (w) => {
  const { call, desk } = await talking(w);
  const since = performance.now();
  assert.equal((await call.reInvites()).status, 200);
  await bothHear(call, desk);
  await desk.media?.ears.packets.until(() => heardSince(desk, since) >= 50, { what: 'a second of it' });
  // What is lost leaves a hole in the numbers; what a busy machine brings late does not.
  assert.ok(lostSince(desk, since) <= 10, `${lostSince(desk, since)} packets are lost`);
  await call.hangsUp();
});

story('a re-INVITE without an offer gets one, and the ACK’s answer is taken', async (w) => {
  const { call, desk } = await talking(w);
  const answer = await call.reInvites({ offer: false });
  assert.equal(answer.status, 200);
  assert.ok(readSdp(answer.sdp ?? '').payloads.length > 0);
  await bothHear(call, desk);
  await call.hangsUp();
});

story('a re-INVITE with no codec in common gets 488, and the call goes on as it was', async (w) => {
  const { call, desk } = await talking(w);
  assert.equal((await call.reInvites({ payloads: [18] })).status, 488);
  await bothHear(call, desk);
  await call.hangsUp();
});

story('late offer: an INVITE without SDP is offered in the 200 and answered in the ACK', async (w) => {
  const { call, desk } = await talking(w, { sdp: 'none' });
  await bothHear(call, desk);
  await call.hangsUp();
  await desk.byed();
});

story('digits of RFC 4733 cross the bridge both ways, once each, in order', async (w) => {
  const { call, desk } = await talking(w);
  await Promise.all([call.presses('12A#'), desk.presses('90*')]);
  await desk.media?.ears.digits.until((each) => each.digit === '#', { what: '#', story: () => w.story() });
  await call.media?.ears.digits.until((each) => each.digit === '*', { what: '*', story: () => w.story() });
  assert.equal(desk.media?.ears.digits.entries.map((each) => each.digit).join(''), '12A#');
  assert.equal(call.media?.ears.digits.entries.map((each) => each.digit).join(''), '90*');
  await call.hangsUp();
});

story('a caller who only speaks A-law talks with a callee who prefers µ-law', async (w) => {
  const { call, desk } = await talking(w, { payloads: [8] });
  assert.deepEqual([...(call.media?.ears.byPayload.keys() ?? [])], [8]);
  await bothHear(call, desk);
  await call.hangsUp();
});

story('what the caller negotiated is offered to the callee first', async (w) => {
  const { call, desk } = await talking(w, { payloads: [8, 0] });
  assert.equal(desk.offer?.payloads[0], 8);
  await call.hangsUp();
});

story('no codec in common: 488 to the caller', async (w) => {
  w.app.answers([{ verb: 'answer' }]);
  assert.equal((await w.calls({ payloads: [18] }).refused()).status, 488);
});

story('UPDATE in the call is answered', async (w) => {
  const { call } = await talking(w);
  assert.equal((await call.request('UPDATE', { headers: [['Contact', call.contact]] })).status, 200);
  await call.hangsUp();
});

story('INFO, MESSAGE and a REFER nobody asked for are answered, and the call goes on', async (w) => {
  const { call, desk } = await talking(w);
  const info = await call.request('INFO', {
    contentType: 'application/dtmf-relay',
    body: 'Signal=5\r\nDuration=160\r\n',
  });
  assert.equal(info.status, 200);
  const refer = await call.request('REFER', {
    headers: [
      ['Refer-To', '<sip:x@127.0.0.1>'],
      ['Contact', call.contact],
    ],
  });
  assert.ok(refer.status >= 300, refer.title);
  await bothHear(call, desk);
  await call.hangsUp();
});

story('lost packets leave the call standing and the rest audible', async (w) => {
  w.phone('alice').dropsPackets(20);
  const { call, desk } = await talking(w);
  await bothHear(call, desk);
  await call.hangsUp();
});
