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
  before(async () => {
    server = http.createServer((request, response) => {
      asked++;
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
    sounds = new SoundFiles({ ...common, hooks, dir, maxBytes: 10_000, cacheBytes: 250, freshMs: 60_000 });
  });
  after(async () => {
    await sounds.close();
    assert.equal(existsSync(dir), false, 'no file is left');
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
  for (const [url, why] of [
    ['/none.wav', /404/],
    ['/text.wav', /not a WAV/],
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
