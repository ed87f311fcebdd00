// What a listener hears: the first frame, rates, channels, pause and silence, and how it ends.
import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { levelOf } from '../testing/index.ts';
import type { TapRate } from '../ports/index.ts';
import { Listener, Source, Studio } from './kit.test.ts';

function channel(sound: Int16Array, at: number, of: number): Int16Array {
  return sound.filter((_, i) => i % of === at);
}

describe('the sound of a stream', () => {
  const studio = new Studio();
  after(() => studio.service.closeAll());

  it('begins with the metadata as text, in the subprotocol audio.jambonz.org, with the credentials', async () => {
    const listener = await Listener.start();
    const source = new Source({ rate: 8000, channels: 1 }, [440]).start();
    const place = { ...listener.place, authorization: 'Basic dTpw' };
    const stream = studio.open({ place, tap: source.memory, hello: '{"callSid":"c9","sampleRate":8000}' });
    const first = await listener.heard.until(() => true, { what: 'a first frame' });
    assert.deepEqual(JSON.parse(first.text ?? ''), { callSid: 'c9', sampleRate: 8000 });
    assert.equal(listener.requests[0]?.protocol, 'audio.jambonz.org');
    assert.equal(listener.requests[0]?.headers['authorization'], 'Basic dTpw');
    assert.equal(listener.requests[0]?.headers['host'], `listener.test:${listener.port}`);
    await listener.bytes(1);
    studio.service.close(stream);
    assert.equal((await studio.ended(stream)).end, 'stopped');
    assert.equal(await listener.closes.until(() => true, { what: 'a close' }), 1000);
    source.end();
    await listener.close();
  });

  for (const rate of [8000, 16_000, 24_000, 32_000, 48_000, 64_000] as TapRate[]) {
    it(`is all there at ${rate} Hz, in frames of 20 ms, and ends with its source`, async () => {
      const listener = await Listener.start();
      const source = new Source({ rate, channels: 1 }, [440]).start();
      const stream = studio.open({ place: listener.place, tap: source.memory });
      await listener.bytes(rate);
      source.end();
      const { end, figures } = await studio.ended(stream);
      await listener.closes.until(() => true, { what: 'a close' });
      const sound = listener.sound();
      assert.equal(end, 'source-ended');
      assert.equal(sound.length, Math.floor((source.seconds * rate) / (rate / 50)) * (rate / 50));
      assert.equal(figures.bytes, sound.byteLength);
      assert.equal(figures.droppedMs, 0);
      assert.ok(listener.heard.entries.every((each) => each.text !== undefined || each.sound?.length === rate / 25));
      assert.ok(levelOf(sound, 440, rate) > -13, `${levelOf(sound, 440, rate)} dB`);
      await listener.close();
    });
  }

  it('has the leg left and the other party right in stereo', async () => {
    const listener = await Listener.start();
    const source = new Source({ rate: 16_000, channels: 2 }, [440, 1000]).start();
    const stream = studio.open({ place: listener.place, tap: source.memory });
    await listener.bytes(32_000);
    source.end();
    await studio.ended(stream);
    const [left, right] = [channel(listener.sound(), 0, 2), channel(listener.sound(), 1, 2)];
    assert.ok(levelOf(left, 440, 16_000) > -13 && levelOf(left, 1000, 16_000) < -60);
    assert.ok(levelOf(right, 1000, 16_000) > -13 && levelOf(right, 440, 16_000) < -60);
    await listener.close();
  });

  it('is zeros of the same length while silenced, nothing while paused, and sound again after', async () => {
    const listener = await Listener.start();
    const source = new Source({ rate: 8000, channels: 1 }, [440]).start();
    const stream = studio.open({ place: listener.place, tap: source.memory });
    await listener.bytes(1600);
    studio.service.setFlow(stream, 'silence');
    const isZero = (each: { sound?: Buffer }): boolean => each.sound?.every((byte) => byte === 0) === true;
    await listener.heard.until(isZero, { what: 'silence' });
    const zerosFrom = listener.heard.entries.findIndex(isZero);
    await listener.heard.until(() => listener.heard.entries.length >= zerosFrom + 10, { what: 'more silence' });
    assert.ok(listener.heard.entries.slice(zerosFrom).every(isZero));
    studio.service.setFlow(stream, 'pause');
    // What was on its way when the pause came has come when an answer to a mark has.
    (await listener.socket()).send('{"type":"mark","data":{"name":"after the pause"}}');
    await listener.said((text) => text['type'] === 'mark', 'the mark');
    const paused = listener.heard.entries.length;
    const before = source.seconds;
    while (source.seconds < before + 0.3) await new Promise((resolve) => setTimeout(resolve, 20));
    (await listener.socket()).send('{"type":"mark","data":{"name":"later"}}');
    await listener.said((text) => JSON.stringify(text).includes('later'), 'the second mark');
    assert.equal(listener.heard.entries.length, paused + 1, 'frames while paused');
    studio.service.setFlow(stream, 'sound');
    await listener.heard.until((each) => each.sound !== undefined && !isZero(each), { what: 'sound', since: paused });
    source.end();
    const { figures } = await studio.ended(stream);
    assert.equal(figures.droppedMs, 0, 'what is left out in a pause is not lost');
    await listener.close();
  });

  it('ends by itself when nobody has spoken for so long', async () => {
    const listener = await Listener.start();
    const source = new Source({ rate: 8000, channels: 1 }, [0]).start();
    const stream = studio.open({ place: listener.place, tap: source.memory, silenceMs: 300 });
    const { end, figures } = await studio.ended(stream);
    assert.equal(end, 'silence');
    assert.ok(figures.frames >= 14 && figures.frames <= 15, `${figures.frames} frames`);
    source.end();
    await listener.close();
  });

  it('carries text frames beside it', async () => {
    const listener = await Listener.start();
    const source = new Source({ rate: 8000, channels: 1 }, [440]).start();
    const stream = studio.open({ place: listener.place, tap: source.memory });
    await listener.bytes(1);
    studio.service.sendText(stream, '{"event":"dtmf","dtmf":"5","duration":160}');
    await listener.said((text) => text['event'] === 'dtmf', 'the digit');
    source.end();
    await studio.ended(stream);
    await listener.close();
  });

  it('of one that cannot begin is not missed by the others', async () => {
    const listener = await Listener.start();
    const source = new Source({ rate: 8000, channels: 1 }, [440]).start();
    const stream = studio.open({ place: listener.place, tap: source.memory });
    await listener.bytes(1);
    const broken = studio.open({ place: { ...listener.place, url: 'no URL' }, tap: source.memory });
    assert.equal((await studio.ended(broken)).end, 'lost');
    const before = listener.sound().byteLength;
    await listener.bytes(before + 1600);
    source.end();
    assert.equal((await studio.ended(stream)).end, 'source-ended');
    await listener.close();
  });
});
