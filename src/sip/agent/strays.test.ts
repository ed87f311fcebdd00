import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '../../base/index.ts';
import type { Whereabouts } from '../../ports/index.ts';
import { createRequest, type SipRequest } from '../message/index.ts';
import type { Source } from '../transaction/index.ts';
import { Strays } from './strays.ts';

const from: Source = { transport: 'udp', address: '192.0.2.1', port: 5060, localAddress: '192.0.2.2', localPort: 5060 };

function request(n: number): SipRequest {
  const addresses = { from: '<sip:a@h>;tag=far', to: '<sip:b@h>;tag=ours' };
  const made = createRequest({ method: 'BYE', uri: 'sip:b@h', ...addresses, callId: `c${n}`, cseq: 2 });
  made.headers.set('Via', `SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK${n}`);
  return made;
}

function stage(find: (tag: string) => Promise<Whereabouts>) {
  const clock = new FakeClock();
  const said: string[] = [];
  const strays = new Strays({
    clock,
    find,
    again: ({ callId }) => void said.push(`${callId} again`),
    pass: ({ callId }, _, { node, heard }) => {
      said.push(`${callId} to ${node}`);
      if (node === 'answers') heard();
      return true;
    },
    repeated: ({ callId }) => void said.push(`${callId} repeated`),
    elsewhere: ({ callId }) => void said.push(`${callId} elsewhere`),
  });
  const passes = async (ms: number): Promise<void> => {
    for (let gone = 0; gone < ms; gone += 250) {
      await new Promise(setImmediate);
      clock.advance(250);
    }
    await new Promise(setImmediate);
  };
  return { clock, said, strays, passes };
}

test('a request waits until the node that had its call is known to be gone, and comes again once', async () => {
  const answers: Whereabouts[] = [{ node: 'gone' }, { node: 'gone' }, 'here'];
  const { clock, said, strays, passes } = stage(() => Promise.resolve(answers.shift() ?? 'unknown'));
  assert.ok(strays.take(request(1), from, 'ours'));
  assert.ok(strays.take(request(1), from, 'ours'), 'sent again meanwhile');
  await passes(1000);
  assert.deepEqual(said, ['c1 repeated', 'c1 to gone', 'c1 again']);
  assert.deepEqual(clock.pending(), []);
});

test('whose call another node has and does not answer is told so; one that nobody knows comes again at once', async () => {
  const { said, strays, passes } = stage((tag) => Promise.resolve(tag === 'ours' ? { node: 'hangs' } : 'unknown'));
  strays.take(request(1), from, 'ours');
  strays.take(request(2), from, 'made up');
  await passes(250);
  assert.deepEqual(said, ['c1 to hangs', 'c2 again']);
  await passes(5000);
  assert.deepEqual(said, ['c1 to hangs', 'c2 again', 'c1 elsewhere']);
});

test('what the node that has the call answers is not asked about again; another that took it is asked anew', async () => {
  const answers: Whereabouts[] = [{ node: 'gone' }, { node: 'gone' }, { node: 'answers' }];
  const { clock, said, strays, passes } = stage(() => Promise.resolve(answers.shift() ?? 'unknown'));
  strays.take(request(1), from, 'ours');
  await passes(2000);
  assert.deepEqual(said, ['c1 to gone', 'c1 to answers']);
  assert.deepEqual(clock.pending(), []);
});

test('a flood is not asked about', async () => {
  let asked = 0;
  const { strays, passes } = stage(() => {
    asked++;
    return Promise.resolve('unknown' as const);
  });
  let refused = 0;
  for (let n = 0; n < 5000; n++) {
    if (!strays.take(request(n), from, 'x')) refused++;
    if (n % 100 === 0) await new Promise(setImmediate);
  }
  assert.equal(asked, 500);
  assert.equal(refused, 4500);
  await passes(1000);
  assert.ok(strays.take(request(9999), from, 'x'));
});
