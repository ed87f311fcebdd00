// docs/verbs: every example on every page is taken from the page and run on a real call.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { after as afterAll, before, describe, it } from 'node:test';
import { parseApplication } from '../../src/verbs/index.ts';
import { ensureEars, type Json, ListenerApp, phones, spoken, stage, type World } from '../kit/index.ts';

const folder = new URL('../../docs/verbs/', import.meta.url);

function examples(page: string): Json[] {
  const text = readFileSync(new URL(`${page}.md`, folder), 'utf8');
  return [...text.matchAll(/```json\n([\s\S]*?)```/g)].map(([, json]) => JSON.parse(json ?? '') as Json);
}

/** The server that listen's example speaks to. */
let ear: ListenerApp;
before(async () => {
  ear = await ListenerApp.start();
});
afterAll(() => ear.close());

function runnable(example: Json): Json {
  return JSON.parse(JSON.stringify(example).replace('wss://listener.example.com/calls', ear.url())) as Json;
}

/** What a caller of each page's example sees, and what else must have happened. */
const seen: Readonly<Record<string, (w: World, call: ReturnType<World['calls']>) => Promise<void>>> = {
  answer: async (_, call) => {
    await call.answered();
    await call.byed();
  },
  pause: async (_, call) => assert.equal((await call.refused()).status, 486),
  dtmf: async (_, call) => {
    await call.byed();
    assert.equal(call.media?.ears.digits.entries.map((each) => each.digit).join(''), '12#');
  },
  config: async (w, call) => {
    w.app.on('/any-time', [{ verb: 'hangup' }]);
    await call.hears(800);
    await call.presses('9#', 60);
    assert.equal((await w.next('/any-time')).body['digits'], '9');
    await call.byed();
  },
  dub: async (_, call) => {
    await call.hears(800);
    assert.ok((call.media?.ears.heard(440, { lastMs: 300 }) ?? -99) > -40, 'the bed is under it');
    await call.byed();
  },
  gather: async (w, call) => {
    await call.hears(440);
    await call.presses('47#', 60);
    const { body } = await w.next('/chosen');
    assert.deepEqual([body['reason'], body['digits']], ['dtmfDetected', '47']);
    await call.byed();
  },
  hangup: async (_, call) => assert.equal((await call.byed()).get('x-why'), 'closed today'),
  redirect: async (_, call) => assert.equal((await call.refused()).status, 480),
  tag: async (w, call) => {
    await call.refused();
    assert.deepEqual((await w.next('/next')).body['customerData'], { ticket: 4711, language: 'fr' });
  },
  'sip-decline': async (_, call) => {
    const refusal = await call.refused();
    assert.deepEqual([refusal.status, refusal.reason, refusal.get('retry-after')], [486, 'Gone fishing', '3600']);
  },
  'sip-refer': async (w, call) => {
    assert.match((await call.gets('REFER')).get('refer-to') ?? '', /^<sip:\+15550009@/);
    await call.request('NOTIFY', {
      headers: [
        ['Event', 'refer'],
        ['Subscription-State', 'terminated;reason=noresource'],
      ],
      contentType: 'message/sipfrag',
      body: 'SIP/2.0 200 OK\r\n',
    });
    assert.equal((await w.next('/next')).body['final_referred_call_status'], 200);
    await call.byed();
  },
  'sip-request': async (w, call) => {
    assert.equal((await call.gets('INFO')).body.toString(), '{"ticket":4711}');
    assert.equal((await w.next('/next')).body['result'], 'success');
    await call.byed();
  },
  alert: async (w, call) => {
    await call.refused();
    await w.eventually('the alert is stored', async () => (await w.alerts('alert-from-application')).length > 0);
  },
  listen: async (_, call) => {
    await call.answered();
    const heard = await ear.next();
    const first = await heard.first();
    assert.deepEqual([first['sampleRate'], first['mixType'], first['ticket']], [16_000, 'stereo', 4711]);
    await heard.hears(440, { rate: 16_000, channel: 0, channels: 2 });
    heard.send({ type: 'disconnect' });
    await call.byed();
  },
  play: async (_, call) => {
    await call.hears(440);
    await call.byed();
  },
  say: async (_, call) => {
    await call.byed();
    assert.ok((call.media?.ears.level({ since: 1 }) ?? -99) > -50, 'something was said');
  },
  transcribe: async (w, call) => {
    ensureEars();
    await call.answered();
    call.media?.speaks(await spoken('Good afternoon, how are you today?'));
    assert.match(String((await w.next('/words', 20_000)).body['speech'].alternatives[0].transcript), /good afternoon/i);
    await call.hangsUp();
  },
  dial: async (w, call) => {
    await call.answered();
    await call.hangsUp();
    assert.equal((await w.next('/dialed')).body['dial_call_status'], 'completed');
  },
};

const story = stage({
  phones: ['bob', 'line'],
  account: (w) => ({ carriers: [w.origin(), { name: 'acme', gateways: [w.gateway('line')] }] }),
});

for (const page of Object.keys(seen)) {
  story(`the example of docs/verbs/${page}.md does what the page says`, async (w) => {
    const [example] = examples(page);
    assert.ok(example !== undefined, 'the page has an example');
    if (page === 'dial') {
      await w.register('bob');
      w.phone('bob').onInvite = phones.answersAfter(50);
    }
    w.app.answers(runnable(example) as unknown[]);
    w.app.on('/next', [{ verb: 'sip:decline', status: 480 }]);
    await seen[page]?.(w, w.calls());
  });
}

describe('docs/verbs', () => {
  it('every page is tested here, and the overview links each', () => {
    const pages = readdirSync(folder)
      .filter((name) => name !== 'README.md')
      .map((name) => name.replace('.md', ''));
    assert.deepEqual(pages.sort(), Object.keys(seen).sort());
    const overview = readFileSync(new URL('README.md', folder), 'utf8');
    for (const page of pages) assert.ok(overview.includes(`(${page}.md)`), page);
  });

  for (const page of Object.keys(seen)) {
    it(`every example of ${page}.md is a valid application`, () => {
      for (const example of examples(page))
        assert.ok(parseApplication(example).ok, JSON.stringify(parseApplication(example)));
    });
  }
});
