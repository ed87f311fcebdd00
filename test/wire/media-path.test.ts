// exitMediaPath and media_path: the far ends talk directly, and the media comes back when it is asked back or must.
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

const story = stage({ phones: ['desk'] });
type Talk = { readonly call: OutgoingPhoneCall; readonly desk: IncomingPhoneCall; readonly sid: string };

async function talking(w: World, more: Record<string, unknown> = {}): Promise<Talk> {
  w.phone('desk').onInvite = phones.answersAfter(10, { tone: 620 });
  w.app.answers(dial([toSip(w.phone('desk'))], more));
  const call = w.calls();
  const desk = await w.phone('desk').nextCall();
  await Promise.all([call.hears(620), desk.hears(440)]);
  const { body } = await w.status(
    (each) => each['parent_call_sid'] !== undefined && each['call_status'] === 'in-progress',
  );
  return { call, desk, sid: body['parent_call_sid'] as string };
}

const portOf = (call: OutgoingPhoneCall | IncomingPhoneCall): number => call.media?.port ?? -1;
/** Where the other side last told this phone to send. */
const sendsTo = (call: OutgoingPhoneCall | IncomingPhoneCall): number | undefined => call.remoteSdp?.port;

async function direct(w: World, { call, desk, sid }: Talk): Promise<void> {
  await w.eventually('the two talk directly', () =>
    Promise.resolve(sendsTo(call) === portOf(desk) && sendsTo(desk) === portOf(call)),
  );
  await w.eventually('the server says so', async () => (await timeline(w, sid)).includes('media.left'));
}

async function timeline(w: World, sid: string): Promise<string> {
  return JSON.stringify((await w.account('GET', `/Calls/${sid}/Trace`)).body);
}

/** RTP packets the server passed on so far. */
async function relayed(w: World): Promise<number> {
  const text = await (await fetch(`${w.graine.http.url}/metrics`)).text();
  return Number(/^graine_rtp_packets_relayed_total (\d+)/m.exec(text)?.[1]);
}

story('exitMediaPath: after the bridge not one packet passes the server, and the two hear each other', async (w) => {
  const talk = await talking(w, { exitMediaPath: true });
  await direct(w, talk);
  const before = await relayed(w);
  const since = performance.now();
  await Promise.all([talk.call.hears(620, { since }), talk.desk.hears(440, { since })]);
  assert.equal(await relayed(w), before);
  const sources = talk.call.media?.ears.packets.entries.filter(({ at }) => at >= since).map(({ source }) => source);
  assert.deepEqual([...new Set(sources)], [`127.0.0.1:${portOf(talk.desk)}`], 'whose packets the caller hears');
  await talk.call.hangsUp();
  await talk.desk.byed();
  const { body } = await w.next('/action');
  assert.equal(body['dial_call_status'], 'completed');
});

story('media that is asked back while it leaves comes back as soon as it has left', async (w) => {
  const talk = await talking(w);
  assert.equal((await w.update(talk.sid, { media_path: 'no-media' })).status, 202);
  assert.equal((await w.update(talk.sid, { media_path: 'no-media' })).status, 422, 'it is leaving already');
  assert.equal((await w.update(talk.sid, { media_path: 'full-media' })).status, 202);
  await w.eventually('media is back', async () => (await timeline(w, talk.sid)).includes('media.returned'));
  const since = performance.now();
  await Promise.all([talk.call.hears(620, { since }), talk.desk.hears(440, { since })]);
  await talk.call.hangsUp();
});

story('media_path full-media brings it back, no-media takes it out again; a state it has already is 422', async (w) => {
  const talk = await talking(w);
  assert.equal((await w.update(talk.sid, { media_path: 'full-media' })).status, 422);
  assert.equal((await w.update(talk.sid, { media_path: 'no-media' })).status, 202);
  const key = await w.update(talk.sid, { dtmf: { digit: '5' } });
  assert.equal(key.status, 422, 'nobody would hear it while the media leaves');
  await direct(w, talk);
  assert.equal((await w.update(talk.sid, { media_path: 'no-media' })).status, 422);
  const muted = await w.update(talk.sid, { mute_status: 'mute' });
  assert.equal(muted.status, 422);
  assert.match(muted.body.msg, /full-media/);
  assert.equal((await w.update(talk.sid, { media_path: 'full-media' })).status, 202);
  await w.eventually('media is back', async () => (await timeline(w, talk.sid)).includes('media.returned'));
  const before = await relayed(w);
  const since = performance.now();
  await Promise.all([talk.call.hears(620, { since }), talk.desk.hears(440, { since })]);
  assert.ok((await relayed(w)) > before);
  await talk.call.hangsUp();
});

story('while out, hold, resume and a session refresh are for the other end to answer', async (w) => {
  const talk = await talking(w, { exitMediaPath: true });
  await direct(w, talk);
  const held = await talk.call.holds();
  assert.equal(held.status, 200);
  assert.equal(readSdp(held.sdp ?? '').port, portOf(talk.desk));
  await talk.desk.gets((each) => each.method === 'INVITE' && /a=sendonly/.test(each.sdp ?? ''));
  assert.equal((await talk.call.resumes()).status, 200);
  const since = performance.now();
  await Promise.all([talk.call.hears(620, { since }), talk.desk.hears(440, { since })]);
  await talk.desk.hangsUp();
  await talk.call.byed();
});

story('a callee that refuses the re-INVITE: everything is as before, and an alert says why', async (w) => {
  w.phone('desk').onInvite = (each) => {
    each.onReinvite = () => 488;
    return phones.answersAfter(10, { tone: 620 })(each);
  };
  w.app.answers(dial([toSip(w.phone('desk'))], { exitMediaPath: true }));
  const call = w.calls();
  const desk = await w.phone('desk').nextCall();
  await Promise.all([call.hears(620), desk.hears(440)]);
  await w.eventually('the alert', async () =>
    (await w.alerts('media-failure')).some((each) => /the callee refused: 488/.test(String(each['message']))),
  );
  const since = performance.now();
  await Promise.all([call.hears(620, { since }), desk.hears(440, { since })]);
  await call.hangsUp();
});

story('strict: a call whose media cannot leave ends as failed', async (w) => {
  w.phone('desk').onInvite = (each) => {
    each.onReinvite = () => 488;
    return phones.answersAfter(10, { tone: 620 })(each);
  };
  w.app.answers(dial([toSip(w.phone('desk'))], { exitMediaPath: 'strict' }));
  const call = w.calls();
  const { body } = await w.next('/action');
  assert.equal(body['dial_call_status'], 'failed');
  assert.equal(body['dial_sip_status'], 488);
  await call.byed();
});

story('anchorMedia beats exitMediaPath', async (w) => {
  const { call, desk } = await talking(w, { exitMediaPath: true, anchorMedia: true });
  await w.eventually('the alert', async () =>
    (await w.alerts('media-failure')).some((each) => /anchorMedia/.test(String(each['message']))),
  );
  assert.notEqual(sendsTo(call), portOf(desk));
  await call.hangsUp();
});
