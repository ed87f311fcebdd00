// What the portal makes of a timeline, without a browser: the ladder's columns, series of quality, what answer detection heard.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { amdOf, isVerdict } from '../../portal/src/pages/call/amd-model.ts';
import { ladderOf } from '../../portal/src/pages/call/ladder-model.ts';
import { qualityOf, seriesOf } from '../../portal/src/pages/call/quality-model.ts';
import { missingOf } from '../../portal/src/pages/live/missing.ts';
import { changed, dialOf, read, textOf, withDial } from '../../portal/src/pages/dial/document.ts';

const base = { time: '2026-01-01T00:00:00Z', offset_ms: 0, leg: 'a', call_sid: 'c' } as const;

function sip(leg: string, title: string, detail: Record<string, string>) {
  return { ...base, kind: 'sip' as const, leg, title, detail: { transport: 'UDP', ...detail } };
}

describe('the ladder', () => {
  const events = [
    sip('a', 'INVITE', {
      direction: 'in',
      from: '10.0.0.1:5060',
      to: '10.0.0.9:5060',
      raw: 'INVITE sip:1@x SIP/2.0\r\nFrom: "Bob <b>\\" ;x" <sip:alice@10.0.0.1:5060>;tag=1\r\n\r\n',
    }),
    sip('b1', 'INVITE', {
      direction: 'out',
      from: 'x',
      to: '10.0.0.2:5060',
      raw: 'INVITE sip:desk@pbx.test SIP/2.0\r\n\r\n',
    }),
    sip('b1', '401 Unauthorized', { direction: 'in', from: '', to: '', raw: '' }),
    {
      ...base,
      kind: 'hook' as const,
      title: 'x',
      detail: { url: 'http://app.test/call', method: 'POST', type: 'call', status: 500, duration_ms: 3 },
    },
  ];
  const { columns, rows } = ladderOf(events);

  it('has a column for the caller, the server, each callee and the application, by their names', () => {
    assert.deepEqual(
      columns.map(({ title }) => title),
      ['alice', 'Graine', 'desk@pbx.test', 'Application'],
    );
  });

  it('draws from who sent to who got it, and a challenge is no failure but a failed hook is', () => {
    assert.deepEqual(
      rows.map(({ from, to, tone }) => [from, to, tone]),
      [
        [0, 1, 'request'],
        [1, 2, 'request'],
        [2, 1, 'step'],
        [1, 3, 'failure'],
      ],
    );
  });
});

describe('quality by the second', () => {
  const seconds = (since: number, mos: number[], more = {}) => ({
    since,
    secondsEach: 1,
    received: mos.map(() => 40),
    lost: mos.map(() => 10),
    jitterMs: mos,
    roundTripMs: mos.map(() => null),
    mos,
    ...more,
  });
  const quality = (leg: string, detail: object) => ({
    ...base,
    kind: 'media' as const,
    leg,
    title: 'media.quality',
    detail: { ...detail },
  });
  const legs = qualityOf([
    quality('a', { mos: 4, packetsReceived: 80, seconds: seconds(1000, [4, 3]) }),
    quality('b1', { mos: 2, seconds: seconds(2000, [2]) }),
  ]);

  it('puts legs that began at other times on one axis', () => {
    assert.deepEqual(seriesOf(legs, 'mos'), [
      [1, 2],
      [4, 3],
      [null, 2],
    ]);
  });

  it('tells loss in percent of what was due', () => {
    assert.deepEqual(seriesOf(legs, 'lost')[1], [20, 20]);
  });
});

describe('answer detection', () => {
  const found = (detail: object) => ({
    ...base,
    kind: 'call' as const,
    leg: 'b1',
    title: 'amd.found',
    detail: { ...detail },
  });
  const envelope = (fromMs: number, ...levels: number[]) => ({
    fromMs,
    stepMs: 40,
    levels: Buffer.from(levels).toString('base64'),
  });

  it('puts the levels that came with each finding on one axis, gaps left open, and tolerates their absence', () => {
    const [amd, ...others] = amdOf([
      found({ event: 'human', atMs: 120, reason: 'short greeting', confidence: 0.9, envelope: envelope(0, 60, 20) }),
      found({ event: 'tone', atMs: 200, reason: 'beep', envelope: envelope(120, 30) }),
      found({ event: 'stopped', atMs: 300, reason: 'done' }),
    ]);
    assert.deepEqual(others, []);
    assert.deepEqual(Array.from(amd?.levels ?? []), [60, 20, undefined, 30]);
    assert.deepEqual(
      amd?.findings.map((each) => [each.atMs, each.event, isVerdict(each)]),
      [
        [120, 'human', true],
        [200, 'tone', false],
        [300, 'stopped', false],
      ],
    );
    assert.deepEqual(
      amdOf([found({ event: 'human' }), found({ atMs: 1, envelope: { levels: '%%%' } })])[0]?.levels,
      [],
    );
  });
});

describe('the document of the dial builder', () => {
  it('keeps what the form does not know, and takes a single verb without brackets', () => {
    const result = read('{"verb":"dial","tag":{"x":1},"target":[]}');
    assert.ok(result.ok);
    const dial = dialOf(result.document)!;
    const next = withDial(result.document, changed(dial, { timeout: 5, callerId: '' }));
    assert.deepEqual(JSON.parse(textOf(next)), [{ verb: 'dial', tag: { x: 1 }, target: [], timeout: 5 }]);
  });

  it('says where JSON ends to be JSON', () => {
    const result = read('[{');
    assert.ok(!result.ok && result.why !== '');
  });
});

describe('live calls of several nodes', () => {
  const nodes = (shared: boolean, ...shown: boolean[]) => ({
    shared,
    nodes: shown.map((each, n) => ({ node: `n${n}`, shown: each })),
  });

  it('nothing is said while all are shown, nor of a server that is alone', () => {
    assert.equal(missingOf(undefined), undefined);
    assert.equal(missingOf(nodes(true, true, true)), undefined);
  });

  it('a node that is not shown is named, and Redis away is said', () => {
    assert.equal(missingOf(nodes(true, true, false)), 'Calls of n1 are not shown.');
    assert.match(missingOf(nodes(false, true)) ?? '', /^Redis is away/);
  });
});
