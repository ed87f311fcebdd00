import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Session } from '../../call/index.ts';
import { amdPlan } from './amd.ts';
import type { AmdOptions } from '../schema/schema.ts';

const options = { actionHook: undefined, timers: {}, thresholdWordCount: 9, digitCount: 0 } as unknown as AmdOptions;

type Named = {
  readonly verb?: object;
  readonly config?: object;
  readonly application?: object;
  readonly server?: boolean;
};

/** Who listens to words, when these name somebody. */
function listener({ verb, config, application, server = false }: Named): unknown {
  const session = {
    accountSid: 'account',
    speech: { recognizer: config },
    application: { speech: application },
    services: { speech: { hearsUnasked: (accountSid: string) => server && accountSid === 'account' } },
  } as unknown as Session;
  return amdPlan({ ...options, recognizer: verb } as AmdOptions).words.hearing(session)?.hearing;
}

test('words are listened to by whom the verb, config, the application or the configuration names, in that order', () => {
  const application = { speech_recognizer_vendor: 'azure', speech_recognizer_language: 'fr-FR' };
  const wanted = { interim: true, punctuation: true };
  assert.deepEqual(listener({ verb: { vendor: 'google' }, application, server: true }), {
    vendor: 'google',
    ...wanted,
  });
  assert.deepEqual(listener({ config: { vendor: 'aws' }, application }), { vendor: 'aws', ...wanted });
  assert.deepEqual(listener({ application }), { vendor: 'azure', language: 'fr-FR', ...wanted });
  assert.deepEqual(listener({ verb: {} }), wanted);
  assert.deepEqual(listener({ server: true }), wanted);
  assert.equal(listener({}), undefined);
});
