import assert from 'node:assert/strict';
import { createHash, createHmac, createVerify, generateKeyPairSync } from 'node:crypto';
import { test, type TestContext } from 'node:test';
import type { VoiceChoice } from '../../ports/index.ts';
import { type Asked, bytesOf, httpVendor, rig, soundAt, tone } from '../fixture.ts';
import { writeSpeechWav } from '../wav.ts';

const never = new AbortController().signal;
const who = { accountSid: 'account-1', callSid: 'call-1' };
const ssml = '<speak>Good <break time="1s"/> day &amp; night</speak>';

type Case = {
  readonly vendor: string;
  readonly text: string;
  readonly voice?: VoiceChoice;
  readonly settings: (origin: string) => Record<string, unknown>;
  /** What the vendor's documentation asks of the request; throws where it is not so. */
  readonly strict: (asked: Asked) => void;
  readonly answer: () => { type: string; body: string | Buffer };
  readonly rate: number;
};

const body = (asked: Asked): Record<string, unknown> => JSON.parse(asked.body.toString()) as Record<string, unknown>;
const wav = (rate: number) => ({ type: 'audio/wav', body: writeSpeechWav({ pcm: tone(rate), rate }) });
const raw = (rate: number, type = 'audio/pcm') => ({ type, body: bytesOf(tone(rate)) });

const cases: readonly Case[] = [
  {
    vendor: 'openai',
    text: ssml,
    voice: { voice: 'nova', options: { instructions: 'whisper' } },
    settings: (origin) => ({ api_key: 'sk-secret-1', base_url: `${origin}/v1`, model_id: 'gpt-4o-mini-tts' }),
    strict: (asked) => {
      assert.equal(asked.url, '/v1/audio/speech');
      assert.equal(asked.headers.authorization, 'Bearer sk-secret-1');
      assert.deepEqual(body(asked), {
        instructions: 'whisper',
        model: 'gpt-4o-mini-tts',
        voice: 'nova',
        input: 'Good day & night',
        response_format: 'wav',
      });
    },
    answer: () => wav(24_000),
    rate: 24_000,
  },
  {
    vendor: 'elevenlabs',
    text: 'Hello.',
    voice: { voice: 'voice/1' },
    settings: (origin) => ({ api_key: 'xi-secret-1', api_uri: origin, model_id: 'eleven_turbo_v2' }),
    strict: (asked) => {
      assert.equal(asked.url, '/v1/text-to-speech/voice%2F1?output_format=pcm_16000');
      assert.equal(asked.headers['xi-api-key'], 'xi-secret-1');
      assert.deepEqual(body(asked), { text: 'Hello.', model_id: 'eleven_turbo_v2' });
    },
    answer: () => raw(16_000),
    rate: 16_000,
  },
  {
    vendor: 'deepgram',
    text: 'Hello.',
    settings: (origin) => ({ api_key: 'dg-secret-1', base_url: origin }),
    strict: (asked) => {
      assert.equal(asked.url, '/v1/speak?model=aura-2-thalia-en&encoding=linear16&sample_rate=16000&container=none');
      assert.equal(asked.headers.authorization, 'Token dg-secret-1');
      assert.deepEqual(body(asked), { text: 'Hello.' });
    },
    answer: () => raw(16_000, 'audio/l16;rate=16000;channels=1'),
    rate: 16_000,
  },
  {
    vendor: 'google',
    text: ssml,
    voice: { voice: 'de-DE-Neural2-B' },
    settings: (origin) => ({ api_key: 'g-secret-1', base_url: origin }),
    strict: (asked) => {
      assert.equal(asked.url, '/v1/text:synthesize');
      assert.equal(asked.headers['x-goog-api-key'], 'g-secret-1');
      assert.deepEqual(body(asked), {
        input: { ssml },
        voice: { languageCode: 'de-DE', name: 'de-DE-Neural2-B' },
        audioConfig: { audioEncoding: 'LINEAR16', sampleRateHertz: 16_000 },
      });
    },
    answer: () => ({
      type: 'application/json',
      body: JSON.stringify({ audioContent: wav(16_000).body.toString('base64') }),
    }),
    rate: 16_000,
  },
  {
    vendor: 'microsoft',
    text: 'Fish & chips',
    voice: { voice: 'en-GB-RyanNeural', language: 'en-GB' },
    settings: (origin) => ({
      api_key: 'ms-secret-1',
      region: 'uksouth',
      custom_tts_endpoint_url: `${origin}/cognitiveservices/v1`,
    }),
    strict: (asked) => {
      assert.equal(asked.url, '/cognitiveservices/v1');
      assert.equal(asked.headers['ocp-apim-subscription-key'], 'ms-secret-1');
      assert.equal(asked.headers['content-type'], 'application/ssml+xml');
      assert.equal(asked.headers['x-microsoft-outputformat'], 'riff-16khz-16bit-mono-pcm');
      assert.ok(asked.headers['user-agent']);
      assert.match(
        asked.body.toString(),
        /^<speak version="1.0" xmlns="[^"]+" xmlns:mstts="[^"]+" xml:lang="en-GB"><voice name="en-GB-RyanNeural">Fish &#38; chips<\/voice><\/speak>$/,
      );
    },
    answer: () => wav(16_000),
    rate: 16_000,
  },
  {
    vendor: 'aws',
    text: ssml,
    voice: { voice: 'Amy', language: 'en-GB', engine: 'standard' },
    settings: (origin) => ({
      access_key_id: 'AKIA-1',
      secret_access_key: 'aws-secret-1',
      aws_region: 'eu-west-1',
      base_url: origin,
    }),
    strict: (asked) => {
      assert.equal(asked.url, '/v1/speech');
      assert.deepEqual(body(asked), {
        OutputFormat: 'pcm',
        SampleRate: '16000',
        Text: ssml,
        TextType: 'ssml',
        VoiceId: 'Amy',
        Engine: 'standard',
        LanguageCode: 'en-GB',
      });
      checkSignature(asked, 'aws-secret-1', 'eu-west-1');
    },
    answer: () => raw(16_000),
    rate: 16_000,
  },
  {
    vendor: 'custom:mine',
    text: 'Hello.',
    voice: { voice: 'tom', language: 'fr-FR' },
    settings: (origin) => ({ auth_token: 'own-secret-1', custom_tts_url: `${origin}/tts` }),
    strict: (asked) => {
      assert.equal(asked.url, '/tts');
      assert.equal(asked.headers.authorization, 'Bearer own-secret-1');
      assert.deepEqual(body(asked), { language: 'fr-FR', voice: 'tom', type: 'text', text: 'Hello.' });
    },
    answer: () => raw(8000, 'audio/l16;rate=8000'),
    rate: 8000,
  },
];

/** Recomputes the signature the way AWS does, from what arrived. */
function checkSignature(asked: Asked, secret: string, region: string): void {
  const given =
    /^AWS4-HMAC-SHA256 Credential=AKIA-1\/(\d{8})\/([\w-]+)\/polly\/aws4_request, SignedHeaders=([\w;-]+), Signature=([0-9a-f]{64})$/.exec(
      asked.headers.authorization ?? '',
    );
  assert.ok(given, asked.headers.authorization);
  const [, day = '', where, names = '', signature] = given;
  assert.equal(where, region);
  for (const name of ['host', 'x-amz-date', 'content-type']) assert.ok(names.split(';').includes(name), name);
  const hash = (text: string | Buffer) => createHash('sha256').update(text).digest('hex');
  const mac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest();
  const lines = names
    .split(';')
    .map((name) => `${name}:${String(asked.headers[name]).trim()}\n`)
    .join('');
  const canonical = `${asked.method}\n${asked.url}\n\n${lines}\n${names}\n${hash(asked.body)}`;
  const toSign = `AWS4-HMAC-SHA256\n${String(asked.headers['x-amz-date'])}\n${day}/${region}/polly/aws4_request\n${hash(canonical)}`;
  const key = mac(mac(mac(mac(`AWS4${secret}`, day), region), 'polly'), 'aws4_request');
  assert.equal(signature, mac(key, toSign).toString('hex'));
}

async function say(t: TestContext, each: Case, answer?: Parameters<typeof httpVendor>[1]) {
  const problems: unknown[] = [];
  const origin = await httpVendor(t, (asked, response) => {
    if (answer !== undefined) return answer(asked, response);
    try {
      assert.equal(asked.method, 'POST');
      each.strict(asked);
    } catch (fault) {
      problems.push(fault);
      response.statusCode = 400;
      return void response.end();
    }
    const { type, body: sound } = each.answer();
    response.setHeader('content-type', type);
    return void response.end(sound);
  });
  const parts = rig(t, { tts: { [each.vendor]: each.settings(origin) } });
  const voice = { ...each.voice, vendor: each.vendor };
  const made = await parts.speech.synthesise({ ...who, text: each.text, voice }, never);
  for (const problem of problems) throw problem;
  return { ...parts, made, origin };
}

for (const each of cases) {
  test(`${each.vendor}: the request is as documented, the sound arrives`, async (t) => {
    const { made, alerts } = await say(t, each);
    assert.ok(made.ok, JSON.stringify(made));
    const { pcm, rate } = soundAt(made.sound.path);
    assert.equal(rate, each.rate);
    assert.deepEqual(pcm, tone(each.rate));
    assert.deepEqual(alerts, []);
  });

  test(`${each.vendor}: a wrong key is told by name and status, and the key by nobody`, async (t) => {
    const { made, alerts } = await say(t, each, ({ headers, body: sent }, response) => {
      response.statusCode = 401;
      response.end(JSON.stringify({ wrong: headers, sent: sent.toString() }));
    });
    assert.ok(!made.ok);
    assert.equal(made.message, `${each.vendor} answered 401: the credential was refused`);
    assert.deepEqual(
      alerts.map(({ type }) => type),
      ['tts-failure'],
    );
    assert.doesNotMatch(JSON.stringify(alerts), /secret-1/);
  });

  test(`${each.vendor}: garbage instead of sound`, async (t) => {
    const { made, alerts } = await say(t, each, (_, response) => {
      response.setHeader('content-type', 'text/html');
      response.end('<html>Welcome to our proxy</html>');
    });
    assert.ok(!made.ok);
    assert.match(made.message, new RegExp(`^${each.vendor} sent`));
    assert.equal(alerts[0]?.type, 'tts-failure');
  });
}

test('what a vendor says to a 400 is told without the secrets it repeats', async (t) => {
  const { made } = await say(t, cases[0]!, (_, response) => {
    response.statusCode = 400;
    response.end('{"error": "no such voice; key sk-secret-1"}');
  });
  assert.ok(!made.ok);
  assert.equal(made.message, 'openai answered 400: {"error": "no such voice; key ***"}');
});

test('a vendor that breaks off in the middle, and one that is not there', async (t) => {
  const cut = await say(t, cases[0]!, (_, response) => {
    response.setHeader('content-length', '100000');
    response.write(Buffer.alloc(1000));
    response.destroy();
  });
  assert.ok(!cut.made.ok);
  assert.match(cut.made.message, /^openai cannot be reached: /);
  const { speech } = rig(t, { tts: { openai: { base_url: 'http://127.0.0.1:1' } } });
  const gone = await speech.synthesise({ ...who, text: 'x', voice: { vendor: 'openai' } }, never);
  assert.ok(!gone.ok);
  assert.match(gone.message, /^openai cannot be reached: /);
});

test('a google service account signs for a token once, and uses it again', async (t) => {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  let tokens = 0;
  const origin = await httpVendor(t, (asked, response) => {
    response.setHeader('content-type', 'application/json');
    if (asked.url === '/token') {
      tokens++;
      const form = new URLSearchParams(asked.body.toString());
      assert.equal(form.get('grant_type'), 'urn:ietf:params:oauth:grant-type:jwt-bearer');
      const [head, claims, signature = ''] = (form.get('assertion') ?? '').split('.');
      const good = createVerify('RSA-SHA256').update(`${head}.${claims}`).verify(publicKey, signature, 'base64url');
      response.statusCode = good ? 200 : 400;
      return void response.end(JSON.stringify({ access_token: 'token-1', expires_in: 3600 }));
    }
    response.statusCode = asked.headers.authorization === 'Bearer token-1' ? 200 : 401;
    return void response.end(JSON.stringify({ audioContent: bytesOf(tone(16_000)).toString('base64') }));
  });
  const key = {
    client_email: 'robot@example.test',
    private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
    token_uri: `${origin}/token`,
  };
  const { speech } = rig(t, { tts: { google: { service_key: JSON.stringify(key), base_url: origin } } });
  for (const text of ['One.', 'Two.']) {
    const made = await speech.synthesise({ ...who, text, voice: { vendor: 'google' } }, never);
    assert.ok(made.ok, JSON.stringify(made));
  }
  assert.equal(tokens, 1);
});
