import assert from 'node:assert/strict';
import { readdirSync, utimesSync } from 'node:fs';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import type { SpeechCredential } from '../ports/index.ts';
import { FakeClock } from '../base/index.ts';
import { type Asked, bytesOf, httpVendor, rig, soundAt, tone, until } from './fixture.ts';

const who = { accountSid: 'account-1', callSid: 'call-1' };
const never = new AbortController().signal;
const mine = { vendor: 'custom:mine' };

/** A vendor that counts, and says a tone as long as the text has characters, tenths of a second each. */
async function counting(t: TestContext): Promise<{ url: string; asked: Asked[] }> {
  const asked: Asked[] = [];
  const url = await httpVendor(t, (question, response) => {
    asked.push(question);
    response.setHeader('content-type', 'audio/l16;rate=8000');
    response.end(bytesOf(tone(8000)));
  });
  return { url, asked };
}

test('the same text is made once, also when asked for twice at once; another voice is another sound', async (t) => {
  const { url, asked } = await counting(t);
  const { speech } = rig(t, { tts: { 'custom:mine': { url } } });
  const say = (voice: string) => speech.synthesise({ ...who, text: 'Hello.', voice: { ...mine, voice } }, never);
  const both = await Promise.all([say('a'), say('a')]);
  const [again, other] = [await say('a'), await say('b')];
  assert.ok(both.every((each) => each.ok && !each.cached));
  assert.ok(again.ok && again.cached && other.ok && !other.cached);
  assert.equal(asked.length, 2);
});

test('disableTtsCache asks anew and keeps nothing', async (t) => {
  const { url, asked } = await counting(t);
  const { speech, dir } = rig(t, { tts: { 'custom:mine': { url } } });
  for (let n = 0; n < 2; n++) {
    const made = await speech.synthesise({ ...who, text: 'Secret.', voice: mine, fresh: true }, never);
    assert.ok(made.ok && !made.cached);
    assert.deepEqual(soundAt(made.sound.path).pcm, tone(8000));
  }
  assert.equal(asked.length, 2);
  assert.ok(readdirSync(dir).every((name) => name.startsWith('once-')));
});

test('the cache outlives the process, keeps to its bytes, and the longest unused goes first', async (t) => {
  const { url, asked } = await counting(t);
  const first = rig(t, { tts: { 'custom:mine': { url } } });
  const say = (speech: typeof first.speech, text: string) => speech.synthesise({ ...who, text, voice: mine }, never);
  const made: string[] = [];
  for (const text of ['One.', 'Two.', 'Three.']) {
    const each = await say(first.speech, text);
    if (each.ok) made.push(each.sound.path);
  }
  await first.speech.stop();
  // Two.'s file was used last; there is room for two of 16,044 bytes.
  made.forEach((file, n) => utimesSync(file, 1000 + n, n === 1 ? 9000 : 1000 + n));
  const clock = new FakeClock();
  const cache = { dir: first.dir, maxBytes: 40_000, outlives: true };
  const second = rig(t, { tts: { 'custom:mine': { url } }, cache, clock });
  const four = await say(second.speech, 'Four.');
  assert.ok(four.ok && !four.cached);
  clock.advance(61_000);
  const again = await say(second.speech, 'Two.');
  assert.ok(again.ok && again.cached, 'the newest stayed');
  assert.ok(!((await say(second.speech, 'One.')) as { cached: boolean }).cached, 'the oldest went');
  await until('files are removed once their grace is over', () => {
    clock.advance(61_000);
    return true;
  });
  await say(second.speech, 'Five.');
  assert.ok(readdirSync(first.dir).length <= 3, readdirSync(first.dir).join(' '));
  assert.equal(asked.length, 6);
});

test('a cached file that someone removed is made again', async (t) => {
  const { url, asked } = await counting(t);
  const { speech, dir } = rig(t, { tts: { 'custom:mine': { url } } });
  const say = () => speech.synthesise({ ...who, text: 'Hello.', voice: mine }, never);
  await say();
  const { rmSync } = await import('node:fs');
  for (const name of readdirSync(dir)) rmSync(path.join(dir, name));
  const again = await say();
  assert.ok(again.ok && soundAt(again.sound.path).pcm.length === 8000);
  assert.equal(asked.length, 2);
});

test('a vendor that takes too long: alert tts-failure, then the fallback speaks', async (t) => {
  let waiting = 0;
  const slow = await httpVendor(t, () => void waiting++);
  const { url } = await counting(t);
  const clock = new FakeClock();
  const { speech, alerts } = rig(t, { tts: { 'custom:slow': { url: slow }, 'custom:mine': { url } }, clock });
  const request = { ...who, text: 'Hello.', voice: { vendor: 'custom:slow' }, fallback: mine };
  const making = speech.synthesise(request, never);
  await until('the slow vendor was asked', () => waiting === 1);
  clock.advance(5000);
  const made = await making;
  assert.ok(made.ok && made.vendor === 'custom:mine');
  assert.deepEqual(
    alerts.map(({ type, message, callSid }) => ({ type, message, callSid })),
    [{ type: 'tts-failure', message: 'custom:slow gave no sound within 5000 ms', callSid: 'call-1' }],
  );
});

test('who stops waiting is let go at once, without an alert; what was being made is kept', async (t) => {
  let answer: (() => void) | undefined;
  const url = await httpVendor(t, (_, response) => {
    response.setHeader('content-type', 'audio/l16;rate=8000');
    answer = () => response.end(bytesOf(tone(8000)));
  });
  const { speech, alerts } = rig(t, { tts: { 'custom:mine': { url } } });
  const stop = new AbortController();
  const request = { ...who, text: 'Hello.', voice: mine };
  const making = speech.synthesise(request, stop.signal);
  await until('the vendor was asked', () => answer !== undefined);
  stop.abort();
  const gone = await making;
  assert.ok(!gone.ok && gone.reason === 'stopped');
  const second = speech.synthesise(request, never);
  answer?.();
  assert.ok((await second).ok);
  assert.deepEqual(alerts, []);
});

test('one account cannot take more than its share of what is made at once', async (t) => {
  const url = await httpVendor(t, () => {});
  const { speech } = rig(t, { tts: { 'custom:mine': { url } } });
  const stop = new AbortController();
  const flood = Array.from({ length: 64 }, (_, n) =>
    speech.synthesise({ ...who, text: `Text ${n}`, voice: mine }, stop.signal),
  );
  const over = await speech.synthesise({ ...who, text: 'One more', voice: mine }, never);
  assert.ok(!over.ok && /64 texts of this account/.test(over.message));
  const other = speech.synthesise({ ...who, accountSid: 'account-2', text: 'Mine', voice: mine }, stop.signal);
  stop.abort();
  assert.ok((await Promise.all([...flood, other])).every((each) => !each.ok && each.reason === 'stopped'));
});

const credential = (settings: Record<string, string>, more: Partial<SpeechCredential> = {}): SpeechCredential => ({
  sid: 'credential-1',
  accountSid: 'account-1',
  vendor: 'custom:mine',
  useForTts: true,
  useForStt: true,
  settings,
  ...more,
});

test('an account’s own credential goes before the server’s; its label tells several apart', async (t) => {
  const { url, asked } = await counting(t);
  const account = [
    credential({ custom_tts_url: url, auth_token: 'first' }, { sid: '1', label: 'a' }),
    credential({ custom_tts_url: url, auth_token: 'second' }, { sid: '2', label: 'b' }),
    credential({ custom_tts_url: url, auth_token: 'ears only' }, { sid: '3', label: 'c', useForTts: false }),
  ];
  const tts = { default: 'custom:mine', 'custom:mine': { url, auth_token: 'server' } };
  const { speech, alerts } = rig(t, { tts, account, refuse: () => undefined });
  for (const voice of [{ label: 'b' }, {}]) await speech.synthesise({ ...who, text: 'Hello.', voice }, never);
  assert.deepEqual(
    asked.map(({ headers }) => headers.authorization),
    ['Bearer second', 'Bearer first'],
  );
  const none = await speech.synthesise({ ...who, text: 'Hello.', voice: { label: 'c' } }, never);
  assert.ok(!none.ok);
  assert.equal(none.message, "no custom:mine credential for tts with the label 'c'");
  assert.deepEqual(
    alerts.map(({ type }) => type),
    ['no-tts'],
  );
});

for (const url of ['http://127.0.0.1:9/', 'http://[::1]:9/', 'http://localhost:9/', 'file:///etc/passwd', 'nonsense'])
  test(`an account cannot send us to ${url}`, async (t) => {
    const { speech } = rig(t, { account: [credential({ custom_tts_url: url, auth_token: 'secret-1' })] });
    const made = await speech.synthesise({ ...who, text: 'Hello.', voice: mine }, never);
    assert.ok(!made.ok);
    assert.match(made.message, /a private address|must begin with|cannot be read/);
    assert.doesNotMatch(made.message, /secret-1/);
  });
