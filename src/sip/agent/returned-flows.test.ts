import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '../../base/index.ts';
import { parseMessage, type SipRequest } from '../message/index.ts';
import { type Hop, type Source, TimerWheel } from '../transaction/index.ts';
import { ReturnedFlows } from './returned-flows.ts';

const page = 'sip:8jq2@k3jf93kd02la.invalid;transport=ws';

function registers(contact = page): SipRequest {
  const text = [
    'REGISTER sip:voice.example.test SIP/2.0',
    'Via: SIP/2.0/WS k3jf93kd02la.invalid;branch=z9hG4bKa',
    'From: <sip:carol@voice.example.test>;tag=a',
    'To: <sip:carol@voice.example.test>',
    'Call-ID: 1',
    'CSeq: 1 REGISTER',
    `Contact: <${contact}>;reg-id=1`,
    'Content-Length: 0',
  ];
  const read = parseMessage(Buffer.from(`${text.join('\r\n')}\r\n\r\n`));
  assert.ok(read.ok && read.message.kind === 'request');
  return read.message;
}

const from = (connectionId: string): Source =>
  ({
    transport: 'ws',
    address: '192.0.2.7',
    port: 50_000,
    localAddress: '192.0.2.1',
    localPort: 80,
    connectionId,
  }) as Source;

function bench() {
  const clock = new FakeClock();
  const flows = new ReturnedFlows(new TimerWheel(clock, 10, (fault) => assert.fail(String(fault))));
  const living = new Set<string>();
  const came = (id: string, request = registers()): void => {
    living.add(id);
    flows.came(request, from(id), (each) => living.has(each));
  };
  const closed = (id: string): void => {
    living.delete(id);
    flows.closed(id);
  };
  return { clock, flows, came, closed };
}

test('RFC 5626 §5.3 a page that registers over another connection is reached over that, until it closes', () => {
  const { flows, came, closed } = bench();
  assert.equal(flows.of(page), undefined);
  came('ws-1');
  assert.equal(flows.of('sip:8jq2@K3JF93KD02LA.invalid;transport=ws;ob')?.connectionId, 'ws-1');
  closed('ws-1');
  assert.equal(flows.of(page), undefined);
});

test('who waits for a page goes on as it comes, and is told when it does not', () => {
  const { clock, flows, came } = bench();
  const gone: (Hop | undefined)[] = [];
  assert.ok(flows.await(page, (hop) => gone.push(hop)));
  came('ws-1');
  assert.deepEqual(
    gone.map((hop) => hop?.connectionId),
    ['ws-1'],
  );
  assert.ok(flows.await(page.replace('8jq2', 'other'), (hop) => gone.push(hop)));
  clock.advance(40_000);
  assert.deepEqual(gone.slice(1), [undefined]);
});

test('attack C3: nobody has the Contact of a page whose connection stands, and none that could be guessed', () => {
  const { flows, came } = bench();
  came('ws-1');
  came('ws-2');
  assert.equal(flows.of(page)?.connectionId, 'ws-1');
  for (const contact of ['sip:bob@192.0.2.9', 'sip:bob@a.invalid', 'sip:bob@phone.example.test']) {
    came('ws-3', registers(contact));
    assert.equal(flows.of(contact), undefined);
    assert.equal(
      flows.await(contact, () => assert.fail('it is no page')),
      false,
    );
  }
});
