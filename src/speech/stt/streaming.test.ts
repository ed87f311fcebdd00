import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { test, type TestContext } from 'node:test';
import type { WebSocket } from 'ws';
import type { HearingChoice, Recognition, Transcript } from '../../ports/index.ts';
import { FakeClock } from '../../base/index.ts';
import { rig, socketVendor, tone, until } from '../fixture.ts';

const who = { accountSid: 'account-1', callSid: 'call-1' };

/** One side of a documented protocol: what the vendor insists on, what it sends. */
type Protocol = {
  readonly vendor: string;
  readonly settings: (origin: string) => Record<string, unknown>;
  readonly authorization: string;
  readonly path: (url: URL) => void;
  /** The text message that must come before sound. */
  readonly hello?: (message: Record<string, unknown>) => void;
  readonly begin?: object;
  readonly interim: object;
  readonly final: object;
  readonly goodbye: object;
  readonly end?: object;
  readonly error?: object;
};

const words = (text: string, confidence: number) => [{ transcript: text, confidence }];

const protocols: readonly Protocol[] = [
  {
    vendor: 'deepgram',
    settings: (origin) => ({ api_key: 'dg-secret-1', base_url: origin }),
    authorization: 'Token dg-secret-1',
    path: ({ pathname, searchParams: query }) => {
      assert.equal(pathname, '/v1/listen');
      const wanted = {
        encoding: 'linear16',
        sample_rate: '16000',
        channels: '1',
        language: 'en-GB',
        interim_results: 'true',
      };
      for (const [name, value] of Object.entries(wanted)) assert.equal(query.get(name), value, name);
      assert.deepEqual(query.getAll('keyterm'), ['Graine', 'verb']);
      assert.equal(query.get('smart_format'), 'true');
    },
    interim: { type: 'Results', is_final: false, channel: { alternatives: words('good', 0.5) } },
    final: { type: 'Results', is_final: true, speech_final: true, channel: { alternatives: words('good day', 0.9) } },
    goodbye: { type: 'CloseStream' },
    end: { type: 'Metadata', duration: 1, channels: 1 },
    error: { type: 'Error', description: 'out of credit' },
  },
  {
    vendor: 'assemblyai',
    settings: (origin) => ({ api_key: 'aa-secret-1', base_url: origin }),
    authorization: 'aa-secret-1',
    path: ({ pathname, searchParams: query }) => {
      assert.equal(pathname, '/v3/ws');
      assert.equal(query.get('sample_rate'), '16000');
      assert.equal(query.get('encoding'), 'pcm_s16le');
      assert.equal(query.get('format_turns'), 'true');
    },
    begin: { type: 'Begin', id: 'x', expires_at: 1 },
    interim: {
      type: 'Turn',
      end_of_turn: false,
      turn_is_formatted: false,
      transcript: 'good',
      words: [{ confidence: 0.5 }],
    },
    final: {
      type: 'Turn',
      end_of_turn: true,
      turn_is_formatted: true,
      transcript: 'good day',
      words: [{ confidence: 0.8 }, { confidence: 1 }],
    },
    goodbye: { type: 'Terminate' },
    end: { type: 'Termination' },
    error: { error: 'out of credit' },
  },
  {
    vendor: 'custom:mine',
    settings: (origin) => ({ auth_token: 'own-secret-1', custom_stt_url: `${origin}/stt` }),
    authorization: 'Bearer own-secret-1',
    path: ({ pathname }) => assert.equal(pathname, '/stt'),
    hello: (message) =>
      assert.deepEqual(message, {
        type: 'start',
        language: 'en-GB',
        format: 'raw',
        encoding: 'LINEAR16',
        sampleRateHz: 16_000,
        interimResults: true,
        options: { hints: ['Graine', 'verb'], smartFormat: true },
      }),
    interim: {
      type: 'transcription',
      is_final: false,
      alternatives: words('good', 0.5),
      channel: 1,
      language: 'en-GB',
    },
    final: {
      type: 'transcription',
      is_final: true,
      alternatives: words('good day', 0.9),
      channel: 1,
      language: 'en-GB',
    },
    goodbye: { type: 'stop' },
    error: { type: 'error', error: 'out of credit' },
  },
];

const choice: HearingChoice = {
  language: 'en-GB',
  interim: true,
  hints: ['Graine', 'verb'],
  options: { smartFormat: true },
};

/** A vendor that keeps to its protocol: results come back for a tenth and a half second of sound. */
function strict(protocol: Protocol, problems: unknown[]) {
  return (socket: WebSocket, request: IncomingMessage): void => {
    let bytes = 0;
    let greeted = protocol.hello === undefined;
    const check = (what: () => void): void => {
      try {
        what();
      } catch (fault) {
        problems.push(fault);
        socket.close(4000);
      }
    };
    check(() => protocol.path(new URL(request.url ?? '', 'ws://x')));
    if (protocol.begin !== undefined) setTimeout(() => socket.send(JSON.stringify(protocol.begin)), 20);
    socket.on('message', (data: Buffer, binary: boolean) => {
      if (!binary) {
        const message = JSON.parse(data.toString()) as Record<string, unknown>;
        if (!greeted) {
          greeted = true;
          return check(() => protocol.hello?.(message));
        }
        check(() => assert.deepEqual(message, protocol.goodbye));
        if (protocol.end !== undefined) socket.send(JSON.stringify(protocol.end));
        return socket.close(1000);
      }
      check(() => assert.ok(greeted && data.length % 2 === 0, 'sound after the hello, whole samples'));
      check(() => assert.ok(bytes > 0 || data.length >= 1600, 'at least 50 ms a frame'));
      const before = bytes;
      bytes += data.length;
      if (before < 3200 && bytes >= 3200) socket.send(JSON.stringify(protocol.interim));
      if (before < 16_000 && bytes >= 16_000) socket.send(JSON.stringify(protocol.final));
    });
  };
}

type Heard = { readonly results: Transcript[]; readonly failures: string[] };

function listen(recognition: Recognition): Heard {
  const heard: Heard = { results: [], failures: [] };
  recognition.events.on('result', (result) => heard.results.push(result));
  recognition.events.on('failed', (why) => heard.failures.push(why));
  return heard;
}

/** A second of sound in pieces as a call brings them. */
function speak(recognition: Recognition): void {
  const sound = tone(16_000);
  for (let at = 0; at < sound.length; at += 960) recognition.write(sound.subarray(at, at + 960));
}

type More = { readonly fallback?: string; readonly clock?: FakeClock };

function open(t: TestContext, protocol: Protocol, origin: string, { fallback, clock }: More = {}) {
  const { vendor } = protocol;
  const stt = {
    [vendor]: protocol.settings(origin),
    ...(fallback === undefined ? {} : { 'custom:other': { url: fallback } }),
  };
  const parts = rig(t, { stt, ...(clock === undefined ? {} : { clock }) });
  const recognition = parts.speech.open({
    ...who,
    hearing: { ...choice, vendor },
    ...(fallback === undefined ? {} : { fallback: { ...choice, vendor: 'custom:other' } }),
  });
  return { ...parts, recognition, heard: listen(recognition) };
}

for (const protocol of protocols) {
  const { vendor } = protocol;
  const refuse = ({ headers }: IncomingMessage) => (headers.authorization === protocol.authorization ? undefined : 401);

  test(`${vendor}: speaks the documented protocol, to the goodbye`, async (t) => {
    const problems: unknown[] = [];
    const origin = await socketVendor(t, strict(protocol, problems), refuse);
    const { recognition, heard, alerts, clock } = open(t, protocol, origin);
    speak(recognition);
    await until('both results', () => heard.results.length === 2 || problems.length > 0);
    await recognition.close();
    for (const problem of problems) throw problem;
    const [interim, final] = heard.results;
    assert.deepEqual(interim, { final: false, language: 'en-GB', vendor, alternatives: words('good', 0.5) });
    assert.deepEqual(final, { final: true, language: 'en-GB', vendor, alternatives: words('good day', 0.9) });
    assert.deepEqual([heard.failures, alerts, clock.pending()], [[], [], []]);
  });

  test(`${vendor}: a wrong key: stt-failure, and the key is told by nobody`, async (t) => {
    const origin = await socketVendor(
      t,
      () => {},
      () => 401,
    );
    const { recognition, heard, alerts } = open(t, protocol, origin);
    speak(recognition);
    await until('the failure', () => heard.failures.length === 1);
    assert.equal(heard.failures[0], `${vendor} answered 401: the credential was refused`);
    assert.deepEqual(
      alerts.map(({ type }) => type),
      ['stt-failure'],
    );
    assert.doesNotMatch(JSON.stringify(alerts), /secret-1/);
  });

  const hostile: Record<string, (socket: WebSocket) => void> = {
    'disconnects after a while': (socket) => {
      if (protocol.begin !== undefined) socket.send(JSON.stringify(protocol.begin));
      socket.once('message', () => setTimeout(() => socket.terminate(), 20));
    },
    'sends what is not JSON': (socket) => socket.send('<html>'),
    'sends binary': (socket) => socket.send(Buffer.alloc(10)),
    'sends half a result': (socket) =>
      socket.send(
        JSON.stringify({
          ...protocol.final,
          channel: null,
          alternatives: null,
          transcript: null,
          words: 5,
          type: protocol.vendor === 'assemblyai' ? 7 : (protocol.final as { type: string }).type,
          error: vendor === 'assemblyai' ? 'x' : undefined,
        }),
      ),
    'sends a message without end': (socket) => socket.send('x'.repeat(300_000)),
    'says no': (socket) => socket.send(JSON.stringify(protocol.error)),
  };
  for (const [what, serve] of Object.entries(hostile)) {
    test(`${vendor} ${what}: the fallback takes over with the sound that was not heard yet`, async (t) => {
      let bytes = 0;
      const other = await socketVendor(t, (socket) =>
        socket.on('message', (data: Buffer, binary: boolean) => {
          if (binary) bytes += data.length;
        }),
      );
      const origin = await socketVendor(t, serve);
      const { recognition, heard, alerts } = open(t, protocol, origin, { fallback: other });
      speak(recognition);
      await until('all sound at the fallback', () => bytes >= 32_000 - 3200);
      assert.equal(alerts.length, 1);
      assert.equal(alerts[0]?.type, 'stt-failure');
      assert.match(alerts[0].message, new RegExp(`^${vendor} `));
      assert.deepEqual(heard.failures, []);
    });
  }

  test(`${vendor}: nobody at the address, and no fallback: failed, once`, async (t) => {
    const { recognition, heard, alerts, clock } = open(t, protocol, 'ws://127.0.0.1:1');
    speak(recognition);
    await until('the failure', () => heard.failures.length > 0);
    speak(recognition);
    await recognition.close();
    assert.deepEqual([heard.failures.length, alerts.length, clock.pending()], [1, 1, []]);
  });
}

test('closing before the vendor has answered leaves nothing behind', async (t) => {
  const origin = await socketVendor(t, () => {});
  const { recognition, alerts, clock } = open(t, protocols[0]!, origin);
  speak(recognition);
  await recognition.close();
  assert.deepEqual([alerts, clock.pending()], [[], []]);
});

test('a vendor that never begins is given up', async (t) => {
  let connected = 0;
  const origin = await socketVendor(t, () => void connected++);
  const clock = new FakeClock();
  const { recognition, heard } = open(t, protocols[1]!, origin, { clock });
  speak(recognition);
  await until('its timer', () => connected > 0 && clock.pending().includes('stt assemblyai alive'));
  clock.advance(5000);
  assert.deepEqual(heard.failures, ['assemblyai did not begin within 5000 ms']);
});

test('a vendor that no longer reads is given up, and what it was sent is bounded', async (t) => {
  let connected: WebSocket | undefined;
  const origin = await socketVendor(t, (socket) => {
    connected = socket;
    socket.pause();
  });
  const clock = new FakeClock();
  const { recognition, heard } = open(t, protocols[0]!, origin, { clock });
  await until('its timer', () => connected !== undefined && clock.pending().includes('stt deepgram alive'));
  // More than kernel and socket take together; without a bound this would be 300 s of sound in memory.
  for (let second = 0; second < 300; second++) {
    speak(recognition);
    await new Promise((resolve) => setImmediate(resolve));
  }
  clock.advance(5000);
  assert.deepEqual(heard.failures, ['deepgram does not take the sound']);
});

test('a vendor whose machine is gone is asked anew, as it had worked; one that answers pings is left alone', async (t) => {
  let pings = 0;
  let connections = 0;
  const origin = await socketVendor(t, (socket) => {
    connections++;
    // Behind the pong comes a result: once it has come, the pong has.
    socket.on('ping', () => {
      pings++;
      setImmediate(() => socket.send(JSON.stringify(protocols[0]!.final)));
    });
  });
  const clock = new FakeClock();
  const { heard, alerts } = open(t, protocols[0]!, origin, { clock });
  await until('its timer', () => clock.pending().includes('stt deepgram alive'));
  for (let round = 1; round <= 6; round++) {
    clock.advance(5000);
    await until('a ping and its answer', () => pings >= round && heard.results.length >= round);
  }
  assert.deepEqual(heard.failures, []);
  // Nothing gets through any more: six rounds in one moment.
  for (let round = 0; round < 6; round++) clock.advance(5000);
  assert.deepEqual([heard.failures, alerts.map(({ message }) => message)], [[], ['deepgram no longer answers']]);
  await until('another connection', () => connections === 2);
});

test('in silence a vendor that wants it is told that we are still there', async (t) => {
  const told: string[] = [];
  const origin = await socketVendor(t, (socket) =>
    socket.on('message', (data: Buffer, binary: boolean) => {
      if (!binary) told.push(data.toString());
    }),
  );
  const clock = new FakeClock();
  open(t, protocols[0]!, origin, { clock });
  await until('its timer', () => clock.pending().includes('stt deepgram alive'));
  clock.advance(5000);
  await until('the word', () => told.length > 0);
  assert.deepEqual(told, ['{"type":"KeepAlive"}']);
});
