// What `npm run build` makes is what people run: `bin/graine start` in one file a thread. issue 6, item 5.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import vm from 'node:vm';
import { accountOf, after, at, GraineProcess, HookApp, Phone, type PhoneCall, phones } from '../kit/index.ts';
import { flags, runtime } from '../kit/runtime.ts';

const root = path.join(import.meta.dirname, '..', '..');
const bundle = path.join(root, 'dist', 'start', 'graine.cjs');

before(() => {
  execFileSync(process.execPath, [path.join(root, 'scripts', 'build.mjs'), '--if-stale']);
});

/** The longest time without a packet since then, ms. */
function longestSilence({ media }: PhoneCall, since: number): number {
  const times = media?.ears.packets.entries.map((packet) => packet.at).filter((when) => when >= since) ?? [];
  assert.ok(times.length > 10, `${times.length} packets`);
  return Math.max(...times.slice(1).map((when, index) => when - (times[index] ?? 0)));
}

test('kill -9 and start: two who talk go on talking', { timeout: 120_000 }, async () => {
  const app = await HookApp.start();
  const alice = await Phone.listen({ name: 'alice' });
  const desk = await Phone.listen({ name: 'desk' });
  const config = { store: { url: 'file:./data' }, accounts: [accountOf(app, alice)] };
  const graine = await GraineProcess.start(config, [], 'built');
  try {
    desk.onInvite = phones.answersAfter(5, { tone: 620 });
    app.answers([{ verb: 'dial', target: [{ type: 'sip', sipUri: desk.uri }], answerOnBridge: true }]);
    const call = alice.invites(at('100', graine.sip), { from: '+15557650001', tone: 440 });
    await call.hears(620);
    await after(1200);
    const since = performance.now() - 500;
    await graine.killed();
    await graine.up();
    const ready = performance.now();
    await call.hears(620, { since: ready });
    // On a quiet machine it is half a second: docs/operations.md. What takes longer than this is a start that waits for something.
    assert.ok(longestSilence(call, since) < 10_000);
    await call.hangsUp();
  } finally {
    for (const each of [graine, app, alice, desk]) await each.close();
  }
});

test('V8 takes the code that the build left, so nothing is compiled at the start', () => {
  const script = `
    const vm = require('node:vm'), fs = require('node:fs');
    const [file, cache] = process.argv.slice(1);
    const { cachedDataRejected } = new vm.Script(fs.readFileSync(file, 'latin1'), { filename: file, cachedData: fs.readFileSync(cache) });
    process.exit(cachedDataRejected ? 1 : 0);`;
  execFileSync(runtime(), [...flags, '-e', script, bundle, bundle.replace(/cjs$/, 'cache')]);
});

test('a stack trace names the lines of the sources', async () => {
  const { readableStacks } = (await import(pathToFileURL(path.join(root, 'bin', 'stacks.js')).href)) as {
    readableStacks: (this: void, file: string) => void;
  };
  const text = "'graine is ready'";
  const lineOf = (file: string): number =>
    readFileSync(file, 'utf8')
      .split('\n')
      .findIndex((line) => line.includes(text.slice(1, -1)));
  const source = path.join('src', 'server', 'start.ts');
  const fault = vm.runInThisContext('new Error("of a test")', {
    filename: bundle,
    lineOffset: lineOf(bundle),
  }) as Error;
  readableStacks(bundle);
  try {
    assert.match(
      fault.stack ?? '',
      new RegExp(`Error: of a test\\n    at ${source}:${lineOf(path.join(root, source)) + 1}\\n`),
    );
  } finally {
    Reflect.deleteProperty(Error, 'prepareStackTrace');
  }
  assert.ok(existsSync(path.join(root, 'dist', 'media', 'embedded', 'worker.lines')));
});
