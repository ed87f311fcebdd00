// Recordings: of every call (record_all_calls) and by command. Stereo WAV, caller left, callee right; the CDR says where.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after as afterAll } from 'node:test';
import { goertzel, readWav } from '../../src/media/index.ts';
import {
  after,
  dial,
  type Json,
  levelOf,
  type OutgoingPhoneCall,
  phones,
  stage,
  toSip,
  type World,
} from '../kit/index.ts';

const folder = mkdtempSync(path.join(os.tmpdir(), 'graine-recordings-'));
const disk = mkdtempSync(path.join(os.tmpdir(), 'graine-disk-'));
const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', disk], { stdio: 'ignore' }).status === 0;
afterAll(() => {
  if (mounted) spawnSync('umount', ['-l', disk]);
  for (const each of [folder, disk]) rmSync(each, { recursive: true, force: true });
});

const every = stage({
  phones: ['desk'],
  config: { media: { recordings: folder }, http: { public_url: 'https://voice.example.test/graine/' } },
  account: (w) => ({
    applications: [
      { name: 'main', call_hook: w.app.url('/call'), call_status_hook: w.app.url('/status'), record_all_calls: true },
    ],
  }),
});

/** The recording a CDR names, once it is there. */
async function recordingOf(
  w: World,
  callSid: string,
  dir = folder,
): Promise<{ file: string; wav: ReturnType<typeof readWav> }> {
  const file = await w.eventually('a CDR with the recording, and its file', async () => {
    const { body: page } = await w.account('GET', '/RecentCalls?page=1&count=50');
    const cdr = (page.data as Json[]).find((each) => each.call_sid === callSid && each.recording_url);
    const name = path.posix.basename(String(cdr?.recording_url));
    return cdr !== undefined && readdirSync(dir).includes(name) && path.join(dir, name);
  });
  return { file, wav: readWav(readFileSync(file)) };
}

/** The timeline's lines about the recording. */
async function lines(w: World, callSid: string): Promise<Json[]> {
  const { body } = await w.account('GET', `/Calls/${callSid}/Trace`);
  const found = JSON.stringify(body).match(/recording\.[a-z]+/g) ?? [];
  return found;
}

/** Resolves when the caller has heard so many more packets: on a busy machine that is not so many times 20 ms. */
async function heardOn(call: OutgoingPhoneCall, packets: number): Promise<void> {
  const heard = call.media?.ears.packets;
  const enough = packets + (heard?.entries.length ?? 0);
  await heard?.until(() => heard.entries.length >= enough, { what: `${packets} packets`, story: () => call.story() });
}

/** Where a tone is, in 20 ms frames. */
function frames(channel: Int16Array, hz: number): boolean[] {
  return Array.from(
    { length: Math.floor(channel.length / 160) },
    (_, i) => levelOf(channel.subarray(i * 160, i * 160 + 160), hz) > -30,
  );
}

every('the caller is on the left, the callee on the right, and neither is heard on the other side', async (w) => {
  w.phone('desk').onInvite = phones.answersAfter(10, { tone: 620 });
  w.app.answers(dial([toSip(w.phone('desk'))], { answerOnBridge: true }));
  const call = w.calls();
  await call.answered();
  await call.hears(620);
  await heardOn(call, 60);
  await call.hangsUp();
  const { body } = await w.next('/action');
  const { file, wav } = await recordingOf(w, body['dial_call_sid']);
  assert.equal(path.dirname(file), folder);
  assert.equal(statSync(file).mode & 0o777, 0o640);
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
  const told = await lines(w, body['call_sid']);
  assert.deepEqual([...new Set(told)], ['recording.starting', 'recording.started', 'recording.stopped']);
});

every('each of two dials of a call has a recording of its own', async (w) => {
  w.phone('desk').onInvite = phones.inTurn(
    phones.answersAfter(10, { tone: 620 }),
    phones.answersAfter(10, { tone: 900 }),
  );
  const to = dial([toSip(w.phone('desk'))]);
  w.app.answers([...to, ...to]);
  const call = w.calls();
  const { body: asked } = await w.next('/call');
  const started = async () => (await lines(w, asked['call_sid'])).filter((each) => each === 'recording.started').length;
  await call.hears(620);
  await w.eventually('the first recording', async () => (await started()) > 0);
  const before = await started();
  await heardOn(call, 15);
  await (await w.phone('desk').nextCall()).hangsUp();
  await call.hears(900);
  await w.eventually('the second recording', async () => (await started()) > before);
  await heardOn(call, 15);
  await call.hangsUp();
  const sids = [(await w.next('/action')).body['dial_call_sid'], (await w.next('/action')).body['dial_call_sid']];
  const [first, second] = [await recordingOf(w, sids[0]), await recordingOf(w, sids[1])];
  assert.notEqual(first.file, second.file);
  for (const [{ wav }, hz, other] of [
    [first, 620, 900],
    [second, 900, 620],
  ] as const) {
    assert.ok(frames(wav.channels[1]!, hz).filter(Boolean).length >= 10, `${hz} Hz`);
    assert.equal(frames(wav.channels[1]!, other).filter(Boolean).length, 0, `${other} Hz`);
  }
});

function longestSilence(heard: readonly boolean[]): number {
  let most = 0;
  let run = 0;
  for (const each of heard) most = Math.max(most, (run = each ? 0 : run + 1));
  return most;
}

const onDemand = stage({ phones: ['desk'], config: { media: { recordings: folder } } });

async function talking(w: World): Promise<{ call: OutgoingPhoneCall; sid: string; child: string }> {
  w.phone('desk').onInvite = phones.answersAfter(10, { tone: 620 });
  w.app.answers(dial([toSip(w.phone('desk'))]));
  const call = w.calls();
  await call.hears(620);
  const child = await w.status((body) => body['direction'] === 'outbound' && body['call_status'] === 'in-progress');
  return { call, sid: child.body['parent_call_sid'], child: child.body['call_sid'] };
}

const record = (w: World, sid: string, action: string, more: Record<string, unknown> = {}) =>
  w.update(sid, { record: { action, ...more } });

onDemand('by command a call is recorded, paused in silence, resumed and stopped, while it goes on', async (w) => {
  const { call, sid, child } = await talking(w);
  const done = (what: string) => w.eventually(what, async () => (await lines(w, sid)).includes(`recording.${what}`));
  assert.equal((await record(w, child, 'startCallRecording', { recordingID: 'case 7' })).status, 202);
  await done('started');
  await heardOn(call, 25);
  assert.equal((await record(w, sid, 'pauseCallRecording')).status, 202);
  await done('paused');
  await heardOn(call, 30);
  assert.equal((await record(w, sid, 'resumeCallRecording')).status, 202);
  await done('resumed');
  await heardOn(call, 25);
  assert.equal((await record(w, sid, 'stopCallRecording')).status, 202);
  await call.hears(620, { since: performance.now() + 100 });
  await call.hangsUp();
  const { wav } = await recordingOf(w, sid);
  for (const [channel, hz] of [
    [wav.channels[0]!, 440],
    [wav.channels[1]!, 620],
  ] as const) {
    const heard = frames(channel, hz);
    const pause = longestSilence(heard.slice(heard.indexOf(true), heard.lastIndexOf(true)));
    assert.ok(pause >= 25, `${hz} Hz: ${pause} silent frames`);
    assert.ok(heard.filter(Boolean).length >= 30, `${hz} Hz: ${heard.filter(Boolean).length} frames`);
  }
  const told = [...new Set(await lines(w, sid))];
  for (const line of ['starting', 'started', 'paused', 'resumed', 'stopped'])
    assert.ok(told.includes(`recording.${line}`), line);
});

onDemand('a recording that began before the dial has the callee on its right from the bridge on', async (w) => {
  w.phone('desk').onInvite = phones.answersAfter(10, { tone: 620 });
  w.app.answers([{ verb: 'answer' }, { verb: 'pause', length: 60 }]);
  const call = w.calls();
  await call.answered();
  const { body } = await w.next('/call');
  const sid = body['call_sid'];
  await w.eventually('the recording', async () => (await record(w, sid, 'startCallRecording')).status === 202);
  await after(300);
  w.app.on('/again', dial([toSip(w.phone('desk'))]));
  await w.update(sid, { call_hook: w.app.url('/again') });
  await call.hears(620);
  await heardOn(call, 30);
  await call.hangsUp();
  const { wav } = await recordingOf(w, sid);
  const [left, right] = [frames(wav.channels[0]!, 440), frames(wav.channels[1]!, 620)];
  assert.ok(right.indexOf(true) > left.indexOf(true) + 10, `${left.indexOf(true)} ${right.indexOf(true)}`);
  assert.ok(right.filter(Boolean).length >= 20);
});

onDemand('what cannot be done with a recording is refused in words, and changes nothing', async (w) => {
  const { call, sid } = await talking(w);
  for (const [action, more, status, words] of [
    ['toString', {}, 400, /record\.action/],
    ['pauseCallRecording', {}, 422, /not being recorded/],
    ['resumeCallRecording', {}, 422, /not paused/],
    ['stopCallRecording', {}, 422, /not being recorded/],
    ['startCallRecording', { siprecServerURL: 'sip:rec@127.0.0.1' }, 422, /SIPREC/],
    ['startCallRecording', { recordingID: 7 }, 400, /recordingID/],
  ] as const) {
    const answer = await record(w, sid, action, more);
    assert.equal(answer.status, status, action);
    assert.match(JSON.stringify(answer.body), words);
  }
  assert.equal((await record(w, sid, 'startCallRecording', { type: 'cloud' })).status, 202);
  assert.equal((await record(w, sid, 'startCallRecording')).status, 422);
  await call.hangsUp();
  await recordingOf(w, sid);
});

every('the CDR’s recording_url is the recording: whole, in ranges, listed, and gone once it is deleted', async (w) => {
  w.phone('desk').onInvite = phones.answersAfter(10, { tone: 620 });
  w.app.answers(dial([toSip(w.phone('desk'))], { answerOnBridge: true }));
  const call = w.calls();
  await call.hears(620);
  await after(500);
  await call.hangsUp();
  const { body } = await w.next('/action');
  const sid = String(body['dial_call_sid']);
  const { file } = await recordingOf(w, sid);
  const { body: page } = await w.account('GET', '/RecentCalls?page=1&count=50');
  const told = String((page.data as Json[]).find((each) => each.call_sid === sid)?.recording_url);
  // As the proxy in front would pass it on: `http.public_url` is what others know us by.
  const base = 'https://voice.example.test/graine/v1/';
  assert.equal(String(body['api_base_url']), base.slice(0, -1));
  assert.ok(told.startsWith(base), told);
  const url = `${w.graine.http.url}/v1/${told.slice(base.length)}`;
  const { token } = w.graine.http;
  const get = (at: string, headers: Record<string, string> = {}, method = 'GET') =>
    fetch(at, { method, headers: { authorization: `Bearer ${token}`, ...headers } });
  const all = await get(url);
  assert.deepEqual([all.status, all.headers.get('content-type')], [200, 'audio/wav']);
  const bytes = Buffer.from(await all.arrayBuffer());
  assert.deepEqual(bytes, readFileSync(file));
  const part = await get(url, { range: 'bytes=4-11' });
  assert.deepEqual([part.status, part.headers.get('content-range')], [206, `bytes 4-11/${bytes.length}`]);
  assert.deepEqual(Buffer.from(await part.arrayBuffer()), bytes.subarray(4, 12));
  assert.deepEqual(Buffer.from(await (await get(url, { range: 'bytes=-10' })).arrayBuffer()), bytes.subarray(-10));
  assert.equal((await get(url, { range: `bytes=${bytes.length}-` })).status, 416);
  const list = await w.account('GET', `/RecentCalls/${sid}/record`);
  assert.deepEqual(
    (list.body as Json[]).map((each) => [each.name, each.bytes]),
    [[path.basename(file), bytes.length]],
  );
  assert.equal((await fetch(url)).status, 401);
  // Another call of the account, and another account, have no such recording.
  assert.equal((await get(url.replace(`/${sid}/record`, `/${String(body['call_sid'])}x/record`))).status, 404);
  const made = await fetch(`${w.graine.http.url}/v1/Accounts`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'other' }),
  });
  const { sid: other } = (await made.json()) as Json;
  assert.equal((await get(url.replace(/Accounts\/[^/]+/, `Accounts/${other}`))).status, 404);
  assert.equal((await get(url.replace(/record\/.*/, 'record/..%2F..%2Fetc%2Fpasswd'))).status, 404);
  assert.equal((await get(url, {}, 'DELETE')).status, 204);
  assert.equal((await get(url)).status, 404);
  assert.deepEqual((await w.account('GET', `/RecentCalls/${sid}/record`)).body, []);
});

if (mounted) {
  const full = stage({ phones: ['desk'], config: { media: { recordings: disk } } });
  full('a full disk ends the recording and not the call; what had room is a whole file', async (w) => {
    const { call, sid } = await talking(w);
    assert.equal((await record(w, sid, 'startCallRecording')).status, 202);
    await w.eventually('the recording fails', async () => (await lines(w, sid)).includes('recording.failed'));
    await call.hears(620, { since: performance.now() + 100 });
    assert.equal((await record(w, sid, 'stopCallRecording')).status, 422);
    await call.hangsUp();
    const { wav } = await recordingOf(w, sid, disk);
    assert.ok(wav.channels[0]!.length > 8000);
  });
}
