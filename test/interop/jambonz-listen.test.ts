// The listener of the jambonz SDK, which nobody here wrote: it hears the call, is told keys, speaks both ways it knows.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { after as afterAll, before } from 'node:test';
import { type AudioClient, type AudioStream, createEndpoint } from '@jambonz/sdk/websocket';
import { Journal, levelOf, stage } from '../kit/index.ts';

const quiet = { info: () => {}, error: () => {}, debug: () => {} };
const server = http.createServer();
let audio: AudioClient;
before(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  audio = createEndpoint({ server, logger: quiet }).audio({ path: '/audio-stream' });
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const story = stage();
const url = (): string => `ws://127.0.0.1:${(server.address() as AddressInfo).port}/audio-stream`;
const connection = async (): Promise<AudioStream> => ((await once(audio, 'connection')) as [AudioStream])[0];

function tone(hz: number, seconds: number): Buffer {
  const samples = Int16Array.from(
    { length: 16_000 * seconds },
    (_, n) => 8000 * Math.sin((2 * Math.PI * hz * n) / 16_000),
  );
  return Buffer.from(samples.buffer);
}

/** What it hears, until the tone is there. */
async function hears(stream: AudioStream, hz: number): Promise<void> {
  let heard = Buffer.alloc(0);
  for (let level = -100; level < -20;) {
    const [pcm] = (await once(stream, 'audio')) as [Buffer];
    heard = Buffer.concat([heard, pcm]).subarray(-6400);
    const samples = new Int16Array(heard.buffer.slice(heard.byteOffset, heard.byteOffset + heard.length));
    if (samples.length === 3200) level = levelOf(samples, hz, 16_000);
  }
}

story('metadata, sound, keys, playAudio with playDone, killAudio, disconnect', async (w) => {
  const stream = { url: url(), sampleRate: 16_000, mixType: 'mono', passDtmf: true, metadata: { purpose: 'test' } };
  w.app.answers([{ stream }, { verb: 'hangup' }]);
  const connected = connection();
  const call = w.calls();
  await call.answered();
  const heard = await connected;
  assert.equal(heard.callSid, (await w.next('/call')).body['call_sid']);
  assert.equal(heard.sampleRate, 16_000);
  assert.equal(heard.metadata['purpose'], 'test');
  await hears(heard, 440);
  const key = once(heard, 'dtmf');
  await call.presses('7');
  assert.equal(((await key) as [{ digit: string }])[0].digit, '7');
  const done = once(heard, 'playDone');
  heard.playAudio(tone(1000, 1).toString('base64'), { id: 'greeting' });
  await call.hears(1000);
  assert.deepEqual(await done, [{ id: 'greeting' }]);
  heard.playAudio(tone(1200, 60).toString('base64'));
  await call.hears(1200);
  heard.killAudio();
  heard.disconnect();
  await call.byed();
});

story('streaming: sendAudio is heard, marks come in their order; close() ends the verb', async (w) => {
  const bidirectionalAudio = { enabled: true, streaming: true, sampleRate: 16_000 };
  w.app.answers([{ stream: { url: url(), sampleRate: 16_000, bidirectionalAudio } }, { verb: 'hangup' }]);
  const connected = connection();
  const call = w.calls();
  await call.answered();
  const heard = await connected;
  const marks = new Journal<{ name: string; event: string }>();
  heard.on('mark', (mark) => marks.add(mark as { name: string; event: string }));
  heard.sendAudio(tone(700, 0.5));
  heard.sendMark('first');
  heard.sendAudio(tone(900, 0.5));
  heard.sendMark('second');
  await call.hears(700);
  await call.hears(900);
  await marks.until(() => marks.entries.length === 2, { what: 'both marks' });
  assert.deepEqual(marks.entries, [
    { name: 'first', event: 'playout' },
    { name: 'second', event: 'playout' },
  ]);
  heard.sendAudio(tone(1100, 60));
  heard.sendMark('never');
  await call.hears(1100);
  heard.clearMarks();
  await marks.until(({ event }) => event === 'cleared', { what: 'the cleared mark' });
  heard.close();
  await call.byed();
});
