// Every example that jambonz publishes for its verbs is understood. What this version cannot run yet is refused by name.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeFaults, parseApplication } from '../../src/verbs/index.ts';
import { unsupported } from '../../src/verbs/schema/unsupported.ts';
import { clientDocuments, schemaExamples, specificationExamples } from '../kit/jambonz-examples.ts';

/** The body of createCall, which jambonz describes as if it were a verb; no application may use it. */
const internal = new Set(['rest:dial']);

test('the packages are where the examples are looked for', () => {
  assert.ok(schemaExamples().length >= 50);
  assert.ok(specificationExamples().length >= 40);
});

for (const { from, verb } of [...schemaExamples(), ...specificationExamples()]) {
  const name = String(verb['verb']);
  if (internal.has(name))
    test(`${from}: ${name} is refused by name`, () => {
      const parsed = parseApplication([verb]);
      assert.match(parsed.ok ? '' : describeFaults(parsed.faults), /known verb, got "rest:dial"/);
    });
  else
    test(`${from}: ${name} is understood`, () => {
      const parsed = parseApplication([verb]);
      assert.equal(parsed.ok ? '' : describeFaults(parsed.faults), '');
    });
}

for (const { from, document } of clientDocuments('good'))
  test(`${from} is understood`, () => {
    const parsed = parseApplication(Array.isArray(document) ? document : [document]);
    assert.equal(parsed.ok ? '' : describeFaults(parsed.faults), '');
  });

for (const { from, document } of clientDocuments('bad'))
  test(`${from} is refused, with the path`, () => {
    const parsed = parseApplication(Array.isArray(document) ? document : [document]);
    assert.match(parsed.ok ? '' : describeFaults(parsed.faults), /^\[0\]/);
  });

test('what is understood but cannot run yet is this list; shorten it as features land', () => {
  const names = new Set<string>();
  for (const { verb } of [...schemaExamples(), ...specificationExamples()]) {
    const parsed = parseApplication([verb]);
    for (const { verb: name, path } of parsed.ok ? unsupported(parsed.verbs) : [])
      names.add(name + path.slice('[0]'.length));
  }
  const known =
    'agent conference config.autoStreamTts ' +
    'config.notifySttLatency config.record.siprecServerURL dequeue dialogflow enqueue leave lex llm message ' +
    'rasa transfer';
  assert.deepEqual(
    [...names].toSorted((a, b) => (a < b ? -1 : 1)),
    known.split(' '),
  );
});
