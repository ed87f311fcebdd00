// dtmf_type of a carrier: keys as tones in the audio, or in INFO. decisions.md, "DTMF".
import assert from 'node:assert/strict';
import { digitFrequencies, digitSamples } from '../../src/media/index.ts';
import {
  dial,
  type IncomingPhoneCall,
  type OutgoingPhoneCall,
  phones,
  stage,
  toPhone,
  type World,
} from '../kit/index.ts';

const carriersOf = (w: World, type: string) => ({
  carriers: [w.origin(), { name: 'acme', dtmf_type: type, gateways: [w.gateway('line')] }],
});
const tones = stage({ phones: ['line'], account: (w) => carriersOf(w, 'tones') });
const info = stage({ phones: ['line'], account: (w) => carriersOf(w, 'info') });

async function talk(
  w: World,
  options: Record<string, unknown> = {},
): Promise<{ call: OutgoingPhoneCall; callee: IncomingPhoneCall }> {
  w.phone('line').onInvite = phones.answersAfter(10, { tone: 620 });
  w.app.answers(dial([toPhone()], options));
  const call = w.calls();
  await call.hears(620);
  const callee = await w.phone('line').nextCall();
  await callee.hears(440);
  return { call, callee };
}

/** A key as a telephone exchange hears it, between silences. */
function keySound(key: string): Int16Array {
  const samples = new Int16Array(8000);
  samples.set(digitSamples(key, 200), 4000);
  return samples;
}

tones('tones: a key of the callee in its audio is told; a key for it is a tone in its audio', async (w) => {
  const { call, callee } = await talk(w, { dtmfCapture: ['#'], dtmfHook: '/dtmf' });
  callee.media?.speaks(keySound('#'));
  assert.equal((await w.next('/dtmf')).body['dtmf'], '#');
  const since = performance.now();
  await call.presses('5', 400);
  for (const hz of digitFrequencies('5') ?? []) await callee.hears(hz, { since });
  assert.equal(callee.media?.ears.digits.entries.length, 0, 'no RFC 4733 event');
  await call.hangsUp();
});

tones('tones: they are heard here, so the media does not leave', async (w) => {
  const { call } = await talk(w, { exitMediaPath: true });
  const { body } = await w.eventually('the alert', async () => {
    const alerts = await w.account('GET', '/Alerts?page=1&count=20');
    return JSON.stringify(alerts.body).includes('dtmf_type tones') ? alerts : undefined;
  });
  assert.match(JSON.stringify(body), /exitMediaPath: dtmf_type tones needs the media here/);
  await call.hangsUp();
});

info('info: a key of the caller reaches the callee in INFO, and in nothing else', async (w) => {
  const { call, callee } = await talk(w);
  await call.presses('7', 200);
  const told = await callee.gets('INFO');
  assert.match(told.body.toString(), /Signal=7\r\n/);
  assert.equal(callee.media?.ears.digits.entries.length, 0, 'no RFC 4733 event');
  await call.hangsUp();
  assert.equal(callee.received.entries.filter((each) => each.method === 'INFO').length, 1);
});
