import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { type Asked, httpVendor, rig, tone, until } from '../fixture.ts';

const who = { accountSid: 'account-1', callSid: 'call-1' };

type Case = {
  readonly vendor: string;
  readonly settings: (origin: string) => Record<string, unknown>;
  readonly strict: (asked: Asked) => void;
  readonly answer: object;
  readonly confidence: number;
};

const cases: readonly Case[] = [
  {
    vendor: 'openai',
    settings: (origin) => ({ api_key: 'sk-secret-1', base_url: origin }),
    strict: ({ url, headers, body }) => {
      assert.equal(url, '/v1/audio/transcriptions');
      assert.equal(headers.authorization, 'Bearer sk-secret-1');
      const boundary = /^multipart\/form-data; boundary=(\S+)$/.exec(headers['content-type'] ?? '')?.[1] ?? '';
      const parts = body.toString('latin1').split(`--${boundary}`).slice(1);
      assert.equal(parts.pop(), '--\r\n');
      const fields = Object.fromEntries(
        parts.map((part) => [/name="(\w+)"/.exec(part)?.[1], part.slice(part.indexOf('\r\n\r\n') + 4, -2)]),
      );
      assert.deepEqual(
        { ...fields, file: fields['file']?.slice(0, 4) },
        {
          model: 'whisper-1',
          response_format: 'json',
          language: 'en',
          prompt: 'Graine, verb',
          file: 'RIFF',
        },
      );
    },
    answer: { text: ' Good day. ' },
    confidence: 1,
  },
  {
    vendor: 'google',
    settings: (origin) => ({ api_key: 'g-secret-1', base_url: origin }),
    strict: ({ url, headers, body }) => {
      assert.equal(url, '/v1/speech:recognize');
      assert.equal(headers['x-goog-api-key'], 'g-secret-1');
      const { config, audio } = JSON.parse(body.toString()) as { config: object; audio: { content: string } };
      assert.deepEqual(config, {
        encoding: 'LINEAR16',
        sampleRateHertz: 16_000,
        languageCode: 'en-GB',
        enableAutomaticPunctuation: true,
        speechContexts: [{ phrases: ['Graine', 'verb'] }],
      });
      assert.ok(Buffer.from(audio.content, 'base64').length > 16_000);
    },
    answer: { results: [{ alternatives: words('Good', 1) }, { alternatives: words('day.', 0.8) }] },
    confidence: 0.9,
  },
  {
    vendor: 'microsoft',
    settings: (origin) => ({ api_key: 'ms-secret-1', base_url: origin }),
    strict: ({ url, headers, body }) => {
      assert.equal(url, '/speech/recognition/conversation/cognitiveservices/v1?language=en-GB&format=detailed');
      assert.equal(headers['ocp-apim-subscription-key'], 'ms-secret-1');
      assert.equal(headers['content-type'], 'audio/wav; codecs=audio/pcm; samplerate=16000');
      assert.equal(body.toString('latin1', 0, 4), 'RIFF');
    },
    answer: { RecognitionStatus: 'Success', NBest: [{ Confidence: 0.9, Lexical: 'good day', Display: 'Good day.' }] },
    confidence: 0.9,
  },
];

function words(transcript: string, confidence: number): object[] {
  return [{ transcript, confidence }];
}

/** A second of voice between silences: one utterance. */
function utterance(): Int16Array {
  const sound = new Int16Array(16_000 * 3);
  sound.set(tone(16_000, 300), 16_000);
  return sound;
}

async function hear(t: TestContext, each: Case, answer: Parameters<typeof httpVendor>[1]) {
  const origin = await httpVendor(t, answer);
  const parts = rig(t, { stt: { [each.vendor]: each.settings(origin) } });
  const hints = ['Graine', 'verb'];
  const recognition = parts.speech.open({ ...who, hearing: { vendor: each.vendor, language: 'en-GB', hints } });
  const heard: { text: string; confidence: number; final: boolean }[] = [];
  const failures: string[] = [];
  recognition.events.on('result', ({ alternatives: [best], final }) =>
    heard.push({ text: best?.transcript ?? '', confidence: best?.confidence ?? 0, final }),
  );
  recognition.events.on('failed', (why) => failures.push(why));
  recognition.write(utterance());
  return { ...parts, recognition, heard, failures };
}

test('who names nobody is heard where the configuration names a vendor that can be used, and not else', (t) => {
  const deepgram = { api_key: 'x' };
  assert.equal(rig(t, { stt: { deepgram } }).speech.hearsUnasked(who.accountSid), false);
  assert.equal(rig(t, { stt: { default: 'deepgram' } }).speech.hearsUnasked(who.accountSid), false);
  assert.equal(rig(t, { stt: { default: 'deepgram', deepgram } }).speech.hearsUnasked(who.accountSid), true);
});

for (const each of cases) {
  test(`${each.vendor}: one utterance, asked as documented`, async (t) => {
    const problems: unknown[] = [];
    const { recognition, heard, failures, alerts } = await hear(t, each, (asked, response) => {
      try {
        each.strict(asked);
      } catch (fault) {
        problems.push(fault);
      }
      response.end(JSON.stringify(each.answer));
    });
    await until('a result', () => heard.length > 0 || failures.length > 0);
    await recognition.close();
    for (const problem of problems) throw problem;
    assert.deepEqual(heard, [{ text: 'Good day.', confidence: each.confidence, final: true }]);
    assert.deepEqual(alerts, []);
  });

  for (const [what, status, body, message] of [
    ['a wrong key', 403, 'secret-1', 'answered 403: the credential was refused'],
    ['no JSON', 200, '<html>', 'sent what is not JSON'],
  ] as const)
    test(`${each.vendor}: ${what}`, async (t) => {
      const { failures, alerts } = await hear(t, each, (_, response) => {
        response.statusCode = status;
        response.end(body);
      });
      await until('the failure', () => failures.length > 0);
      assert.deepEqual(failures, [`${each.vendor} ${message}`]);
      assert.deepEqual(
        alerts.map(({ type }) => type),
        ['stt-failure'],
      );
      assert.doesNotMatch(JSON.stringify(alerts), /secret-1/);
    });

  test(`${each.vendor}: an answer of another shape is nothing heard`, async (t) => {
    let asked = 0;
    const { recognition, heard, failures } = await hear(t, each, (_, response) => {
      asked++;
      response.end('{"results":"none","NBest":7,"text":{}}');
    });
    await until('a question', () => asked > 0);
    await recognition.close();
    assert.deepEqual([heard, failures], [[], []]);
  });
}
