import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { levelOf, loudness, writeWav } from './audio.ts';
import { phones } from './behaviours.ts';
import { Phone, type PhoneOptions } from './phone.ts';
import { murmur, toneSamples, wavSamples } from './voice.ts';

const open: Phone[] = [];
async function phone(name: string, options: PhoneOptions = {}): Promise<Phone> {
  const made = await Phone.listen({ name, seed: 7 + open.length, ...options });
  open.push(made);
  return made;
}
afterEach(async () => {
  await Promise.all(open.splice(0).map((each) => each.close()));
});

test('a voicemail speaks its WAV, beeps, listens, and tells how long it was spoken to', async () => {
  const greeting = wavSamples(writeWav([toneSamples(700, 600)]));
  const box = await phone('box', { onInvite: phones.voicemail({ greeting, beep: { hz: 1500, ms: 300 } }) });
  const alice = await phone('alice');
  const call = alice.invites(box.uri);
  const first = call.hears(700);
  await call.answered();
  const heard = await first;
  assert.ok((await call.hears(1500, { since: heard })) > heard, 'the beep comes after the greeting');
  await box.happens('listening');
  await call.media?.says(toneSamples(440, 800));
  await call.hangsUp();
  const { spokenMs, lastedMs } = await box.happens('message');
  assert.ok(spokenMs >= 700 && spokenMs <= 800, `${spokenMs} ms of ${lastedMs} ms`);
  assert.deepEqual(
    box.events.entries.map((each) => each.event),
    ['called', 'answered', 'greeting', 'beep', 'listening', 'ended', 'message'],
  );
});

test('a voicemail that nobody leaves hangs up, and was spoken to for no time', async () => {
  const script = { greeting: 100, beep: { ms: 60 }, listensFor: 200 };
  const box = await phone('box', { onInvite: phones.voicemail(script) });
  const call = (await phone('alice')).invites(box.uri);
  await call.byed();
  assert.equal((await box.happens('message')).spokenMs, 0);
  assert.equal((await box.happens('ended')).by, 'us');
});

test('a caller who leaves during the greeting leaves no message', async () => {
  const box = await phone('box', { onInvite: phones.voicemail({ greeting: 60_000 }) });
  const call = (await phone('alice')).invites(box.uri);
  await call.answered();
  await box.happens('greeting');
  await call.hangsUp();
  await box.happens('ended');
  assert.ok(!box.events.entries.some(({ event }) => event === 'beep' || event === 'message'));
});

for (const keysBy of ['rtp', 'info'] as const)
  test(`keys pressed by ${keysBy} arrive, and both sides tell`, async () => {
    const bob = await phone('bob', { onInvite: phones.answersAtOnce() });
    const alice = await phone('alice', { onInvite: phones.answersAtOnce({ keys: '4#', keysBy, keysAfter: 10 }) });
    const call = bob.invites(alice.uri);
    await call.answered();
    assert.equal((await alice.happens('pressed')).keys, '4#');
    if (keysBy === 'rtp')
      assert.deepEqual(
        call.media?.ears.digits.entries.map((each) => each.digit),
        ['4', '#'],
      );
    else assert.equal(call.received.entries.filter((each) => each.method === 'INFO').length, 2);
    const back = alice.invites(bob.uri);
    await back.answered();
    if (keysBy === 'rtp') await back.presses('7');
    else await back.pressesByInfo('7');
    const { key, by } = await bob.happens('key');
    assert.deepEqual([key, by], ['7', keysBy]);
  });

test('which packets get lost, the seed says', async () => {
  const lost = async (seed: number): Promise<readonly number[]> => {
    const bob = await phone('bob', { onInvite: phones.answersAtOnce({ tone: 620 }), loss: 0.4, seed });
    const call = (await phone('alice')).invites(bob.uri);
    const packets = (await call.openMedia()).ears.packets;
    await packets.until(() => packets.entries.length >= 50, { what: '50 packets' });
    const first = packets.entries[0]?.sequence ?? 0;
    return packets.entries.slice(0, 50).map((each) => each.sequence - first);
  };
  const once = await lost(3);
  assert.deepEqual(await lost(3), once);
  assert.notDeepEqual(await lost(4), once);
  assert.ok((once.at(-1) ?? 0) > 58, `some are missing: ${once.join(' ')}`);
  await assert.rejects(Phone.listen({ loss: 40 }), /share from 0 to 1/);
});

test('a phone that does not remember lets go of what is old', async () => {
  const bob = await phone('bob', { remembers: false });
  for (let n = 0; n < 1500; n++) bob.transcript.note(String(n));
  assert.ok(bob.transcript.entries.length <= 1000);
  assert.equal(bob.transcript.entries.at(-1)?.title, '1499');
});

test('garbage does not end a phone, and its calls go on', async () => {
  const bob = await phone('bob', { remembers: false, onInvite: phones.answersAtOnce({ tone: 620 }) });
  const alice = await phone('alice');
  const call = alice.invites(bob.uri);
  await call.answered();
  const head =
    'Via: SIP/2.0/UDP 127.0.0.1:1;branch=z9hG4bKx\r\nCall-ID: x\r\nCSeq: 1 INVITE\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\n';
  const sdp = 'v=0\r\nc=IN IP4\r\nm=audio 99999 RTP/AVP x\r\n';
  const bodies = [
    'INVITE sip:bob@127.0.0.1 SIP/2.0\r\n\r\n',
    `INVITE sip:bob@127.0.0.1 SIP/2.0\r\n${head}Contact: <<>>\r\nContent-Type: application/sdp\r\nContent-Length: ${sdp.length}\r\n\r\n${sdp}`,
    `BYE sip:bob@127.0.0.1:99999 SIP/2.0\r\n${head.replace('127.0.0.1:1;', '127.0.0.1:99999;')}\r\n`,
    'SIP/2.0 200 OK\r\n\r\n',
    Buffer.from([0, 255, 13, 10, 13, 10]),
  ];
  for (const body of bodies) alice.sendRaw(body, { host: bob.address, port: bob.port });
  const media = bob.calls.entries[0]?.media;
  if (media !== undefined)
    for (const size of [0, 1, 11, 12, 13, 15, 1400])
      call.media?.sendRaw(Buffer.alloc(size, 0xbf), { address: media.address, port: media.port });
  await call.hears(620);
  assert.equal((await call.hangsUp()).status, 200);
});

test('a WAV of any rate is spoken at its pitch; what is none is refused', () => {
  for (const rate of [8000, 16_000, 44_100]) {
    const samples = Int16Array.from({ length: rate }, (_, n) => 8000 * Math.sin((2 * Math.PI * 440 * n) / rate));
    const narrow = wavSamples(writeWav([samples], rate));
    assert.ok(Math.abs(narrow.length - 8000) < 2);
    assert.ok(levelOf(narrow, 440) > -14, String(levelOf(narrow, 440)));
  }
  assert.throws(() => wavSamples(Buffer.from('no sound')), /give a WAV of 16-bit PCM/);
  assert.throws(() => wavSamples(writeWav([new Int16Array(9)]).subarray(0, 30)), /give a WAV/);
});

test('a murmur is as long and loud as speech, with pauses, and the same for the same seed', () => {
  const sound = murmur(3000);
  assert.equal(sound.length, 24_000);
  assert.deepEqual(murmur(3000), sound);
  const frames = Array.from({ length: 150 }, (_, n) => loudness(sound.subarray(n * 160, n * 160 + 160)));
  const silent = frames.filter((level) => level < -50).length;
  assert.ok(silent > 5 && silent < 75, `${silent} silent frames of 150`);
  assert.ok(loudness(sound) > -25 && loudness(sound) < -8, String(loudness(sound)));
});
