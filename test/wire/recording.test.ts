// record_all_calls: every connected call becomes a stereo WAV, caller left, callee right; the CDR says where.
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after as afterAll } from 'node:test';
import { goertzel, readWav } from '../../src/media/index.ts';
import { after, dial, phones, stage, toSip } from '../kit/index.ts';

const folder = mkdtempSync(path.join(os.tmpdir(), 'graine-recordings-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const story = stage({
  phones: ['desk'],
  config: { media: { recordings: folder } },
  account: (w) => ({
    applications: [
      { name: 'main', call_hook: w.app.url('/call'), call_status_hook: w.app.url('/status'), record_all_calls: true },
    ],
  }),
});

story('the caller is on the left, the callee on the right, and neither is heard on the other side', async (w) => {
  w.phone('desk').onInvite = phones.answersAfter(10, { tone: 620 });
  w.app.answers(dial([toSip(w.phone('desk'))], { answerOnBridge: true }));
  const call = w.calls();
  await call.answered();
  await call.hears(620);
  await after(1200);
  await call.hangsUp();
  const { body } = await w.next('/action');
  const cdr = await w.eventually('a CDR with the recording', async () => {
    const { body: page } = await w.account('GET', '/RecentCalls?page=1&count=25');
    return (page.data as Record<string, unknown>[]).find(
      (each) => each['call_sid'] === body['dial_call_sid'] && each['recording_url'],
    );
  });
  assert.equal(path.dirname(String(cdr['recording_url'])), folder);
  assert.equal(readdirSync(folder).length, 1);
  // The file is valid at any moment and grows until its writer has seen the legs end.
  const wav = await w.eventually('the file holds the whole call', () => {
    const read = readWav(readFileSync(String(cdr['recording_url'])));
    return Promise.resolve(read.channels.length === 2 && (read.channels[0]?.length ?? 0) > read.rate && read);
  });
  assert.equal(wav.rate, 8000);
  const seconds = (wav.channels[0]?.length ?? 0) / wav.rate;
  assert.ok(seconds > 1 && seconds < 10, `${seconds} s`);
  const [left, right] = wav.channels.map((channel) => {
    const middle = channel.subarray(4000, 8000);
    return { caller: goertzel(middle, 440, 8000), callee: goertzel(middle, 620, 8000) };
  });
  assert.ok(left !== undefined && right !== undefined);
  assert.ok(left.caller > 20 * left.callee, JSON.stringify(left));
  assert.ok(right.callee > 20 * right.caller, JSON.stringify(right));
});
