// play and dialMusic against servers of every kind: what a caller hears is measured at its phone.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { after as afterAll, before } from 'node:test';
import { pathToFileURL } from 'node:url';
import { after, dial, levelOf, loudness, phones, stage, toneVoice, toSip, type World, writeWav } from '../kit/index.ts';

const mp3 = readFileSync(new URL('../../src/media/files/testdata/stereo-44100.mp3', import.meta.url));
const tone = (hz: number, ms: number): Int16Array => Int16Array.from({ length: ms * 8 }, (_, n) => toneVoice(hz)(n));
/** 500 ms of one tone, then 500 ms of another. */
const twoTones = writeWav([Int16Array.from([...tone(700, 500), ...tone(1200, 500)])]);

type Serve = (request: http.IncomingMessage, response: http.ServerResponse) => void;
const folder = mkdtempSync(path.join(os.tmpdir(), 'graine-sounds-test-'));
const pages = new Map<string, Serve>();
const asked: { url: string; headers: http.IncomingHttpHeaders }[] = [];
const server = http.createServer((request, response) => {
  const { url = '/', headers } = request;
  asked.push({ url, headers });
  const serve = pages.get(url);
  if (serve === undefined) response.writeHead(404).end();
  else serve(request, response);
});
const at = (page: string): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}${page}`;
const file =
  (body: Buffer, headers: http.OutgoingHttpHeaders = {}): Serve =>
  (_, response) =>
    void response.writeHead(200, headers).end(body);

before(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)));
afterAll(() => {
  server.closeAllConnections();
  server.close();
  rmSync(folder, { recursive: true });
});

const story = stage({ phones: ['desk'], config: { media: { sounds_dir: folder } } });

const gone = { verb: 'hangup', headers: { 'X-End': 'yes' } };

/** Plays, hangs up, and returns what the hook was told. */
async function plays(w: World, verb: Record<string, unknown>) {
  w.app.answers([{ verb: 'play', actionHook: '/played', ...verb }]);
  w.app.on('/played', [gone]);
  const call = w.calls();
  await call.byed();
  const { body } = await w.next('/played');
  const ears = call.media!.ears;
  return { body, ears, ms: Number(body['playback_milliseconds']) };
}

async function failing(w: World, url: string, why: RegExp): Promise<void> {
  const { body } = await plays(w, { url });
  assert.equal(body['reason'], 'playFailed');
  assert.equal(body['playback_milliseconds'], '0');
  const alerts = await w.eventually('the alert', async () => {
    const found = await w.alerts('play-url-notfound');
    return found.some((alert) => why.test(String(alert['message']))) && found;
  });
  assert.ok(alerts.length > 0);
}

story('an MP3 is played by its content, whatever its name and type say', async (w) => {
  pages.set('/music.wav', file(mp3, { 'content-type': 'text/html' }));
  const { body, ears, ms } = await plays(w, { url: at('/music.wav') });
  assert.equal(body['reason'], 'playCompleted');
  assert.ok(ms > 450 && ms < 700, `${ms} ms`);
  const heard = ears.samples();
  const middle = heard.subarray(1600, 3200);
  assert.ok(levelOf(middle, 440) > loudness(middle) - 1, 'a clean tone');
});

story('a page that calls itself audio is not played: an alert, and the call goes on', async (w) => {
  pages.set('/page.wav', file(Buffer.from('<html>not found</html>'), { 'content-type': 'audio/wav' }));
  await failing(w, at('/page.wav'), /neither WAV nor MP3/);
});

story('seekOffset begins within the file, and the hook is told what was heard and where it ended', async (w) => {
  pages.set('/two.wav', file(twoTones));
  const { body, ears } = await plays(w, { url: at('/two.wav'), seekOffset: 4000 });
  assert.equal(body['playback_milliseconds'], '500');
  assert.equal(body['playback_seconds'], '0');
  assert.equal(body['playback_last_offset_pos'], '8000');
  assert.ok(ears.heard(1200, { since: 0 }) > -20);
  assert.ok(ears.heard(700, { since: 0 }) < -40);
});

story('timeoutSecs ends a loop without end; what the hook is told is what was heard', async (w) => {
  pages.set('/two.wav', file(twoTones));
  const { body, ears, ms } = await plays(w, { url: at('/two.wav'), loop: 'forever', timeoutSecs: 2 });
  assert.equal(body['reason'], 'playCompleted');
  const sent = ears.packets.entries.length * 20;
  assert.ok(Math.abs(ms - sent) <= 60, `told ${ms} ms, sent ${sent} ms`);
  assert.equal(Number(body['playback_last_offset_pos']) % 8000, (ms * 8) % 8000);
});

story('a loop has no gap: its end runs into its beginning', async (w) => {
  // 400 Hz has whole periods in 65 ms, which are no whole number of packets.
  pages.set('/short.wav', file(writeWav([tone(400, 65)])));
  const { ears, ms } = await plays(w, { url: at('/short.wav'), loop: 16 });
  assert.equal(ms, 1040);
  const heard = ears.samples().subarray(0, 8320);
  for (let i = 0; i + 400 <= heard.length; i += 400) {
    const window = heard.subarray(i, i + 400);
    assert.ok(Math.abs(levelOf(window, 400) + 12) < 0.5, `${i / 8} ms: ${levelOf(window, 400)} dB`);
  }
});

story('what a slow server takes is no part of what was played', async (w) => {
  pages.set('/slow.wav', (_, response) => {
    response.writeHead(200);
    const pieces = [twoTones.subarray(0, 5000), twoTones.subarray(5000, 10_000), twoTones.subarray(10_000)];
    const more = (): void => {
      const piece = pieces.shift();
      if (piece === undefined) return void response.end();
      response.write(piece);
      setTimeout(more, 300);
    };
    more();
  });
  const { body, ms } = await plays(w, { url: at('/slow.wav') });
  assert.equal(body['reason'], 'playCompleted');
  assert.equal(ms, 1000);
});

story('five redirects are followed, credentials go to the first only; a sixth is one too many', async (w) => {
  for (let n = 1; n <= 6; n++)
    pages.set(`/hop${n}`, (_, response) => void response.writeHead(302, { location: `/hop${n - 1}` }).end());
  pages.set('/hop0', file(twoTones));
  asked.length = 0;
  const { body } = await plays(w, { url: at('/hop5').replace('//', '//user:secret@') });
  assert.equal(body['reason'], 'playCompleted');
  assert.deepEqual(
    asked.map(({ url, headers }) => [url, headers.authorization !== undefined]),
    ['/hop5', '/hop4', '/hop3', '/hop2', '/hop1', '/hop0'].map((url, n) => [url, n === 0]),
  );
  await failing(w, at('/hop6').replace('//', '//user:secret@'), /more than 5 redirects/);
  assert.doesNotMatch(JSON.stringify(await w.alerts('play-url-notfound')), /secret/);
});

story('a redirect to where nobody may go is not followed', async (w) => {
  pages.set('/inward', (_, response) => void response.writeHead(302, { location: 'http://169.254.169.254/x' }).end());
  await failing(w, at('/inward'), /169\.254\.169\.254|metadata|refused|address/i);
});

story('a dead server: an alert, and the call goes on', async (w) => {
  const dead = http.createServer();
  await new Promise<void>((resolve) => dead.listen(0, '127.0.0.1', resolve));
  const { port } = dead.address() as AddressInfo;
  await new Promise((resolve) => dead.close(resolve));
  await failing(w, `http://127.0.0.1:${port}/x.wav`, /ECONNREFUSED/);
});

story('a server that promises more than it sends: an alert, and the call goes on', async (w) => {
  pages.set('/liar.wav', (_, response) => {
    response.writeHead(200, { 'content-length': twoTones.length * 2 });
    response.write(twoTones, () => response.destroy());
  });
  await failing(w, at('/liar.wav'), /closed|terminated|reset|socket/i);
});

/** Sends a body in pieces, one each `everyMs`. The answer says how many are still to go; `dies`: before the last of them. */
function drips(page: string, body: Buffer, pieces: number, { everyMs = 250, dies = false } = {}): () => number {
  let left = pieces;
  pages.set(page, (_, response) => {
    const size = Math.ceil(body.length / pieces);
    response.writeHead(200, { 'content-length': body.length });
    const more = (): void => {
      if (dies && left === 1) return void response.destroy();
      const at = (pieces - left--) * size;
      response.write(body.subarray(at, at + size));
      if (left > 0) setTimeout(more, everyMs);
      else response.end();
    };
    more();
  });
  return () => left;
}

story(
  'a WAV that comes no faster than it is played is heard long before its last byte, whole and without a gap',
  async (w) => {
    const left = drips('/drip.wav', writeWav([tone(700, 4000)]), 16);
    w.app.answers([{ verb: 'play', url: at('/drip.wav'), actionHook: '/played' }]);
    w.app.on('/played', [gone]);
    const call = w.calls();
    await call.hears(700);
    assert.ok(left() > 8, `${left()} of 16 pieces to go`);
    await call.byed();
    assert.equal(left(), 0);
    const { body } = await w.next('/played');
    assert.deepEqual([body['reason'], body['playback_milliseconds']], ['playCompleted', '4000']);
    const heard = call.media!.ears.samples();
    for (let i = 0; i + 800 <= 31_200; i += 800)
      assert.ok(
        levelOf(heard.subarray(i, i + 800), 700) > -14,
        `${i / 8} ms: ${levelOf(heard.subarray(i, i + 800), 700)}`,
      );
  },
);

story('an MP3 that drips in is heard before its last byte; the next call has it from the cache', async (w) => {
  const long = Buffer.concat(Array.from({ length: 8 }, () => mp3));
  const left = drips('/drip.mp3', long, 16);
  w.app.answers([{ verb: 'play', url: at('/drip.mp3') }, gone]);
  const call = w.calls();
  await call.hears(440);
  assert.ok(left() > 4, `${left()} of 16 pieces to go`);
  await call.byed();
  asked.length = 0;
  const { body } = await plays(w, { url: at('/drip.mp3') });
  assert.equal(body['reason'], 'playCompleted');
  assert.deepEqual(asked, []);
});

story('a server that dies in the middle: what came is heard, then an alert, and the call goes on', async (w) => {
  drips('/dies.wav', writeWav([tone(700, 4000)]), 8, { dies: true, everyMs: 100 });
  const { body, ears, ms } = await plays(w, { url: at('/dies.wav') });
  assert.equal(body['reason'], 'playFailed');
  assert.ok(ms >= 3000 && ms <= 3500, `${ms} ms`);
  assert.ok(ears.heard(700, { since: 0 }) > -20);
  await w.eventually('the alert', async () => {
    const found = await w.alerts('play-url-notfound');
    return found.some(({ message }) => /before its time: .*(closed|terminated|reset|socket)/i.test(String(message)));
  });
});

story('a server that stalls: silence, then the rest, nothing of it lost', async (w) => {
  let goOn = (): void => {};
  const body = writeWav([tone(700, 3000)]);
  pages.set('/stalls.wav', (_, response) => {
    response.writeHead(200, { 'content-length': body.length }).write(body.subarray(0, 24_000));
    goOn = () => response.end(body.subarray(24_000));
  });
  w.app.answers([{ verb: 'play', url: at('/stalls.wav'), actionHook: '/played' }]);
  w.app.on('/played', [gone]);
  const call = w.calls();
  const began = await call.hears(700);
  await after(began + 2200 - performance.now());
  const { ears } = call.media!;
  assert.ok(ears.heard(700, { since: performance.now() - 300 }) < -50, 'silence while nothing comes');
  goOn();
  await call.byed();
  const { body: told } = await w.next('/played');
  assert.deepEqual([told['reason'], told['playback_milliseconds']], ['playCompleted', '3000']);
});

story('dialMusic that stalls: ringback until it goes on', async (w) => {
  let goOn = (): void => {};
  const body = writeWav([tone(1500, 6000)]);
  pages.set('/stalls-music.wav', (_, response) => {
    response.writeHead(200, { 'content-length': body.length }).write(body.subarray(0, 24_000));
    goOn = () => response.end(body.subarray(24_000));
  });
  w.app.answers(dial([toSip(w.phone('desk'))], { dialMusic: at('/stalls-music.wav') }));
  w.phone('desk').onInvite = phones.ringsForEver();
  const call = w.calls();
  await call.hears(1500);
  const rings = await call.hears(440);
  assert.ok(call.media!.ears.heard(480, { since: rings - 50 }) > -30, 'ringback is two tones');
  goOn();
  await call.hears(1500, { since: performance.now() });
  await call.hangsUp();
});

story('a server that never ends: heard, and cut off at the size limit', async (w) => {
  let closed = false;
  let sent = 0;
  pages.set('/endless.wav', (_, response) => {
    response.writeHead(200).write(twoTones);
    const block = Buffer.alloc(1024 * 1024);
    const more = (): void => {
      if (closed) return;
      sent += block.length;
      if (response.write(block)) setImmediate(more);
      else response.once('drain', more);
    };
    response.on('close', () => (closed = true));
    more();
  });
  const { body, ms } = await plays(w, { url: at('/endless.wav') });
  assert.deepEqual([body['reason'], ms], ['playCompleted', 1000]);
  await w.eventually('the connection is closed', () => Promise.resolve(closed));
  assert.ok(sent < 64 * 1024 * 1024, `${sent} bytes`);
});

story('a file that says it is too large is not begun', async (w) => {
  pages.set('/large.wav', (_, response) => {
    response.writeHead(200, { 'content-length': 40 * 1024 * 1024 }).write(twoTones);
  });
  await failing(w, at('/large.wav'), /larger than/);
});

story('the next call asks the server only whether the file has changed', async (w) => {
  pages.set('/kept.wav', (request, response) => {
    const same = request.headers['if-none-match'] === '"v1"';
    response.writeHead(same ? 304 : 200, { etag: '"v1"', 'cache-control': 'no-cache' }).end(same ? '' : twoTones);
  });
  asked.length = 0;
  for (let n = 0; n < 2; n++) assert.equal((await plays(w, { url: at('/kept.wav') })).ms, 1000);
  assert.deepEqual(
    asked.map(({ headers }) => headers['if-none-match']),
    [undefined, '"v1"'],
  );
});

story('file: is played from the folder set aside for it, and from nowhere else', async (w) => {
  writeFileSync(path.join(folder, 'greeting.wav'), writeWav([tone(900, 400)]));
  const { ears } = await plays(w, { url: pathToFileURL(path.join(folder, 'greeting.wav')).href });
  assert.ok(ears.heard(900, { since: 0 }) > -20);
  await failing(w, 'file:///etc/passwd', /no such file in media\.sounds_dir/);
});

story('a call that ends while its sound is fetched, or played, leaves nothing behind', async (w) => {
  pages.set('/never.wav', () => {});
  w.app.answers([{ verb: 'play', url: at('/never.wav'), actionHook: '/played' }]);
  const call = w.calls();
  await call.answered();
  await w.eventually('the fetch', () => Promise.resolve(asked.some(({ url }) => url === '/never.wav')));
  await call.hangsUp();
  assert.equal((await w.next('/played')).body['playback_milliseconds'], '0');
  // The fetch goes on by itself; a dead connection is tried once more.
  pages.delete('/never.wav');
  server.closeAllConnections();
});

story('dialMusic as MP3 loops until the bridge, and not a packet longer', async (w) => {
  pages.set('/hold.mp3', file(mp3, { 'content-type': 'audio/mpeg' }));
  w.app.answers(dial([toSip(w.phone('desk'))], { answerOnBridge: true, dialMusic: at('/hold.mp3') }));
  const call = w.calls();
  const start = await call.hears(440);
  // Longer than the file.
  await call.hears(440, { since: start + 900 });
  const target = await w.phone('desk').nextCall();
  await target.answers();
  target.speaks(620);
  await call.hears(620);
  const packets = call.media!.ears.packets.entries;
  const first = packets.findIndex((each) => levelOf(each.samples, 620) > -20 && levelOf(each.samples, 440) < -30);
  assert.ok(first > 0);
  await call.hears(620, { since: performance.now() + 200 });
  for (const each of packets.slice(first)) assert.ok(levelOf(each.samples, 440) < -30, 'music after the bridge');
  await call.hangsUp();
});

story('dialMusic that is damaged: an alert, and ringback in its place', async (w) => {
  pages.set('/bad.wav', file(Buffer.concat([twoTones.subarray(0, 20), Buffer.alloc(200)])));
  w.app.answers(dial([toSip(w.phone('desk'))], { dialMusic: at('/bad.wav') }));
  const call = w.calls();
  await call.hears(440);
  assert.ok(call.media!.ears.heard(480) > -30, 'ringback is two tones');
  await w.eventually('the alert', async () => (await w.alerts('play-url-notfound')).length > 0);
  await call.hangsUp();
});

story('dialMusic that is long in coming: ringback meanwhile, then the music', async (w) => {
  let arrive = (): void => {};
  pages.set(
    '/late.wav',
    (_, response) => void (arrive = () => response.writeHead(200).end(writeWav([tone(1500, 2000)]))),
  );
  w.app.answers(dial([toSip(w.phone('desk'))], { dialMusic: at('/late.wav') }));
  w.phone('desk').onInvite = phones.ringsForEver();
  const call = w.calls();
  await call.hears(440);
  arrive();
  await call.hears(1500);
  await after(60);
  assert.ok(call.media!.ears.heard(440, { lastMs: 50 }) < -30, 'one or the other');
  await call.hangsUp();
});

story('a tone without pauses lasts as long as it says, also longer than a second', async (w) => {
  w.app.answers([{ verb: 'play', url: 'tone_stream://%(1700,0,800)', actionHook: '/played' }]);
  const call = w.calls();
  await call.hears(800);
  const { body } = await w.next('/played');
  const ms = Number(body['playback_milliseconds']);
  assert.ok(ms >= 1680 && ms <= 1720, `${ms} ms`);
  await call.byed();
});
