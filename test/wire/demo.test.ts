// The demo says yes only when it measured. interface.md §1.
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { silentLog } from '../../src/base/index.ts';
import { runDemo, type StartServer } from '../../src/demo/index.ts';
import { parseConfig, startServer } from '../../src/main.ts';
import { loudest, readWav } from '../kit/index.ts';

let out = '';
beforeEach(() => {
  out = mkdtempSync(path.join(tmpdir(), 'graine-demo-'));
});
afterEach(() => rmSync(out, { recursive: true, force: true }));

const real: StartServer = (config) =>
  startServer(parseConfig(JSON.stringify(config), { source: undefined, folder: out }), { log: silentLog });

test('the demo measures two-way audio, leaves its files, and exits 0', { timeout: 60_000 }, async () => {
  const lines: string[] = [];
  const code = await runDemo({ out, startServer: real, print: (line) => lines.push(line), color: false });
  assert.equal(code, 0, lines.join('\n'));
  const { channels } = readWav(readFileSync(path.join(out, 'call.wav')));
  const [left = new Int16Array(0), right = new Int16Array(0)] = channels;
  assert.ok(loudest(left, 440) > -20, 'the caller’s voice is left');
  assert.ok(loudest(right, 620) > -20, 'the callee’s voice is right');
  assert.match(readFileSync(path.join(out, 'ladder.html'), 'utf8'), /<html/i);
  JSON.parse(readFileSync(path.join(out, 'timeline.json'), 'utf8'));
});

test('a server that does not start: exit 1, and no claim', { timeout: 60_000 }, async () => {
  const lines: string[] = [];
  const broken: StartServer = () => Promise.reject(new Error('no such thing'));
  assert.equal(await runDemo({ out, startServer: broken, print: (line) => lines.push(line), color: false }), 1);
  assert.match(lines.join('\n'), /no such thing/);
  assert.ok(!existsSync(path.join(out, 'call.wav')));
});

test('a call without audio: exit 1', { timeout: 60_000 }, async () => {
  const deaf: StartServer = async (config) => {
    const accounts = (config['accounts'] as { applications: object[] }[]).map((account) => ({
      ...account,
      applications: [{ name: 'main', app_json: [{ verb: 'answer' }, { verb: 'pause', length: 1 }] }],
    }));
    return real({ ...config, accounts });
  };
  assert.equal(await runDemo({ out, startServer: deaf, print: () => {}, color: false }), 1);
});
