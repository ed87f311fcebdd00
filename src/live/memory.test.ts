import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { FakeClock, silentLog } from '../base/index.ts';
import type { Binding, LiveStore } from '../ports/index.ts';
import { openLive } from './open.ts';

const clock = new FakeClock();
let live: LiveStore;

function binding(contact: string, extra: Partial<Binding> = {}): Binding {
  return {
    aor: 'alice@demo.test',
    accountSid: 'A',
    clientSid: 'C',
    contact,
    transport: 'udp',
    address: '127.0.0.1',
    port: 5090,
    node: 'n',
    path: [],
    callId: 'x',
    cseq: 1,
    q: 1,
    userAgent: 'test',
    registeredAt: clock.now(),
    expiresAt: clock.now() + 60_000,
    ...extra,
  };
}

async function contacts(aor = 'alice@demo.test'): Promise<string[]> {
  return (await live.bindings(aor)).map((each) => each.contact);
}

describe('live state in memory', () => {
  beforeEach(async () => {
    live = await openLive('memory:', { clock, log: silentLog, node: 'n', limits: { contactsPerAor: 3, contacts: 5 } });
  });
  afterEach(async () => {
    await live.close();
    assert.deepEqual(clock.pending(), []);
  });

  it('contacts come highest q first, then newest first', async () => {
    await live.bind(binding('sip:old@h', { registeredAt: 1 }));
    await live.bind(binding('sip:low@h', { q: 0.1, registeredAt: 3 }));
    await live.bind(binding('sip:new@h', { registeredAt: 2 }));
    assert.deepEqual(await contacts(), ['sip:new@h', 'sip:old@h', 'sip:low@h']);
    assert.deepEqual(await contacts('bob@demo.test'), []);
  });

  it('the same contact is refreshed, the same instance replaces its older contact (RFC 5626 §6)', async () => {
    await live.bind(binding('sip:a@h1', { cseq: 1 }));
    await live.bind(binding('sip:a@h1', { cseq: 2 }));
    assert.deepEqual(
      (await live.bindings('alice@demo.test')).map((each) => each.cseq),
      [2],
    );
    await live.bind(binding('sip:a@h2', { instance: 'urn:uuid:1' }));
    await live.bind(binding('sip:a@h3', { instance: 'urn:uuid:1' }));
    assert.deepEqual((await contacts()).sort(), ['sip:a@h1', 'sip:a@h3']);
  });

  it('one contact or all can be removed', async () => {
    for (const each of ['sip:1@h', 'sip:2@h', 'sip:3@h']) await live.bind(binding(each));
    await live.unbind('alice@demo.test', 'sip:2@h');
    assert.deepEqual((await contacts()).sort(), ['sip:1@h', 'sip:3@h']);
    await live.unbind('alice@demo.test');
    assert.deepEqual(await contacts(), []);
    await live.unbind('nobody@demo.test');
  });

  it('what has expired is not given out, and is forgotten by one timer', async () => {
    await live.bind(binding('sip:short@h', { expiresAt: clock.now() + 1_500 }));
    await live.bind(binding('sip:long@h', { aor: 'bob@demo.test' }));
    assert.deepEqual(clock.pending(), ['live expiry']);
    clock.advance(1_499);
    assert.deepEqual(await contacts(), ['sip:short@h']);
    clock.advance(1);
    assert.deepEqual(await contacts(), []);
    assert.deepEqual(
      (await live.bindingsOf('A')).map((each) => each.contact),
      ['sip:long@h'],
    );
    clock.advance(60_000);
    assert.deepEqual(clock.pending(), [], 'nothing left to expire, no timer left');
  });

  it('a contact refreshed before its time lives on', async () => {
    await live.bind(binding('sip:a@h', { expiresAt: clock.now() + 2_000 }));
    clock.advance(1_000);
    await live.bind(binding('sip:a@h', { expiresAt: clock.now() + 5_000 }));
    clock.advance(4_000);
    assert.deepEqual(await contacts(), ['sip:a@h']);
    clock.advance(2_500);
    assert.deepEqual(clock.pending(), []);
  });

  it('one user may not fill the registrar, nor all users together', async () => {
    for (const each of ['sip:1@h', 'sip:2@h', 'sip:3@h']) await live.bind(binding(each));
    await assert.rejects(live.bind(binding('sip:4@h')), { code: 'live-full', http: 503 });
    await live.bind(binding('sip:3@h', { cseq: 2 }));
    await live.bind(binding('sip:5@h', { aor: 'b@x' }));
    await live.bind(binding('sip:6@h', { aor: 'c@x' }));
    await assert.rejects(live.bind(binding('sip:7@h', { aor: 'd@x' })), { code: 'live-full' });
    await live.unbind('alice@demo.test', 'sip:1@h');
    await live.bind(binding('sip:7@h', { aor: 'd@x' }));
  });

  it('expired contacts do not count against the limits', async () => {
    for (const each of ['sip:1@h', 'sip:2@h', 'sip:3@h'])
      await live.bind(binding(each, { expiresAt: clock.now() + 100 }));
    clock.advance(100);
    await live.bind(binding('sip:4@h'));
    assert.deepEqual(await contacts(), ['sip:4@h']);
  });

  it('what was given in or out cannot change what is kept', async () => {
    const mine = { ...binding('sip:a@h'), cseq: 1 };
    await live.bind(mine);
    mine.cseq = 99;
    const given = (await live.bindings('alice@demo.test')) as Binding[];
    given.pop();
    assert.deepEqual(
      (await live.bindings('alice@demo.test')).map((each) => each.cseq),
      [1],
    );
  });

  it('calls are listed by account until they are removed', async () => {
    const call = { callSid: 'c1', accountSid: 'A', node: 'n', startedAt: 1 };
    await live.putCall(call);
    await live.putCall({ ...call, callSid: 'c2', accountSid: 'B' });
    assert.deepEqual(await live.calls('A'), [call]);
    await live.removeCall('c1');
    await live.removeCall('c1');
    assert.deepEqual(await live.calls('A'), []);
  });
});

describe('opening', () => {
  const options = { clock, log: silentLog, node: 'n' };

  it('a URL that is not understood is refused, without its password', async () => {
    await assert.rejects(openLive('mongo:', options), { code: 'live-url' });
    await assert.rejects(
      openLive('redis://u:se@cret@h:no-port', options),
      (fault: Error) => /not understood/.test(fault.message) && !/se@|cret@/.test(fault.message),
    );
  });
});
