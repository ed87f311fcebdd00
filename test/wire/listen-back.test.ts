// listen, the other way: what the listener sends is heard in the call, by the one it is for.
import assert from 'node:assert/strict';
import { after as afterAll, before } from 'node:test';
import {
  dial,
  type Ears,
  ListenerApp,
  levelOf,
  type PhoneCall,
  phones,
  stage,
  toneVoice,
  toSip,
  writeWav,
} from '../kit/index.ts';

function earsOf(call: PhoneCall | undefined): Ears {
  if (call?.media === undefined) throw new Error('no audio there');
  return call.media.ears;
}

let ear: ListenerApp;
before(async () => {
  ear = await ListenerApp.start();
});
afterAll(() => ear.close());

const story = stage({ phones: ['desk'] });

function tone(hz: number, rate: number, seconds: number): Buffer {
  const samples = Int16Array.from({ length: rate * seconds }, (_, n) => 8000 * Math.sin((2 * Math.PI * hz * n) / rate));
  return Buffer.from(samples.buffer);
}

const playAudio = (audio: Buffer, more: Record<string, unknown> = {}): unknown => ({
  type: 'playAudio',
  data: { audioContent: audio.toString('base64'), audioContentType: 'raw', sampleRate: 16_000, id: 'a', ...more },
});

story('playAudio is heard by the caller, then playDone; killAudio is heard at once', async (w) => {
  w.app.answers([{ verb: 'listen', url: ear.url() }]);
  const call = w.calls();
  await call.answered();
  const heard = await ear.next();
  await heard.first();
  heard.send(playAudio(tone(1000, 16_000, 1)));
  await call.hears(1000);
  await heard.texts.until((text) => text['type'] === 'playDone', { what: 'playDone' });
  assert.deepEqual(heard.texts.entries.at(-1), { type: 'playDone', data: { id: 'a' } });
  const voice = Int16Array.from({ length: 8000 }, (_, n) => toneVoice(700)(n));
  heard.send(playAudio(writeWav([voice]), { audioContentType: 'wav', id: 'b' }));
  await call.hears(700);
  heard.send(playAudio(tone(1200, 16_000, 60)));
  await call.hears(1200);
  heard.send({ type: 'killAudio' });
  const killed = performance.now();
  await earsOf(call).packets.until((packet) => packet.at > killed + 200 && levelOf(packet.samples, 1200) < -40, {
    what: 'silence again',
  });
  // It still listens.
  await heard.hears(440, { rate: 8000 });
  await call.hangsUp();
});

story('inside dial, playAudio is heard by the caller together with the callee, and not by the callee', async (w) => {
  w.phone('desk').onInvite = phones.answersAfter(10, { tone: 620 });
  w.app.answers(dial([toSip(w.phone('desk'))], { listen: { url: ear.url() } }));
  const call = w.calls();
  await call.answered();
  const heard = await ear.next();
  await heard.first();
  await call.hears(620);
  heard.send(playAudio(tone(1000, 16_000, 2)));
  const since = performance.now();
  await earsOf(call).packets.until(
    (packet) =>
      packet.at > since &&
      earsOf(call).heard(1000, { lastMs: 200 }) > -20 &&
      earsOf(call).heard(620, { lastMs: 200 }) > -20,
    { what: 'both tones at the caller' },
  );
  const [desk] = w.phone('desk').calls.entries;
  assert.ok(earsOf(desk).heard(1000, { since }) < -35);
  await call.hangsUp();
});

story('binary frames are heard by the callee where the dial listens on channel 2', async (w) => {
  w.phone('desk').onInvite = phones.answersAfter(10, { tone: 620 });
  const bidirectionalAudio = { enabled: true, streaming: true, sampleRate: 16_000 };
  w.app.answers(dial([toSip(w.phone('desk'))], { listen: { url: ear.url(), channel: 2, bidirectionalAudio } }));
  const call = w.calls();
  await call.answered();
  const heard = await ear.next();
  await heard.hears(620, { rate: 8000 });
  assert.ok(levelOf(heard.sound().subarray(-4000), 440) < -35, 'the caller at a listener of the callee');
  const sound = tone(1000, 16_000, 2);
  const since = performance.now();
  for (let at = 0; at < sound.length; at += 6400) heard.send(sound.subarray(at, at + 6400));
  heard.send({ type: 'mark', data: { name: 'said' } });
  const [desk] = w.phone('desk').calls.entries;
  await earsOf(desk).packets.until((packet) => packet.at > since && earsOf(desk).heard(1000, { lastMs: 200 }) > -20, {
    what: 'the tone at the callee',
  });
  await heard.texts.until((text) => text['type'] === 'mark', { what: 'the mark' });
  assert.ok(performance.now() - since >= 1900, 'a mark is told when its sound was heard');
  assert.ok(earsOf(call).heard(1000, { since }) < -35, 'the caller does not hear it');
  await call.hangsUp();
});

story('disableBidirectionalAudio: nothing of it is heard', async (w) => {
  w.app.answers([{ verb: 'listen', url: ear.url(), disableBidirectionalAudio: true }]);
  const call = w.calls();
  await call.answered();
  const heard = await ear.next();
  await heard.hears(440, { rate: 8000 });
  const since = performance.now();
  heard.send(playAudio(tone(1000, 16_000, 1)));
  heard.send({ type: 'mark', data: { name: 'x' } });
  await heard.texts.until((text) => text['type'] === 'mark', { what: 'the mark' });
  await heard.frames.until((frame) => frame.at > since + 500, { what: 'half a second' });
  assert.ok(earsOf(call).heard(1000, { since }) < -35);
  await call.hangsUp();
});

story('playAudio and its rate: each is heard as what it is', async (w) => {
  w.app.answers([{ verb: 'listen', url: ear.url() }]);
  const call = w.calls();
  await call.answered();
  const heard = await ear.next();
  await heard.first();
  const rates = [8000, 11_025, 24_000, 32_000, 44_100, 48_000, 64_000];
  for (const [n, sampleRate] of rates.entries()) {
    const hz = 500 + 150 * n;
    heard.send(playAudio(tone(hz, sampleRate, 1), { sampleRate, id: n }));
    await call.hears(hz);
  }
  await call.hangsUp();
});
