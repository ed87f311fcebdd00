// With private addresses closed, no URL of a customer reaches this machine: a trap on loopback counts who comes. attacks.md D2.
import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:net';
import { after, before } from 'node:test';
import { phones, realm, stage, type World } from '../kit/index.ts';

let trap: Server;
let caught = 0;
let port = 0;
before(async () => {
  trap = createServer((socket) => {
    caught++;
    socket.destroy();
  });
  await new Promise<void>((ready) => trap.listen(0, '127.0.0.1', ready));
  port = (trap.address() as { port: number }).port;
});
after(() => new Promise((done) => trap.close(done)));

const story = stage({
  phones: ['bob'],
  config: { hooks: { allow_private_addresses: false } },
});

/** Loopback, written in as many ways as customers know. */
const hosts = (): string[] => [
  `127.0.0.1:${port}`,
  `localhost:${port}`,
  `[::ffff:127.0.0.1]:${port}`,
  `2130706433:${port}`,
  `0x7f.1:${port}`,
  `0.0.0.0:${port}`,
];
const http = (host: string): string => `http://${host}/trap`;
const ws = (host: string): string => `ws://${host}/trap`;

/** Each verb with a URL in each of its fields that takes one. */
function verbs(host: string): Record<string, object> {
  const target = [{ type: 'user', name: `bob@${realm}` }];
  const dial = { verb: 'dial', target, timeout: 3, answerOnBridge: true };
  const listen = { verb: 'listen', url: ws(host), maxLength: 1 };
  return {
    play: { verb: 'play', url: http(host) },
    'play actionHook': { verb: 'play', url: 'silence_stream://200', actionHook: http(host) },
    listen,
    'listen actionHook': { ...listen, actionHook: http(host) },
    dub: { verb: 'dub', action: 'playOnTrack', track: 'a', play: http(host) },
    redirect: { verb: 'redirect', actionHook: http(host) },
    gather: { verb: 'gather', input: ['digits'], timeout: 1, actionHook: http(host) },
    'gather prompt': {
      verb: 'gather',
      input: ['digits'],
      timeout: 1,
      actionHook: http(host),
      play: { url: http(host) },
    },
    'dial dialMusic': { ...dial, dialMusic: http(host) },
    'dial actionHook': { ...dial, actionHook: http(host) },
    'dial confirmHook': { ...dial, confirmHook: http(host) },
    'dial dtmfHook': { ...dial, dtmfHook: http(host), dtmfCapture: ['1'] },
    'dial referHook': { ...dial, referHook: http(host) },
    'dial onHoldHook': { ...dial, onHoldHook: http(host) },
    'dial listen': { ...dial, listen: { url: ws(host) } },
  };
}

/** Runs an application to its end; what it cannot reach, it goes on without. */
async function runs(w: World, name: string, app: readonly object[]): Promise<void> {
  const made = await w.account('POST', '/Applications', { name, app_json: app });
  assert.equal(made.status, 201, `${name}: ${JSON.stringify(made.body)}`);
  const [number] = (await w.account('GET', '/PhoneNumbers')).body as { phone_number_sid: string }[];
  const entry = { number: '15551230001', application_sid: made.body.sid };
  if (number === undefined) assert.equal((await w.account('POST', '/PhoneNumbers', entry)).status, 201);
  else assert.equal((await w.account('PUT', `/PhoneNumbers/${number.phone_number_sid}`, entry)).status, 204);
  const call = w.calls();
  await call.byed({ within: 9000 });
}

story('no verb reaches loopback, by any of its URLs', async (w) => {
  await w.register('bob');
  w.phone('bob').onInvite = phones.answersAfter(10, { hangsUpAfter: 300 });
  for (const [name, verb] of Object.entries(verbs(hosts()[0] ?? '')))
    await runs(w, name, [{ verb: 'answer' }, verb, { verb: 'hangup' }]);
  assert.equal(caught, 0);
});

story('nor does another way to write it, nor a name that leads there', async (w) => {
  for (const host of hosts()) await runs(w, `play ${host}`, [{ verb: 'answer' }, { verb: 'play', url: http(host) }]);
  assert.equal(caught, 0);
});

story('nor any URL of REST: hooks of applications, accounts and calls, and vendors of speech', async (w) => {
  const host = hosts()[0] ?? '';
  const hooked = { call_hook: http(host), call_status_hook: http(host), fallback_hook: http(host) };
  const made = await w.account('POST', '/Applications', { name: 'hooked', ...hooked });
  const [number] = (await w.account('GET', '/PhoneNumbers')).body as { phone_number_sid: string }[];
  const at = `/PhoneNumbers/${number?.phone_number_sid}`;
  assert.equal((await w.account('PUT', at, { number: '15551230001', application_sid: made.body.sid })).status, 204);
  await w.calls().refused();
  w.phone('bob').onInvite = phones.busy();
  await w.account('POST', '/Calls', {
    from: '1',
    to: { type: 'user', name: `bob@${realm}` },
    call_hook: http(host),
    call_status_hook: http(host),
  });
  await w.eventually('the call is over', async () => (await w.account('GET', '/Calls')).body.length === 0);
  for (const [vendor, field] of [
    ['custom:trap', 'custom_tts_url'],
    ['openai', 'base_url'],
    ['deepgram', 'deepgram_tts_uri'],
  ]) {
    const key = { vendor, label: 'trap', api_key: 'k', auth_token: 'k', [field ?? '']: http(host) };
    const credential = await w.account('POST', '/SpeechCredentials', key);
    assert.equal(credential.status, 201, JSON.stringify(credential.body));
    const say = {
      verb: 'say',
      text: `hello ${vendor}`,
      synthesizer: { vendor, label: 'trap', voice: 'x', language: 'en-US' },
    };
    await runs(w, `say ${vendor}`, [{ verb: 'answer' }, say, { verb: 'hangup' }]);
  }
  assert.equal(caught, 0);
});
