import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { FakeClock, SystemRandom, TraceChannel } from '../base/index.ts';
import { createHooks } from '../hooks/index.ts';
import type { Hooks } from '../ports/index.ts';
import { SoundFiles } from './sound-files.ts';

const wav = Buffer.concat([Buffer.from('RIFF\0\0\0\0WAVE'), Buffer.alloc(100)]);

describe('sounds by URL', () => {
  const clock = new FakeClock();
  const dir = path.join(mkdtempSync(path.join(os.tmpdir(), 'graine-test-')), 'sounds');
  let server: http.Server;
  let hooks: Hooks;
  let sounds: SoundFiles;
  let asked = 0;
  let base = '';
  const caching = new Map<string, (request: http.IncomingMessage, response: http.ServerResponse) => void>();
  before(async () => {
    server = http.createServer((request, response) => {
      asked++;
      const cached = caching.get(request.url ?? '');
      if (cached !== undefined) return cached(request, response);
      if (request.url === '/none.wav') response.writeHead(404).end();
      else response.end(request.url === '/text.wav' ? 'hello, this is not audio' : wav);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const common = { clock, random: new SystemRandom() };
    const alerts = { raise: () => {} };
    hooks = createHooks({
      ...common,
      alerts,
      trace: new TraceChannel(),
      version: '0',
      timeoutSeconds: 5,
      allowPrivateAddresses: true,
    });
    sounds = new SoundFiles({ ...common, hooks, dir, maxBytes: 10_000, cacheBytes: 250, localDir: undefined });
  });
  after(async () => {
    await sounds.close();
    assert.equal(existsSync(dir), false, 'no file is left');
    assert.deepEqual(clock.pending(), []);
    await hooks.close();
    server.close();
    rmSync(path.dirname(dir), { recursive: true, force: true });
  });
  const get = (url: string) => sounds.get(url, 'account');

  it('a WAV is fetched once while it is fresh, by however many ask at once', async () => {
    asked = 0;
    const [one, two] = await Promise.all([get(`${base}/a.wav`), get(`${base}/a.wav`)]);
    assert.deepEqual(one, two);
    assert.ok(one.ok && one.sound.kind === 'file' && existsSync(one.sound.path));
    await get(`${base}/a.wav`);
    assert.equal(asked, 1);
    clock.advance(60_000);
    await get(`${base}/a.wav`);
    assert.equal(asked, 2);
  });
  it('the cache is bounded; what falls out is removed a minute later', async () => {
    const first = await get(`${base}/1.wav`);
    for (const name of ['2', '3', '4']) await get(`${base}/${name}.wav`);
    assert.ok(first.ok && first.sound.kind === 'file');
    const { path: file } = first.sound;
    assert.ok(existsSync(file));
    clock.advance(61_000);
    // The disk removes it in its own time, however busy the machine.
    for (let tries = 0; existsSync(file) && tries < 500; tries++)
      await new Promise((resolve) => setTimeout(resolve, 10));
    assert.equal(existsSync(file), false);
  });
  it('what went stale is asked for by its validator, and 304 makes it fresh again', async () => {
    const conditions: (string | undefined)[] = [];
    caching.set('/etag.wav', (request, response) => {
      const condition = request.headers['if-none-match'];
      conditions.push(condition);
      response.writeHead(condition === '"1"' ? 304 : 200, { etag: '"1"', 'cache-control': 'max-age=10' });
      response.end(condition === '"1"' ? undefined : wav);
    });
    const first = await get(`${base}/etag.wav`);
    clock.advance(9000);
    await get(`${base}/etag.wav`);
    assert.deepEqual(conditions, [undefined]);
    clock.advance(1000);
    assert.deepEqual(await get(`${base}/etag.wav`), first);
    clock.advance(9000);
    await get(`${base}/etag.wav`);
    assert.deepEqual(conditions, [undefined, '"1"']);
  });
  it('no-store is fetched for every play', async () => {
    caching.set('/once.wav', (_, response) => void response.writeHead(200, { 'cache-control': 'no-store' }).end(wav));
    asked = 0;
    await get(`${base}/once.wav`);
    await get(`${base}/once.wav`);
    assert.equal(asked, 2);
  });
  it('a server that is away is stood in for by the stale copy, one that says 404 is believed', async () => {
    let status = 200;
    caching.set('/away.wav', (_, response) => void response.writeHead(status).end(status === 200 ? wav : ''));
    const first = await get(`${base}/away.wav`);
    clock.advance(60_000);
    status = 503;
    assert.deepEqual(await get(`${base}/away.wav`), first);
    status = 404;
    assert.equal((await get(`${base}/away.wav`)).ok, false);
    status = 503;
    assert.equal((await get(`${base}/away.wav`)).ok, false);
  });
  it('one account is not served what another fetched', async () => {
    asked = 0;
    const mine = await sounds.get(`${base}/mine.wav`, 'one');
    const theirs = await sounds.get(`${base}/mine.wav`, 'two');
    assert.equal(asked, 2);
    assert.ok(mine.ok && theirs.ok);
    assert.notDeepEqual(mine.sound, theirs.sound);
  });
  it('an account fetches eight at a time, the rest in turn; another account does not wait', async () => {
    const held: http.ServerResponse[] = [];
    for (let n = 0; n < 12; n++) caching.set(`/slow${n}.wav`, (_, response) => void held.push(response));
    const slow = Array.from({ length: 12 }, (_, n) => get(`${base}/slow${n}.wav`));
    assert.equal((await sounds.get(`${base}/quick.wav`, 'other')).ok, true);
    while (held.length < 8) await new Promise((resolve) => setTimeout(resolve, 5));
    assert.equal(held.length, 8);
    for (const end of held.splice(0)) end.end(wav);
    while (held.length < 4) await new Promise((resolve) => setTimeout(resolve, 5));
    for (const end of held.splice(0)) end.end(wav);
    assert.ok((await Promise.all(slow)).every((read) => read.ok));
  });
  for (const [url, why] of [
    ['/none.wav', /404/],
    ['/text.wav', /neither WAV nor MP3/],
  ] as const) {
    it(`${url} is a fault that says why`, async () => {
      const read = await get(base + url);
      assert.ok(!read.ok);
      assert.match(read.fault, why);
    });
  }
  for (const url of ['file:///etc/passwd', 'data:audio/wav;base64,AAAA', 'ftp://h/x.wav', '/relative.wav', '']) {
    it(`attack D4: '${url}' is not played`, async () => assert.equal((await get(url)).ok, false));
  }
  it('tone_stream is a tone with level and cadence', async () => {
    assert.deepEqual(await get('tone_stream://v=-7;%(2000,4000,440,480);loops=-1'), {
      ok: true,
      sound: { kind: 'tone', frequencies: [440, 480], levelDb: -7, cadence: [{ on: 2000, off: 4000 }] },
    });
  });
  for (const url of [
    'tone_stream://',
    'tone_stream://%(0,1,440)',
    'tone_stream://%(100,100,9000)',
    'tone_stream://%(99999,0,440)',
  ]) {
    it(`${url} is out of range`, async () => assert.equal((await get(url)).ok, false));
  }
  it('ringback and silence need no file', async () => {
    assert.deepEqual(await get('ringback://de'), { ok: true, sound: { kind: 'ringback', country: 'de' } });
    assert.deepEqual(await get('silence_stream://500'), { ok: true, sound: { kind: 'silence' } });
  });
});
