// What the configuration asks of a vendor (ports/speech-vendors.ts) is what the vendor's own code asks.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type SpeechUse, speechVendors } from '../ports/index.ts';
import { rig } from './fixture.ts';

const owner = { accountSid: 'a', callSid: 'c' };

/** A server of which nothing answers: what is asked for comes out as an alert. */
async function asked(t: Parameters<typeof rig>[0], use: SpeechUse, vendor: string, settings: object): Promise<string> {
  const { speech, alerts } = rig(t, { [use]: { [vendor]: settings }, timeoutMs: 300 });
  const choice = { vendor };
  if (use === 'tts') await speech.synthesise({ ...owner, text: 'hi', voice: choice }, new AbortController().signal);
  else if (use === 'translate') await speech.translate({ ...owner, text: 'hi', to: 'fr', choice });
  else {
    const ear = speech.open({ ...owner, hearing: choice });
    const failed = new Promise<void>((resolve) => ear.events.on('failed', () => resolve()));
    // It opens when the caller could subscribe. A second of a buzz: who hears by utterance is asked.
    await new Promise((resolve) => setImmediate(resolve));
    ear.write(Int16Array.from({ length: 16_000 }, (_, i) => 8000 * Math.sin(i / 14)));
    await Promise.race([failed, ear.close()]);
  }
  return alerts.map(({ message }) => message).join();
}

const place = 'http://127.0.0.1:9';

for (const use of ['tts', 'stt', 'translate'] as const)
  for (const [name, { needs }] of Object.entries(speechVendors[use])) {
    if (needs.length === 0) continue;
    const vendor = name === 'custom' ? 'custom:x' : name;
    const urls = { base_url: place };
    const all = Object.fromEntries(needs.map(([first = '']) => [first, /url/.test(first) ? place : 'k']));
    test(`${use} ${vendor}: enough when all is there`, async (t) => {
      assert.doesNotMatch(await asked(t, use, vendor, { ...urls, ...all }), /credential has no|not known/);
    });
    // Where a URL stands in for it, the vendor itself would be asked.
    for (const [first = ''] of needs.filter((group) => !group.includes('base_url') || group[0] === 'base_url'))
      test(`${use} ${vendor}: not enough without ${first}`, async (t) => {
        const { [first]: _, ...rest } = { ...urls, ...all } as Record<string, string>;
        assert.match(await asked(t, use, vendor, rest), /credential has no|service_key|no .* credential/);
      });
  }
