// Every field of the published schemas that takes a URL, as the schemas name them and not as somebody remembers them: with
// private addresses closed none reaches loopback; with them open the same documents do, so that the trap is known to work.
// attacks.md D2.
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { after, before } from 'node:test';
import { after as pause, type OutgoingPhoneCall, phones, realm, stage, type World } from '../kit/index.ts';

type Schema = {
  readonly type?: string;
  readonly anyOf?: readonly Schema[];
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
};
type Field = readonly string[];

/** What is fetched or connected to. SIP URIs are SIP's own matter. */
const urlish = /(hook|url|music|play|media|endpoint)$/i;

/** Paths to the fields of a schema that take a URL. */
function urlFields(schema: Schema, path: Field = []): Field[] {
  const within = [
    ...(schema.anyOf ?? []).map((each) => [each, path] as const),
    ...(schema.items === undefined ? [] : [[schema.items, [...path, '0']] as const]),
  ].flatMap(([each, at]) => urlFields(each, at));
  const own = Object.entries(schema.properties ?? {}).flatMap(([name, each]) => {
    const at = [...path, name];
    const takes = urlish.test(name) && [each, ...(each.anyOf ?? [])].some(({ type }) => type === 'string');
    return [...(takes ? [at] : []), ...(/hook$/i.test(name) ? [] : urlFields(each, at))];
  });
  return [...within, ...own];
}

let trap: Server;
let port = 0;
let connections = 0;
const reached = new Set<string>();
before(async () => {
  const took = (url = ''): void =>
    void reached.add(decodeURIComponent(url.replace(/^\/trap\//, '').split('?')[0] ?? ''));
  trap = createServer((request, response) => {
    took(request.url);
    response.setHeader('content-type', 'application/json').end('[]');
  });
  trap.on('connection', () => connections++);
  trap.on('upgrade', (request, socket) => {
    took(request.url);
    socket.destroy();
  });
  await new Promise<void>((ready) => trap.listen(0, '127.0.0.1', ready));
  port = (trap.address() as { port: number }).port;
});
after(async () => {
  trap.closeAllConnections();
  await new Promise((done) => trap.close(done));
});

const to = [{ type: 'user', name: `bob@${realm}` }];
/** The least that a verb, or a part of one, is made of. */
const least: Readonly<Record<string, object>> = {
  dial: { target: to, timeout: 2, answerOnBridge: true, dtmfCapture: ['1'] },
  play: { url: 'silence_stream://200' },
  gather: { input: ['digits'], timeout: 1 },
  conference: { name: 'room' },
  dub: { action: 'playOnTrack', track: 'a', play: 'silence_stream://100' },
  enqueue: { name: 'queue' },
  dequeue: { name: 'queue', timeout: 1 },
  message: { to: '1', from: '2', text: 'hi' },
  'sip:refer': { referTo: 'sip:x@example.test' },
  'sip:request': { method: 'INFO' },
  transfer: { target: to },
  bargeIn: { enable: true, input: ['digits'], numDigits: 1 },
  fillerNoise: { enable: true, startDelaySecs: 0 },
  target: { type: 'user', name: `bob@${realm}` },
};

/** A document of this verb with the trap in this field. */
function trapped(field: Field): object {
  const [verb = '', ...path] = field;
  const name = field.join('.');
  const url = (scheme: string): string => `${scheme}://127.0.0.1:${port}/trap/${encodeURIComponent(name)}`;
  const streams = (key: string): boolean => key === 'listen' || key === 'stream';
  const base = (key: string): Record<string, unknown> =>
    structuredClone({
      ...(streams(key) ? { url: `ws://127.0.0.1:${port}/trap/beside`, maxLength: 1 } : {}),
      ...least[key],
    });
  const root: Record<string, unknown> = { verb, ...base(verb) };
  let at = root;
  let parent = verb;
  for (const key of path.slice(0, -1)) {
    const next: Record<string, unknown> = key === '0' ? base(parent) : base(key);
    if (key === '0') Object.assign(at, next);
    else {
      at[key] = path[path.indexOf(key) + 1] === '0' ? [next] : next;
      parent = key;
      at = next;
    }
  }
  at[path.at(-1) ?? ''] = url(streams(parent) && path.at(-1) === 'url' ? 'ws' : 'http');
  return root;
}

/** Runs every field in a call of its own, several at once; those that the server refuses when they are written, not at all. */
async function runAll(w: World): Promise<{ run: string[]; refused: string[] }> {
  const schemas = (await w.rest('GET', '/v1/Verbs')).body as unknown as Record<string, Schema>;
  const all = Object.entries(schemas).flatMap(([verb, schema]) => urlFields(schema).map((path) => [verb, ...path]));
  const fields = [...new Map(all.map((field) => [field.join('.'), field])).entries()];
  const result = { run: [] as string[], refused: [] as string[] };
  const one = async ([name, field]: [string, Field], n: number): Promise<void> => {
    const app = [{ verb: 'answer' }, trapped(field), { verb: 'pause', length: 0.5 }, { verb: 'hangup' }];
    const made = await w.account('POST', '/Applications', { name: `f${n}`, app_json: app });
    if (made.status !== 201) return void result.refused.push(name);
    const number = `1555800${String(n).padStart(4, '0')}`;
    const entry = { number, application_sid: made.body.sid };
    assert.equal((await w.account('POST', '/PhoneNumbers', entry)).status, 201);
    const call = w.calls({ to: `+${number}` });
    // What cannot be run at all is refused.
    await call.answered({ within: 12_000 }).catch(() => {});
    // Some verbs go on for as long as the call does.
    await Promise.race([ended(call), pause(1500)]);
    if (!call.over) await call.hangsUp();
    result.run.push(name);
  };
  for (let at = 0; at < fields.length; at += 45)
    await Promise.all(fields.slice(at, at + 45).map((field, n) => one(field, at + n)));
  return result;
}

function ended(call: OutgoingPhoneCall): Promise<void> {
  return new Promise((done) => call.atEnd(() => done()));
}

async function ready(w: World): Promise<void> {
  await w.register('bob');
  w.phone('bob').onInvite = phones.answersAfter(10, { hangsUpAfter: 700, keys: '1' });
  reached.clear();
  connections = 0;
}

const certain = [
  'play.url',
  'play.actionHook',
  'redirect.actionHook',
  'dial.dialMusic',
  'gather.play.url',
  'listen.url',
  'config.listen.url',
  'dub.play',
];

const closed = stage({ phones: ['bob'], config: { hooks: { allow_private_addresses: false } } });
const open = stage({ phones: ['bob'], config: { hooks: { allow_private_addresses: true } } });

closed('no URL field of any verb’s schema reaches loopback', async (w) => {
  await ready(w);
  const { run, refused } = await runAll(w);
  assert.equal(connections, 0, [...reached].join());
  assert.ok(run.length >= 30, `only ${run.length} fields ran; refused: ${refused.join()}`);
});

open('the same documents reach it where that is allowed', async (w) => {
  await ready(w);
  await runAll(w);
  // What waits for a hold, a transfer or speech is asked for in other stories.
  for (const name of certain) assert.ok(reached.has(name), `${name} is not among ${[...reached].sort().join(' ')}`);
});

const googleKey = {
  client_email: 'a@b.test',
  private_key: generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  }).privateKey,
};

/** Fields of REST bodies that take a URL of http or ws, and which story closes each. */
type Spoken = readonly [vendor: string, field: string, use: 'say' | 'hear' | 'translate'];
const spoken: readonly Spoken[] = [
  ['openai', 'base_url', 'say'],
  ['custom:trap', 'custom_tts_url', 'say'],
  ['deepgram', 'deepgram_tts_uri', 'say'],
  ['microsoft', 'custom_tts_endpoint_url', 'say'],
  ['elevenlabs', 'api_uri', 'say'],
  ['custom:ear', 'custom_stt_url', 'hear'],
  ['deepgram', 'deepgram_stt_uri', 'hear'],
  ['microsoft', 'custom_stt_endpoint_url', 'hear'],
  ['custom:tongue', 'custom_translate_url', 'translate'],
];
const closedElsewhere = ['call_hook', 'call_status_hook', 'fallback_hook'];
/** Kept, or of a call that is there: asked for by what a call does, through the same door (src/hooks). */
const sameDoor = [
  'child_call_hook',
  'referHook',
  'sipRequestWithinDialogHook',
  'waitHook',
  'wait_hook',
  'registration_hook',
  'messaging_hook',
  'queue_event_hook',
  'url',
];

closed('nor any URL field of a speech vendor; and no field of REST that takes one is forgotten', async (w) => {
  await ready(w);
  const document = (await w.rest('GET', '/openapi.json')).body as unknown as OpenApi;
  const named = Object.values(document.paths).flatMap((methods) =>
    Object.values(methods).flatMap(({ requestBody }) => {
      const schema = requestBody?.content['application/json']?.schema;
      return schema === undefined ? [] : restFields(schema);
    }),
  );
  const known = new Set([...spoken.map(([, field]) => field), ...closedElsewhere, ...sameDoor]);
  assert.deepEqual(
    [...new Set(named)].filter((field) => !known.has(field)),
    [],
  );
  for (const [, field] of spoken) assert.ok(named.includes(field), `${field} is no field any more`);
  await Promise.all([...spoken, ['google', 'token_uri', 'say'] as const].map((each, n) => speaks(w, each, n)));
  assert.equal(connections, 0, [...reached].join());
});

type OpenApi = {
  readonly paths: Readonly<
    Record<string, Record<string, { requestBody?: { content: Record<string, { schema: Schema }> } }>>
  >;
};

function restFields(schema: Schema): string[] {
  const own = Object.entries(schema.properties ?? {}).flatMap(([name, each]) => [
    ...(/(hook|url|uri)$/i.test(name) && name !== 'sipUri' ? [name] : []),
    ...restFields(each),
  ]);
  const within = [...(schema.anyOf ?? []), ...(schema.items === undefined ? [] : [schema.items])];
  return [...own, ...within.flatMap(restFields)];
}

async function speaks(w: World, [vendor, field, use]: Spoken, n: number): Promise<void> {
  const label = `trap${n}`;
  const url = `http://127.0.0.1:${port}/trap/${field}`;
  // The key file of Google has a URL of its own.
  const own =
    vendor === 'google'
      ? { service_key: JSON.stringify({ ...googleKey, [field]: url }) }
      : { [field]: url, api_key: 'k' };
  const keys = { auth_token: 'k', region: 'r', ...own };
  const made = await w.account('POST', '/SpeechCredentials', { vendor, label, ...keys });
  assert.equal(made.status, 201, `${vendor}: ${JSON.stringify(made.body)}`);
  const recognizer = { vendor, label, language: 'en-US' };
  const translation = { vendor, label, languages: ['fr'] };
  const verb =
    use === 'say'
      ? { verb: 'say', text: 'hello', synthesizer: { ...recognizer, voice: 'x' } }
      : use === 'hear'
        ? { verb: 'transcribe', transcriptionHook: 'http://example.test/', recognizer }
        : {
            verb: 'transcribe',
            translationHook: 'http://example.test/',
            recognizer: { vendor: 'moonshine', translation },
          };
  const app = [{ verb: 'answer' }, verb, { verb: 'pause', length: 0.5 }, { verb: 'hangup' }];
  const application = await w.account('POST', '/Applications', { name: `s${n}`, app_json: app });
  assert.equal(application.status, 201, JSON.stringify(application.body));
  const entry = { number: `155590${n}`, application_sid: application.body.sid };
  assert.equal((await w.account('POST', '/PhoneNumbers', entry)).status, 201);
  const call = w.calls({ to: `+155590${n}` });
  await call.answered({ within: 12_000 }).catch(() => {});
  await Promise.race([ended(call), pause(1500)]);
  if (!call.over) await call.hangsUp();
}
