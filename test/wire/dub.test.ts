// dub: tracks beside the main one, measured at the ear. dial.md; reference.md 1.13, 5, 4.2.
import assert from 'node:assert/strict';
import { dial, hearsAt, loudness, phones, stage, toSip, toneVoice, type World, writeWav } from '../kit/index.ts';

const story = stage({ phones: ['desk'] });
/** What -20 dBm0 is below full scale: 0 dBm0 is 3.14 dB below it (ITU-T G.711). */
const level = -23.14;
const tone = (hz: number): string => `tone_stream://%(1000,0,${hz});v=-20`;
const on = (track: string, more: Record<string, unknown>): Record<string, unknown> => ({ verb: 'dub', track, ...more });
const hold = { verb: 'pause', length: 600 };

async function talk(w: World, options: Record<string, unknown>, before: readonly unknown[] = []) {
  w.phone('desk').onInvite = phones.answersAfter(10, { tone: 620 });
  w.app.answers([...before, ...dial([toSip(w.phone('desk'))], options)]);
  const call = w.calls();
  await call.hears(620);
  const callee = await w.phone('desk').nextCall();
  await callee.hears(440);
  const child = await w.status((body) => body['direction'] === 'outbound' && body['call_status'] === 'in-progress');
  const parent = await w.next('/call');
  const sids = { parent: parent.body['call_sid'] as string, child: child.body['call_sid'] as string };
  return { call, callee, sids };
}

async function ends(w: World, call: ReturnType<World['calls']>): Promise<void> {
  await call.hangsUp();
  await w.next('/action');
}

story(
  'addTrack with play sounds on while the next verbs run; gain in dB; the caller’s main track is beside it',
  async (w) => {
    const track = on('music', { action: 'addTrack', play: tone(800), loop: true, gain: '-10 dB' });
    const { call, callee } = await talk(w, {}, [track]);
    await Promise.all([hearsAt(call.media?.ears, 800, level - 10), hearsAt(call.media?.ears, 620, -12)]);
    assert.ok((callee.media?.ears.heard(800) ?? -99) < -50, 'the callee hears the caller’s track');
    await ends(w, call);
  },
);

story('playOnTrack replaces, silenceTrack silences, removeTrack removes', async (w) => {
  w.app.answers([
    { verb: 'answer' },
    on('a', { action: 'playOnTrack', play: tone(800), loop: 'forever' }),
    { verb: 'redirect', actionHook: '/two' },
  ]);
  const steps = [
    [on('a', { action: 'playOnTrack', play: tone(1200), loop: 'forever' }), { verb: 'redirect', actionHook: '/three' }],
    [
      on('a', { action: 'silenceTrack' }),
      on('b', { action: 'addTrack', play: tone(1500), loop: 'forever' }),
      { verb: 'redirect', actionHook: '/four' },
    ],
    [on('b', { action: 'removeTrack' }), on('a', { action: 'playOnTrack', play: tone(500), loop: 'forever' }), hold],
  ];
  const gates = ['/two', '/three', '/four'].map((path, n) => {
    let open: () => void = () => {};
    const gate = new Promise<void>((resolve) => (open = resolve));
    w.app.on(path, async () => {
      await gate;
      return steps[n];
    });
    return open;
  });
  const call = w.calls();
  const silent = (hz: number): void => assert.ok((call.media?.ears.heard(hz) ?? -99) < -50, `${hz} Hz is still heard`);
  await call.answered();
  await hearsAt(call.media?.ears, 800, level);
  gates[0]?.();
  await hearsAt(call.media?.ears, 1200, level);
  await hearsAt(call.media?.ears, 1200, level, 400);
  silent(800);
  gates[1]?.();
  await hearsAt(call.media?.ears, 1500, level, 400);
  silent(1200);
  gates[2]?.();
  await hearsAt(call.media?.ears, 500, level, 400);
  silent(1500);
  await call.hangsUp();
  await w.status((body) => body['call_status'] === 'completed');
});

story('nested in dial it is the callee who hears it, object or array; a boost leaves it as it is', async (w) => {
  for (const dub of [
    { action: 'addTrack', track: 'bed', play: tone(800), loop: true },
    [
      { action: 'addTrack', track: 'bed' },
      { action: 'playOnTrack', track: 'bed', play: tone(800), loop: true },
    ],
  ]) {
    const { call, callee } = await talk(w, { dub, boostAudioSignal: '-9 dB' });
    await Promise.all([hearsAt(callee.media?.ears, 800, level), hearsAt(callee.media?.ears, 440, -21)]);
    assert.ok((call.media?.ears.heard(800) ?? -99) < -50, 'the caller hears the callee’s track');
    await ends(w, call);
    await w.eventually('the call is over', () => w.idle());
    w.reset();
  }
});

story('by REST on either call', async (w) => {
  const { call, callee, sids } = await talk(w, {});
  const add = { action: 'addTrack', track: 'rest', play: tone(800), loop: true };
  assert.equal((await w.update(sids.child, { dub: add })).status, 202);
  await hearsAt(callee.media?.ears, 800, level);
  assert.equal((await w.update(sids.parent, { dub: { ...add, play: tone(1200) } })).status, 202);
  await hearsAt(call.media?.ears, 1200, level);
  assert.equal((await w.update(sids.child, { dub: { action: 'removeTrack', track: 'rest' } })).status, 202);
  await hearsAt(callee.media?.ears, 440, -12, 400);
  assert.ok((callee.media?.ears.heard(800) ?? -99) < -50, 'the removed track is still heard');
  await ends(w, call);
});

story('by REST what is not valid is refused with its path', async (w) => {
  const { call, sids } = await talk(w, {});
  for (const [dub, path] of [
    [{ action: 'playOnTrack', track: 'x' }, 'dub.play'],
    [{ action: 'sayOnTrack', track: 'x' }, 'dub.say'],
    [{ action: 'addTrak', track: 'x' }, 'dub.action'],
    [{ action: 'addTrack', track: '' }, 'dub.track'],
    [{ action: 'addTrack', track: 'x', play: tone(800), gain: '99 dB' }, 'dub.gain'],
    [{ action: 'addTrack', track: 'x', plai: 'y' }, 'dub.plai'],
  ] as const) {
    const { status, body } = await w.update(sids.parent, { dub });
    assert.equal(status, 400, path);
    assert.ok(JSON.stringify(body).includes(path), `${path} in ${JSON.stringify(body)}`);
  }
  for (let n = 0; n < 8; n++)
    assert.equal((await w.update(sids.parent, { dub: { action: 'addTrack', track: `t${n}` } })).status, 202);
  assert.equal((await w.update(sids.parent, { dub: { action: 'addTrack', track: 't8' } })).status, 400);
  await ends(w, call);
});

story('sayOnTrack speaks beside the conversation, one text after the other', async (w) => {
  const say = { text: ['Please hold the line.', 'Somebody will be with you soon.'] };
  w.app.answers([{ verb: 'answer' }, on('voice', { action: 'sayOnTrack', say }), { verb: 'pause', length: 600 }]);
  const call = w.calls();
  await call.answered();
  await call.media?.ears.packets.until((each) => loudness(each.samples) > -40, { what: 'speech' });
  await call.hangsUp();
  await w.status((body) => body['call_status'] === 'completed');
});

story('a file on a track is played once and then silent; one that cannot be had raises an alert', async (w) => {
  const samples = Int16Array.from({ length: 4000 }, (_, n) => toneVoice(1000)(n));
  w.app.files.set('/bed.wav', { type: 'audio/wav', body: writeWav([samples]) });
  w.app.answers([
    { verb: 'answer' },
    on('x', { action: 'playOnTrack', play: w.app.url('/bed.wav') }),
    on('y', { action: 'playOnTrack', play: w.app.url('/nothing.wav') }),
    { verb: 'pause', length: 600 },
  ]);
  const call = w.calls();
  await call.hears(1000);
  await w.eventually('the alert', async () =>
    (await w.alerts('play-url-notfound')).some((alert) => JSON.stringify(alert).includes('nothing.wav')),
  );
  await call.hangsUp();
  await w.status((body) => body['call_status'] === 'completed');
});
