// What a listener sends back: playAudio, killAudio, marks, binary sound, disconnect.
import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import type { StreamOptions } from '../ports/index.ts';
import { levelOf, writeWav } from '../testing/index.ts';
import { hearBack, Listener, Source, Studio } from './kit.test.ts';

function tone(hz: number, rate: number, seconds: number): Int16Array {
  return Int16Array.from({ length: rate * seconds }, (_, n) => 8000 * Math.sin((2 * Math.PI * hz * n) / rate));
}

function bytesOf(samples: Int16Array): Buffer {
  return Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength);
}

function playAudio(samples: Int16Array, more: Record<string, unknown> = {}): string {
  const data = {
    audioContent: bytesOf(samples).toString('base64'),
    audioContentType: 'raw',
    sampleRate: 8000,
    ...more,
  };
  return JSON.stringify({ type: 'playAudio', data });
}

const mark = (name: string): string => JSON.stringify({ type: 'mark', data: { name } });

describe('what a listener sends back', () => {
  const studio = new Studio();
  after(() => studio.service.closeAll());

  async function stage(
    tell: (parts: { listener: Listener; send: (data: string | Buffer) => void; stream: string }) => Promise<void>,
    options: Partial<StreamOptions> = {},
  ): Promise<void> {
    const listener = await Listener.start();
    const source = new Source({ rate: 8000, channels: 1 }, [440]).start();
    studio.feeds.clear();
    const stream = studio.open({ place: listener.place, tap: source.memory, ...options });
    const socket = await listener.socket();
    await tell({ listener, send: (data) => socket.send(data), stream });
    source.end();
    await studio.ended(stream);
    await listener.close();
  }

  it('playAudio of raw sound goes into the feed, whole and in real time, then playDone', async () => {
    await stage(async ({ listener, send }) => {
      const sent = tone(1000, 16_000, 0.5);
      const begun = performance.now();
      send(playAudio(sent, { sampleRate: 16_000, id: 'hello' }));
      assert.deepEqual(await hearBack(studio, 16_000, 8000), sent);
      await listener.said((text) => text['type'] === 'playDone', 'playDone');
      assert.ok(performance.now() - begun >= 480, `done after ${performance.now() - begun} ms`);
      assert.deepEqual(listener.texts().at(-1), { type: 'playDone', data: { id: 'hello' } });
    });
  });

  it('playAudio of a stereo WAV at 22.05 kHz is heard at the next rate of a feed', async () => {
    await stage(async ({ listener, send }) => {
      const voice = tone(1000, 22_050, 1);
      const wav = writeWav([voice, voice], 22_050);
      send(
        playAudio(new Int16Array(wav.buffer.slice(wav.byteOffset, wav.byteOffset + wav.length)), {
          audioContentType: 'wav',
        }),
      );
      const heard = await hearBack(studio, 24_000, 24_000);
      assert.equal(heard.length, 24_000);
      assert.ok(levelOf(heard, 1000, 24_000) > -13, `${levelOf(heard, 1000, 24_000)} dB`);
      // A step between two pieces would be heard as a click: energy away from the tone.
      const tenth = Array.from({ length: 10 }, (_, n) => heard.subarray(n * 2400, (n + 1) * 2400));
      for (const part of tenth) assert.ok(levelOf(part, 5000, 24_000) < -50, `${levelOf(part, 5000, 24_000)} dB`);
      await listener.said((text) => text['type'] === 'playDone', 'playDone');
    });
  });

  it('without queuePlay a clip takes the place of what plays; with it they follow each other', async () => {
    await stage(async ({ listener, send }) => {
      send(playAudio(tone(500, 8000, 30), { id: 1 }));
      await hearBack(studio, 8000, 800);
      send(playAudio(tone(700, 8000, 0.3), { id: 2 }));
      send(playAudio(tone(900, 8000, 0.3), { id: 3, queuePlay: true }));
      await listener.said((text) => JSON.stringify(text).includes('"id":3'), 'the last playDone');
      assert.deepEqual(
        listener
          .texts()
          .filter((text) => text['type'] === 'playDone')
          .map((text) => (text['data'] as { id: number }).id),
        [1, 2, 3],
      );
      const heard = await hearBack(studio, 8000, studio.feeds.get(8000)?.available ?? 0);
      assert.ok(levelOf(heard.subarray(-2400), 900) > -13 && levelOf(heard.subarray(-4800, -2400), 700) > -15);
    });
  });

  it('marks are told when what was before them has been heard; clearMarks and killAudio clear them', async () => {
    await stage(async ({ listener, send }) => {
      const marks = () =>
        listener
          .texts()
          .filter((text) => text['type'] === 'mark')
          .map((text) => text['data']);
      send(mark('at once'));
      send(playAudio(tone(500, 8000, 0.3), { id: 1 }));
      send(mark('after the clip'));
      await listener.said((text) => JSON.stringify(text).includes('after the clip'), 'the mark');
      assert.deepEqual(marks(), [
        { name: 'at once', event: 'playout' },
        { name: 'after the clip', event: 'playout' },
      ]);
      send(playAudio(tone(500, 8000, 30), { id: 2 }));
      send(mark('a'));
      send('{"type":"clearMarks"}');
      send(mark('b'));
      send('{"type":"killAudio"}');
      await listener.said((text) => JSON.stringify(text).includes('"b"'), 'the killed mark');
      assert.deepEqual(marks().slice(2), [
        { name: 'a', event: 'cleared' },
        { name: 'b', event: 'cleared' },
      ]);
    });
  });

  it('binary frames, cut anywhere, are one sound; a mark among them is told in its place', async () => {
    await stage(
      async ({ listener, send }) => {
        const sent = tone(600, 16_000, 0.6);
        const bytes = bytesOf(sent);
        for (let at = 0; at < bytes.length; at += 1111) send(bytes.subarray(at, at + 1111));
        send(mark('spoken'));
        assert.deepEqual(await hearBack(studio, 16_000, sent.length), sent);
        await listener.said((text) => JSON.stringify(text).includes('spoken'), 'the mark');
      },
      { back: { binaryRate: 16_000 } },
    );
  });

  it('disconnect ends the stream', async () => {
    await stage(async ({ send, stream }) => {
      send('{"type":"disconnect"}');
      assert.equal((await studio.ended(stream)).end, 'disconnect');
    });
  });

  it('nothing is played where bidirectional audio is off', async () => {
    await stage(
      async ({ send }) => {
        send(playAudio(tone(500, 8000, 0.1)));
        send(bytesOf(tone(500, 8000, 0.1)));
        await studio.event('refused', (told) => told.why.includes('playAudio'));
        await studio.event('refused', (told) => told.why.includes('binary'));
        assert.equal(studio.feeds.size, 0);
      },
      { back: 'nothing' },
    );
  });
});
