import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeFaults, parseApplication } from './parse.ts';
import type { DialVerb, Verb } from './types.ts';

function verbs(document: unknown): Verb[] {
  const parsed = parseApplication(document);
  assert.ok(parsed.ok, parsed.ok ? '' : describeFaults(parsed.faults));
  return parsed.verbs;
}

function dial(options: object): DialVerb {
  const [verb] = verbs([{ verb: 'dial', target: [{ type: 'user', name: 'bob' }], ...options }]);
  assert.equal(verb?.verb, 'dial');
  return verb;
}

function faults(document: unknown): string[] {
  const parsed = parseApplication(document);
  assert.ok(!parsed.ok, 'the document was accepted');
  return parsed.faults.map(({ path, expected, got, hint }) => [path, expected, got, hint].filter(Boolean).join(' | '));
}

const accepted: [string, unknown[]][] = [
  ['an empty application', []],
  [
    'the simring of dial.md',
    [
      {
        verb: 'dial',
        actionHook: '/outdial',
        callerId: '+16173331212',
        answerOnBridge: true,
        dtmfCapture: ['*2', '*3'],
        dtmfHook: { url: '/dtmf', method: 'GET' },
        target: [
          { type: 'phone', number: '+15083084809', trunk: 'acme' },
          { type: 'sip', sipUri: 'sip:1617333456@sip.trunk1.com', auth: { username: 'foo', password: 'bar' } },
          { type: 'user', name: 'spike@sip.example.com' },
          { type: 'teams', number: '+15083084809', tenant: 'contoso.com', voicemail: true },
        ],
      },
    ],
  ],
  ['each notation, mixed', [{ dial: { target: [] } }, { verb: 'hangup' }, { answer: {} }, { leave: {} }]],
  [
    '_ and id anywhere',
    [
      { verb: 'pause', length: 1, id: 'p', _: { x: 1 } },
      { dial: { id: 'd', target: [{ type: 'sip', id: 't', _: {} }] } },
    ],
  ],
  [
    'every dial option of dial.md and reference.md 1.2',
    [
      {
        dial: {
          target: [
            {
              type: 'phone',
              number: '1',
              confirmHook: { url: '/c', method: 'post' },
              headers: { 'X-N': 7 },
              from: { user: 'u', host: 'h' },
              delay: 0,
              timeout: 3,
            },
            { type: 'sip', sipUri: 'sip:a@b', proxy: 'sip:192.168.0.1:5060', url: '/screen', method: 'GET' },
            { type: 'user', name: 'a', overrideTo: 'b' },
            { type: 'teams', number: '1', vmail: true },
          ],
          actionHook: { url: '/a', basicAuth: { username: 'u', password: 'p' } },
          amd: { hook: '/amd', timers: { noSpeechTimeoutMs: 1 }, gate: true, recognizer: { vendor: 'x' } },
          anchorMedia: true,
          boostAudioSignal: '-6 dB',
          callerId: '+15551230001',
          callerName: 'Ann',
          codecs: ['PCMU'],
          confirmHook: '/c',
          confirmTimeout: 5,
          dialMusic: 'https://example.com/music.mp3',
          dtmfCapture: { childCall: ['1'], parentCall: ['2'] },
          dtmfHook: '/d',
          dtmfSuppress: true,
          dub: { action: 'addTrack', track: 'a', play: 'x.wav', gain: '-3 dB' },
          exitMediaPath: 'strict',
          forwardPAI: false,
          headers: { 'X-A': 'b' },
          listen: { url: 'wss://example.com', mixType: 'stereo' },
          onHoldHook: '/h',
          proxy: 'sip:x',
          referHook: '/r',
          srtpEncryption: 'sdes',
          strategy: 'hunt',
          tag: { any: ['thing'] },
          timeLimit: 60,
          timeout: 30,
          transcribe: { transcriptionHook: '/t', recognizer: { vendor: 'google', language: 'en-US' } },
        },
      },
    ],
  ],
  [
    'verbs of reference.md 5',
    [
      { verb: 'alert', message: 'hi' },
      { verb: 'say', text: ['a', 'b'], loop: 'forever', synthesizer: { vendor: 'google' } },
      {
        verb: 'play',
        url: ['a.wav', 'b.wav'],
        loop: 2,
        seekOffset: '8000',
        timeoutSecs: 5,
        actionHook: '/p',
        earlyMedia: true,
      },
      {
        verb: 'gather',
        input: ['digits', 'speech'],
        finishOnKey: '#',
        numDigits: 4,
        timeout: 0,
        say: { text: 'x' },
        play: { url: 'x' },
        actionHook: '/g',
      },
      { verb: 'sip:decline', status: 486, reason: 'Busy', headers: { 'Retry-After': 5 } },
      { verb: 'redirect', actionHook: '/r', statusHook: '/s' },
      { verb: 'tag', data: { a: { b: [1] } } },
      { verb: 'dtmf', dtmf: '12', duration: 250 },
      { verb: 'dub', action: 'sayOnTrack', track: 't', say: { text: 'x' } },
      {
        verb: 'config',
        notifyEvents: true,
        bargeIn: { enable: true, input: ['speech'] },
        record: { action: 'startCallRecording' },
        reset: ['recognizer'],
      },
      { verb: 'conference', name: 'c', statusEvents: ['join'], waitHook: '/w', beep: true },
      { verb: 'room', name: 'c' },
      { verb: 'enqueue', name: 'q', priority: 1, waitHook: '/w' },
      { verb: 'dequeue', name: 'q', beep: true, timeout: 3 },
      { verb: 'listen', url: 'wss://x', actionHook: '/l' },
      { verb: 'stream', url: 'wss://x' },
      { stream: { url: 'wss://x' } },
      { verb: 'transcribe', transcriptionHook: '/t' },
      { verb: 'message', to: '1', from: '2', text: 'x' },
      { verb: 'sip:refer', referTo: '+1', eventHook: '/e' },
      { verb: 'sip:request', method: 'INFO', body: 'x' },
      { verb: 'transfer', mode: 'warm', target: [{ type: 'phone', number: '1' }] },
      { verb: 'openai_s2s', model: 'x', llmOptions: {} },
      { verb: 'lex', botId: 'x' },
    ],
  ],
];
for (const [title, document] of accepted)
  test(`accepted: ${title}`, () => assert.equal(verbs(document).length, document.length));

const refused: [string, unknown, string[]][] = [
  ['one verb without its array', { verb: 'hangup' }, ['must be array | an object']],
  ['text', 'hangup', ['must be array | "hangup"']],
  ['nothing', undefined, ['must be array | undefined undefined']],
  ['null', null, ['must be array | null']],
  ['keys no phone has', [{ verb: 'dtmf', dtmf: '12-3' }], ['[0].dtmf | 1 to 128 of 0-9 * # A-D w W | "12-3"']],
  [
    'too many keys',
    [{ verb: 'dtmf', dtmf: '1'.repeat(129) }],
    [`[0].dtmf | 1 to 128 of 0-9 * # A-D w W | "${'1'.repeat(40)}…"`],
  ],
  [
    'a mistyped verb',
    [{ verb: 'answer' }, { verb: 'dail' }],
    ['[1].verb | a known verb | "dail" | did you mean "dial"?'],
  ],
  [
    'a mistyped verb in the short notation',
    [{ Pause: { length: 1 } }],
    ['[0] | a known verb | "Pause" | did you mean "pause"?'],
  ],
  ['a verb that is no text', [{ verb: 7 }], ['[0].verb | the name of a verb | number 7']],
  [
    'two verbs in one object',
    [{ answer: {}, hangup: {} }],
    ['[0] | {"verb": name, …} or {name: {…}} | an object with 2 keys and no "verb"'],
  ],
  [
    'a name that every object inherits, as a key',
    [{ constructor: {} }],
    ['[0].constructor | no key of that name | a reserved name'],
  ],
  ['an array in place of a verb', [[]], ['[0] | a verb (an object) | an array']],
  [
    'an unknown property',
    [{ verb: 'dial', target: [], answeronbridge: true }],
    ['[0].answeronbridge | a documented property | an unknown one | did you mean "answerOnBridge"?'],
  ],
  [
    'a word where truth or another word may stand',
    [{ verb: 'dial', target: [], exitMediaPath: 'stricter' }],
    ['[0].exitMediaPath | a boolean or one of "strict" | "stricter" | did you mean "strict"?'],
  ],
  [
    'an unknown property of a target',
    [
      {
        dial: {
          target: [
            { type: 'sip', sipUri: 'x' },
            { type: 'phone', nunber: '1' },
          ],
        },
      },
    ],
    ['[0].dial.target[1].nunber | a documented property | an unknown one | did you mean "number"?'],
  ],
  ['a number as text', [{ verb: 'dial', target: [], timeout: '30' }], ['[0].timeout | a number, at least 0 | "30"']],
  ['a negative number', [{ verb: 'pause', length: -1 }], ['[0].length | a number, at least 0 | number -1']],
  ['null for a text', [{ verb: 'dial', target: [], callerId: null }], ['[0].callerId | a string | null']],
  [
    'a numeric hook',
    [{ verb: 'dial', target: [], actionHook: 5 }],
    ['[0].actionHook | a string or an object | number 5'],
  ],
  [
    'a hook with an unknown method',
    [{ redirect: { actionHook: { url: '/', method: 'PUT' } } }],
    ['[0].redirect.actionHook.method | one of "GET", "POST", "get", "post" | "PUT"'],
  ],
  ['a hook without url', [{ redirect: { actionHook: {} } }], ['[0].redirect.actionHook.url | a string | nothing']],
  [
    'an unknown target type',
    [{ verb: 'dial', target: [{ type: 'fax' }] }],
    ['[0].target[0].type | one of "phone", "sip", "user", "teams" | "fax"'],
  ],
  [
    'a target without type',
    [{ verb: 'dial', target: [{ number: '1' }] }],
    ['[0].target[0].type | one of "phone", "sip", "user", "teams" | nothing'],
  ],
  [
    'a target outside an array',
    [{ verb: 'dial', target: { type: 'user', name: 'a' } }],
    ['[0].target | an array | an object'],
  ],
  ['a dial without target', [{ dial: {} }], ['[0].dial.target | an array | nothing']],
  [
    'a header that is an object',
    [{ hangup: { headers: { 'X-A': {} } } }],
    ['[0].hangup.headers["X-A"] | a number or a string | an object'],
  ],
  [
    'a decline with a success code',
    [{ verb: 'sip:decline', status: 200 }],
    ['[0].status | an integer, at least 400, at most 699 | number 200'],
  ],
  ['an array for data', [{ tag: { data: [] } }], ['[0].tag.data | an object | an array']],
  [
    '__proto__ in free-form data',
    JSON.parse('[{"tag":{"data":{"a":[{"__proto__":1}]}}}]'),
    ['[0].tag.data.a[0].__proto__ | no key of that name | a reserved name'],
  ],
  ['a Date', [{ tag: { data: { at: new Date(0) } } }], ['[0].tag.data.at | a plain object | an instance of a class']],
];
for (const [title, document, want] of refused)
  test(`refused: ${title}`, () => assert.deepEqual(faults(document), want));

test('refused: a name that every object inherits, as a verb', () => {
  for (const name of ['toString', 'hasOwnProperty', '__proto__'])
    assert.match(faults([{ verb: name }])[0] ?? '', /a known verb/);
});

test('every fault of a document is named, up to twenty', () => {
  assert.equal(faults([{ verb: 'pause' }, { verb: 'tag' }, { verb: 'alert', message: 1, loud: true }]).length, 4);
  assert.equal(faults(Array.from({ length: 50 }, () => ({ verb: 'pause' }))).length, 20);
});

test('a long wrong value is cut in its fault', () => {
  const [fault] = faults([{ dial: { target: [], timeout: 'x'.repeat(5000) } }]);
  assert.ok((fault ?? '').length < 120);
});

test('defaults are those of the documents', () => {
  const verb = dial({});
  assert.equal(verb.timeout, 60);
  assert.equal(verb.timeLimit, undefined);
  assert.equal(verb.confirmTimeout, 60);
  assert.equal(verb.forwardPAI, true);
  assert.equal(verb.answerOnBridge, false);
  assert.equal(verb.anchorMedia, false);
  assert.equal(verb.exitMediaPath, false);
  assert.equal(verb.strategy, 'simring');
  assert.equal(verb.boostAudioSignal, 0);
  assert.equal(verb.id, undefined);
});

test('0 means the default, and no time outgrows a timer', () => {
  assert.equal(dial({ timeout: 0 }).timeout, 60);
  assert.equal(dial({ timeLimit: 0 }).timeLimit, undefined);
  assert.ok((dial({ timeLimit: 1e300 }).timeLimit ?? Infinity) * 1000 < 2 ** 31);
});

test('both notations give the same verb', () => {
  const options = { target: [{ type: 'user', name: 'bob' }], actionHook: '/a', id: 'x' };
  assert.deepEqual(verbs([{ verb: 'dial', ...options }]), verbs([{ dial: options }]));
});

test('a hook has one form, however it was written', () => {
  const auth = { username: 'u', password: 'p' };
  assert.deepEqual(dial({ actionHook: '/a' }).actionHook, { url: '/a' });
  assert.deepEqual(dial({ actionHook: { url: '/a', method: 'get', ...auth } }).actionHook, {
    url: '/a',
    method: 'GET',
    ...auth,
  });
  assert.deepEqual(dial({ actionHook: { url: '/a', basicAuth: auth } }).actionHook, { url: '/a', ...auth });
  assert.equal(dial({ actionHook: '' }).actionHook, undefined);
});

test('aliases end in one field', () => {
  assert.equal(dial({ stream: { url: 'wss://x' } }).listen?.url, 'wss://x');
  const amd = {
    actionHook: { url: '/amd' },
    gate: false,
    thresholdWordCount: 9,
    digitCount: 0,
    recognizer: undefined,
    timers: {
      noSpeechTimeoutMs: 5000,
      decisionTimeoutMs: 15_000,
      toneTimeoutMs: 20_000,
      greetingCompletionTimeoutMs: 2000,
    },
  };
  assert.deepEqual(dial({ amd: { hook: '/amd' } }).amd, amd);
  assert.deepEqual(dial({ amd: { actionHook: '/amd' } }).amd, amd);
  const bare = { verb: 'dub', id: undefined, action: 'addTrack', track: 'a', play: undefined, say: undefined };
  const track = { ...bare, loop: 1, gain: 0 };
  assert.deepEqual(dial({ dub: { action: 'addTrack', track: 'a' } }).dub, [track]);
  assert.deepEqual(dial({ dub: [{ action: 'addTrack', track: 'a' }] }).dub, [track]);
  assert.deepEqual(dial({ dtmfCapture: ['*1'] }).dtmfCapture, { childCall: ['*1'], parentCall: ['*1'] });
  assert.deepEqual(dial({ dtmfCapture: { parentCall: ['*1'] } }).dtmfCapture, { childCall: [], parentCall: ['*1'] });
  const [byUrl, both, voicemail] = dial({
    target: [
      { type: 'phone', number: '1', url: '/screen', method: 'GET' },
      { type: 'phone', number: '2', url: '/screen', confirmHook: '/confirm', method: 'GET' },
      { type: 'teams', number: '3', voicemail: true },
    ],
  }).target;
  assert.deepEqual(byUrl?.confirmHook, { url: '/screen', method: 'GET' });
  assert.deepEqual(both?.confirmHook, { url: '/confirm', method: 'GET' });
  assert.equal(voicemail?.type === 'teams' && voicemail.voicemail, true);
  assert.deepEqual(
    verbs([{ stream: { url: 'wss://x' } }, { room: { name: 'r' } }, { s2s: {} }]).map(({ verb }) => verb),
    ['listen', 'conference', 'llm'],
  );
});

test('duplicate targets ring once: same type, same number, name or URI', () => {
  const target = [
    { type: 'phone', number: '+1555', trunk: 'a' },
    { type: 'phone', number: '+1555' },
    { type: 'teams', number: '+1555' },
    { type: 'user', name: '+1555' },
    { type: 'sip', sipUri: 'sip:a@b' },
    { type: 'sip', sipUri: 'sip:a@b', proxy: 'x' },
    { type: 'user', name: 'a' },
    { type: 'user', name: ' a ' },
  ];
  assert.deepEqual(
    dial({ target }).target.map(({ type }) => type),
    ['phone', 'teams', 'user', 'sip', 'user'],
  );
});

test('two spellings of one number are one target, and a caller id loses its separators', () => {
  const target = ['+15551230001', '15551230001', '+1 (555) 123-0001'].map((number) => ({ type: 'phone', number }));
  assert.equal(dial({ target }).target.length, 1);
  assert.equal(dial({ callerId: '+1 (555) 123-0001' }).callerId, '+15551230001');
  assert.equal(dial({ callerId: ' 1 001 ' }).callerId, '1 001');
  assert.equal(dial({ callerId: 'anonymous' }).callerId, 'anonymous');
});

test('a fault is one printable line, whatever the document holds', () => {
  for (const document of [
    [{ 'a\r\n\u001b[2J\u009b': {} }],
    [{ verb: '\u001b[2J\n' }],
    [{ pause: { 'x\u2028\n': 1, length: '\n\u202e' } }],
  ]) {
    const parsed = parseApplication(document);
    assert.ok(!parsed.ok);
    assert.match(describeFaults(parsed.faults), /^[\x20-\x7e…]+$/);
  }
});

test('decibels: a number, or text with its unit; anything else is no level', () => {
  const rows: [unknown, number][] = [
    [-6, -6],
    ['-6 dB', -6],
    ['+3dB', 3],
    ['2.9 DB', 2.9],
    ['-0.5 dB', -0.5],
    ['6', 6],
    ['loud', Number.NaN],
    ['', 0],
    ['- 6 dB', Number.NaN],
  ];
  for (const [given, want] of rows)
    assert.equal(dial({ boostAudioSignal: given }).boostAudioSignal, want, String(given));
});

test('header values are text, in an object that inherits nothing', () => {
  const { headers } = dial({ headers: { 'X-N': 7, 'X-U': 'e\u0301' } });
  assert.equal(headers['X-N'], '7');
  assert.equal(headers['X-U'], '\u00e9');
  assert.equal(headers['toString'], undefined);
});

test('play has a list of urls and a count', () => {
  const [play] = verbs([{ verb: 'play', url: 'tone_stream://x', loop: 'forever', seekOffset: 'x', timeoutSecs: '3' }]);
  assert.deepEqual(play, {
    verb: 'play',
    id: undefined,
    url: ['tone_stream://x'],
    loop: 'forever',
    earlyMedia: false,
    seekOffset: 0,
    timeoutSecs: 3,
    actionHook: undefined,
  });
});

test('gather: numDigits is both limits, timeout 0 is none, what is left out has its default', () => {
  const [left, given] = verbs([
    { verb: 'gather' },
    { verb: 'gather', input: ['dtmf'], numDigits: 3, timeout: 0, finishOnKey: '#a', dtmfBargein: false },
  ]);
  const common = { verb: 'gather', id: undefined, actionHook: undefined, interDigitTimeout: undefined };
  const prompt = { play: undefined, say: undefined };
  const speech = {
    bargein: false,
    minBargeinWordCount: 1,
    listenDuringPrompt: true,
    speechTimeout: undefined,
    partialResultHook: undefined,
    recognizer: undefined,
    fillerNoise: undefined,
    actionHookDelayAction: undefined,
  };
  const defaults = { input: ['digits'], finishOnKey: '', minDigits: 1, maxDigits: 256, timeout: 15, dtmfBargein: true };
  assert.deepEqual(left, { ...common, ...prompt, ...speech, ...defaults });
  const limits = { minDigits: 3, maxDigits: 3, timeout: undefined, finishOnKey: '#A', dtmfBargein: false };
  assert.deepEqual(given, { ...common, ...prompt, ...speech, ...defaults, ...limits });
});

test('dub: loop and gain in all their notations', () => {
  const dub = (more: object) => {
    const [verb] = verbs([{ verb: 'dub', action: 'addTrack', track: 't', ...more }]);
    assert.ok(verb?.verb === 'dub');
    return verb;
  };
  assert.deepEqual(
    [true, false, 'forever', 3, '2', 0].map((loop) => dub({ loop }).loop),
    ['forever', 1, 'forever', 3, 2, 1],
  );
  assert.deepEqual(
    [-3, '-3.5 dB', '+2dB', 'loud'].map((gain) => dub({ gain }).gain),
    [-3, -3.5, 2, NaN],
  );
  assert.deepEqual(dub({ say: 'hello' }).say?.text, ['hello']);
  assert.deepEqual(dub({ say: { text: ['a', 'b'] } }).say?.text, ['a', 'b']);
});
