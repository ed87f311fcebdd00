import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { Compile } from 'typebox/compile';
import { dialFaults } from './dial-rules.ts';
import { findFaults } from './faults.ts';
import { documentLimits, guardDocument } from './guard.ts';
import { distance, nearest } from './nearest.ts';
import { parseApplication } from './parse.ts';
import { unsupported } from './unsupported.ts';
import { verbSchemas } from './verb-schemas.ts';

const names = Object.keys(verbSchemas);
const words = [
  'type',
  'phone',
  'sip',
  'user',
  'target',
  'number',
  'url',
  'headers',
  'verb',
  'id',
  '_',
  '__proto__',
  'constructor',
  'toString',
  'dub',
  'amd',
];
const word = fc.oneof(fc.constantFrom(...words, ...names), fc.string({ maxLength: 8 }));
/** JSON that looks like verbs often enough to reach the depths. */
const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 5 },
    fc.oneof(word, fc.integer(), fc.double(), fc.boolean(), fc.constant(null)),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(word, tie('value'), { maxKeys: 5 }),
  ),
}));

/** A full dial, one of whose values is replaced. */
const sound = {
  target: [
    {
      type: 'phone',
      number: '+15551230001',
      headers: { 'X-A': 'b' },
      from: { user: 'u' },
      auth: { username: 'u', password: 'p' },
    },
  ],
  actionHook: { url: '/a', method: 'POST' },
  amd: { hook: '/amd', timers: { noSpeechTimeoutMs: 1 } },
  callerId: '+15551230001',
  dub: { action: 'addTrack', track: 't' },
  dtmfCapture: { childCall: ['1'] },
  exitMediaPath: false,
  headers: {},
  listen: { url: 'wss://x' },
  strategy: 'hunt',
  tag: {},
  timeout: 3,
};
type Path = (string | number)[];
function pathsOf(node: unknown, path: Path = []): Path[] {
  if (typeof node !== 'object' || node === null) return [path];
  return [path, ...Object.entries(node).flatMap(([key, member]) => pathsOf(member, [...path, key]))];
}
function replaced(node: unknown, [key, ...rest]: Path, by: unknown): unknown {
  if (key === undefined) return by;
  const copy = (Array.isArray(node) ? [...(node as unknown[])] : { ...(node as object) }) as Record<
    string | number,
    unknown
  >;
  copy[key] = replaced(copy[key], rest, by);
  return copy;
}
const bent = fc.tuple(fc.constantFrom(...pathsOf(sound)), value).map(([path, by]) => replaced(sound, path, by));

function survives(document: unknown): void {
  const parsed = parseApplication(document);
  if (!parsed.ok) return assert.ok(parsed.faults.length > 0 && parsed.faults.length <= 20);
  unsupported(parsed.verbs);
  for (const verb of parsed.verbs) if (verb.verb === 'dial') dialFaults(verb);
}

test('no document makes the parser throw', () => {
  const verb = fc.tuple(fc.constantFrom(...names), value).map(([name, options]) => ({ [name]: options }));
  const bentDial = bent.map((options) => ({ dial: options }));
  fc.assert(fc.property(fc.oneof(value, fc.array(fc.oneof(verb, value, bentDial))), survives), { numRuns: 2000 });
});

test('what the compiled check refuses has a named fault, and only that', () => {
  for (const [name, schema] of Object.entries(verbSchemas)) {
    const check = Compile(schema);
    fc.assert(
      fc.property(name === 'dial' ? fc.oneof(bent, value) : value, (options) => {
        fc.pre(guardDocument(options) === undefined);
        assert.equal(findFaults(schema, options, '').length === 0, check.Check(options));
      }),
      { numRuns: name === 'dial' ? 2000 : 60 },
    );
  }
});

test('depth is capped before anything recurses', () => {
  let nested: unknown = 1;
  for (let depth = 0; depth < 100_000; depth++) nested = [nested];
  const parsed = parseApplication([{ tag: { data: { nested } } }]);
  assert.match(parsed.ok ? '' : (parsed.faults[0]?.expected ?? ''), /at most 32 levels/);
  const cycle: Record<string, unknown> = {};
  cycle['self'] = cycle;
  assert.equal(parseApplication([{ tag: { data: cycle } }]).ok, false);
});

test('the count of values and the length of texts are capped', () => {
  assert.equal(parseApplication([{ tag: { data: { list: Array(documentLimits.nodes).fill(1) } } }]).ok, false);
  assert.equal(parseApplication([{ tag: { data: { text: 'x'.repeat(documentLimits.stringLength + 1) } } }]).ok, false);
  assert.equal(parseApplication(Array.from({ length: 1001 }, () => ({ answer: {} }))).ok, false);
  assert.equal(parseApplication([{ tag: { data: { text: 'x'.repeat(documentLimits.stringLength) } } }]).ok, true);
});

test('distance is Levenshtein within its bound', () => {
  assert.equal(distance('kitten', 'sitting', 3), 3);
  assert.equal(distance('kitten', 'sitting', 2), 3);
  assert.equal(distance('', 'abc', 5), 3);
  fc.assert(fc.property(fc.string(), fc.string(), (a, b) => assert.equal(distance(a, b, 50), distance(b, a, 50))));
});

test('the nearest name wins, and a far one is no hint', () => {
  assert.equal(nearest('ANSWERONBRIDGE', ['anchorMedia', 'answerOnBridge']), 'answerOnBridge');
  assert.equal(nearest('timout', ['timeLimit', 'timeout']), 'timeout');
  assert.equal(nearest('zebra', ['timeLimit', 'timeout']), undefined);
  assert.equal(nearest('x'.repeat(10_000), ['timeout']), undefined);
});
