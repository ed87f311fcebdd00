import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { localSound, shownUrl } from './sound-url.ts';

const base = mkdtempSync(path.join(os.tmpdir(), 'graine-local-'));
const folder = path.join(base, 'sounds');
mkdirSync(path.join(folder, 'de'), { recursive: true });
writeFileSync(path.join(folder, 'de', 'hold music.wav'), '');
writeFileSync(path.join(base, 'secret.wav'), '');
symlinkSync(path.join(base, 'secret.wav'), path.join(folder, 'link.wav'));
symlinkSync(base, path.join(folder, 'up'));
after(() => rmSync(base, { recursive: true }));

const url = (...parts: string[]): string => pathToFileURL(path.join(base, ...parts)).href;

test('a file of the folder is played, by its real path', async () => {
  const read = await localSound(url('sounds', 'de', 'hold music.wav'), folder);
  assert.deepEqual(read, { ok: true, sound: { kind: 'file', path: path.join(folder, 'de', 'hold music.wav') } });
});

test('without a folder every file: URL is refused', async () => {
  const read = await localSound(url('sounds', 'de', 'hold music.wav'), undefined);
  assert.match(read.ok ? '' : read.fault, /media\.sounds_dir/);
});

for (const [title, name] of [
  ['beside the folder', url('secret.wav')],
  ['by ..', `${url('sounds')}/../secret.wav`],
  ['by %2e%2e', `${url('sounds')}/%2e%2e/secret.wav`],
  ['by an encoded slash', `${url('sounds')}/..%2fsecret.wav`],
  ['by a link', url('sounds', 'link.wav')],
  ['by a link to a folder', url('sounds', 'up', 'secret.wav')],
  ['the folder itself', url('sounds')],
  ['what begins like the folder', url('sounds-more', 'x.wav')],
  ['of another host', 'file://elsewhere/x.wav'],
  ['with a NUL', `${url('sounds')}/x%00.wav`],
  ['that is not there', url('sounds', 'none.wav')],
] as const) {
  test(`attack D4: a file ${title} is refused, in words that do not tell whether it exists`, async () => {
    const read = await localSound(name, folder);
    assert.deepEqual(read, { ok: false, fault: 'there is no such file in media.sounds_dir' });
  });
}

test('no credentials in what alerts show', () => {
  assert.equal(shownUrl('https://user:p%40ss@h.example/a.wav?x=1'), 'https://***@h.example/a.wav?x=1');
  assert.equal(shownUrl('not a url'), 'not a url');
});
