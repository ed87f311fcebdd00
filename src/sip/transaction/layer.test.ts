import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '../../base/index.ts';
import {
  createRequest,
  createResponse,
  parseMessage,
  type SipMessage,
  type SipRequest,
  type SipResponse,
} from '../message/index.ts';
import { TransactionLayer } from './layer.ts';
import type { ServerTransaction } from './server.ts';
import type { ClientUser, FaultListener, Hop, Source } from './types.ts';

function parse(bytes: Buffer): SipMessage {
  const result = parseMessage(bytes);
  assert.ok(result.ok);
  return result.message;
}

/** A layer with a hand-made wire: what it sends is kept with its time. */
function bench(transport: Hop['transport'] = 'udp', limit?: number) {
  const clock = new FakeClock();
  const began = clock.now();
  const sent: Array<{ at: number; title: string; message: SipMessage }> = [];
  const requests: SipRequest[] = [];
  const acks: SipRequest[] = [];
  let broken = false;
  const send = (bytes: Buffer, _to: Hop, listener: FaultListener): void => {
    if (broken) return listener.transportFailed();
    const message = parse(bytes);
    const title = message.kind === 'request' ? message.method : String(message.status);
    sent.push({ at: clock.now() - began, title, message });
  };
  const layer = new TransactionLayer({
    clock,
    fault: (fault) => assert.fail(String(fault)),
    wire: { sendRequest: send, sendResponse: send },
    user: { onRequest: (request) => void requests.push(request), onAck: (request) => void acks.push(request) },
    ...(limit === undefined ? {} : { limit }),
  });
  const peer: Source = { transport, address: '127.0.0.1', port: 5062, localAddress: '127.0.0.1', localPort: 5061 };
  const titles = (): string[] => sent.map((each) => `${each.at} ${each.title}`);
  const breakWire = (): void => void (broken = true);
  return { clock, sent, requests, acks, layer, peer, titles, breakWire };
}

function message(
  method: string,
  options: { branch?: string; cseq?: number; sentBy?: string; toTag?: string; callId?: string } = {},
): SipRequest {
  const { branch = 'z9hG4bK1', cseq = 1, sentBy = '127.0.0.1:5062', toTag, callId = 'call' } = options;
  const request = createRequest({
    method,
    uri: 'sip:b@127.0.0.1',
    from: '<sip:a@a.test>;tag=a',
    to: toTag === undefined ? '<sip:b@b.test>' : `<sip:b@b.test>;tag=${toTag}`,
    callId,
    cseq,
  });
  request.headers.prepend('Via', `SIP/2.0/UDP ${sentBy};branch=${branch}`);
  return request;
}

function user() {
  const heard: string[] = [];
  const listener: ClientUser = {
    onResponse: (response) => void heard.push(String(response.status)),
    onFailure: (reason) => void heard.push(reason),
  };
  return { heard, listener };
}

function answer(request: SipRequest, status: number, tag = 'b'): SipResponse {
  return createResponse(request, status, undefined, { toTag: tag });
}

test('§17.1.1.2 an INVITE nobody hears is sent at 0.5, 1.5, 3.5, 7.5, 15.5, 31.5 s and times out at 64·T1', () => {
  const { clock, layer, peer, titles } = bench();
  const { heard, listener } = user();
  layer.request(message('INVITE'), { to: peer, user: listener, branch: 'z9hG4bK1' });
  clock.advance(31_999);
  assert.deepEqual(heard, []);
  clock.advance(1);
  assert.deepEqual(heard, ['timeout']);
  assert.deepEqual(
    titles(),
    [0, 500, 1500, 3500, 7500, 15_500, 31_500].map((at) => `${at} INVITE`),
  );
  assert.deepEqual(clock.pending(), []);
  assert.deepEqual(layer.size, { clients: 0, servers: 0 });
});

test('§17.1.2.2 another request is resent at T2 at the longest', () => {
  const { clock, layer, peer, titles } = bench();
  const { heard, listener } = user();
  layer.request(message('BYE'), { to: peer, user: listener, branch: 'z9hG4bK1' });
  clock.advance(32_000);
  assert.deepEqual(
    titles(),
    [0, 500, 1500, 3500, 7500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500].map((at) => `${at} BYE`),
  );
  assert.deepEqual(heard, ['timeout']);
  assert.deepEqual(clock.pending(), []);
});

test('over TCP nothing is resent, and the timeout stays', () => {
  const { clock, layer, peer, titles } = bench('tcp');
  const { heard, listener } = user();
  layer.request(message('INVITE'), { to: peer, user: listener, branch: 'z9hG4bK1' });
  clock.advance(32_000);
  assert.deepEqual(titles(), ['0 INVITE']);
  assert.deepEqual(heard, ['timeout']);
});

test('§17.1.1.3 a 486 is acknowledged by the transaction, again for every repetition, with the To tag and our Via', () => {
  const { clock, layer, peer, sent } = bench();
  const { heard, listener } = user();
  const invite = message('INVITE');
  layer.request(invite, { to: peer, user: listener, branch: 'z9hG4bK1' });
  layer.receive(answer(invite, 486), peer);
  layer.receive(answer(invite, 486), peer);
  assert.deepEqual(heard, ['486']);
  const acks = sent.filter((each) => each.title === 'ACK').map((each) => each.message);
  assert.equal(acks.length, 2);
  assert.equal(acks[0]?.headers.get('Via'), invite.headers.get('Via'));
  assert.equal(acks[0]?.headers.get('CSeq'), '1 ACK');
  assert.equal(acks[0]?.headers.get('To'), '<sip:b@b.test>;tag=b');
  clock.advance(32_000);
  assert.deepEqual(clock.pending(), []);
});

test('RFC 6026 §7.2 every 2xx of an INVITE reaches the user until timer M, and no transaction acknowledges it', () => {
  const { clock, layer, peer, titles } = bench();
  const { heard, listener } = user();
  const invite = message('INVITE');
  layer.request(invite, { to: peer, user: listener, branch: 'z9hG4bK1' });
  layer.receive(answer(invite, 200, 'x'), peer);
  layer.receive(answer(invite, 200, 'x'), peer);
  layer.receive(answer(invite, 200, 'y'), peer);
  assert.deepEqual(heard, ['200', '200', '200']);
  assert.deepEqual(titles(), ['0 INVITE']);
  clock.advance(32_000);
  layer.receive(answer(invite, 200, 'z'), peer);
  assert.equal(heard.length, 3);
});

test('§17.1.3 a response is matched by branch and method: that of a CANCEL is not its INVITE’s', () => {
  const { layer, peer } = bench();
  const invited = user();
  const cancelled = user();
  const invite = message('INVITE');
  const cancel = message('CANCEL');
  layer.request(invite, { to: peer, user: invited.listener, branch: 'z9hG4bK1' });
  layer.request(cancel, { to: peer, user: cancelled.listener, branch: 'z9hG4bK1' });
  layer.receive(answer(cancel, 200), peer);
  layer.receive(answer(message('INVITE', { branch: 'z9hG4bKother' }), 200), peer);
  assert.deepEqual(invited.heard, []);
  assert.deepEqual(cancelled.heard, ['200']);
});

test('a transport fault ends a client transaction at once', async () => {
  const { clock, layer, peer, breakWire } = bench();
  const { heard, listener } = user();
  breakWire();
  layer.request(message('INVITE'), { to: peer, user: listener, branch: 'z9hG4bK1' });
  await Promise.resolve();
  assert.deepEqual(heard, ['transport']);
  assert.deepEqual(clock.pending(), []);
});

test('a BYE dies with the connection that was the only way to its peer, one over another lives', async () => {
  const { layer, peer } = bench('ws');
  const [gone, there] = [user(), user()];
  layer.request(message('BYE'), { to: { ...peer, connectionId: 'c1' }, user: gone.listener, branch: 'z9hG4bK1' });
  layer.request(message('BYE'), { to: { ...peer, connectionId: 'c2' }, user: there.listener, branch: 'z9hG4bK2' });
  layer.flowClosed('c1');
  await Promise.resolve();
  assert.deepEqual([gone.heard, there.heard], [['transport'], []]);
  assert.equal(layer.size.clients, 1);
});

test('§17.2.1 a 100 goes out within 200 ms where the user sent nothing', () => {
  const { clock, layer, peer, titles } = bench();
  layer.serve(message('INVITE'), peer);
  clock.advance(200);
  assert.deepEqual(titles(), ['100 100']);
});

test('§17.2.1 a refusal is resent at T1, 2·T1 … T2 until its ACK, and the ACK is not passed up', () => {
  const { clock, layer, peer, titles, acks } = bench();
  const invite = message('INVITE');
  layer.serve(invite, peer).respond(answer(invite, 486));
  clock.advance(8000);
  assert.deepEqual(titles(), ['0 486', '500 486', '1500 486', '3500 486', '7500 486']);
  layer.receive(message('ACK'), peer);
  clock.advance(4999);
  assert.equal(titles().length, 5);
  assert.deepEqual(acks, []);
  assert.equal(layer.size.servers, 1);
  clock.advance(101);
  assert.equal(layer.size.servers, 0);
  assert.deepEqual(clock.pending(), []);
});

test('§17.2.1 without an ACK the user hears of it after 64·T1', () => {
  const { clock, layer, peer } = bench();
  const invite = message('INVITE');
  const failures: string[] = [];
  const transaction = layer.serve(invite, peer);
  transaction.user = { onFailure: (reason) => void failures.push(reason) };
  transaction.respond(answer(invite, 486));
  clock.advance(32_000);
  assert.deepEqual(failures, ['timeout']);
  assert.deepEqual(clock.pending(), []);
});

test('a request that comes again gets the last response again, and reaches nobody', () => {
  const { layer, peer, requests, titles } = bench();
  const options = message('OPTIONS');
  layer.receive(options, peer);
  assert.equal(requests.length, 1);
  const transaction: ServerTransaction = layer.serve(options, peer);
  layer.receive(message('OPTIONS'), peer);
  assert.deepEqual(titles(), []);
  transaction.respond(answer(options, 200));
  layer.receive(message('OPTIONS'), peer);
  assert.equal(requests.length, 1);
  assert.deepEqual(titles(), ['0 200', '0 200']);
});

test('RFC 6026 §7.1 an INVITE that comes again after our 200 is absorbed, and its ACK goes to the dialog', () => {
  const { layer, peer, titles, acks, requests } = bench();
  const invite = message('INVITE');
  const transaction = layer.serve(invite, peer);
  transaction.respond(answer(invite, 200));
  layer.receive(message('INVITE'), peer);
  layer.receive(message('ACK', { branch: 'z9hG4bKack', toTag: 'b' }), peer);
  // Some peers use the INVITE's branch for the ACK of a 2xx too.
  layer.receive(message('ACK', { toTag: 'b' }), peer);
  assert.deepEqual(titles(), ['0 200']);
  assert.deepEqual(requests, []);
  assert.equal(acks.length, 2);
  transaction.respond(answer(invite, 200));
  assert.deepEqual(titles(), ['0 200', '0 200']);
});

test('§17.2.3 the same branch from another sent-by, or with another method, is another transaction', () => {
  const { layer, peer, requests } = bench();
  layer.serve(message('OPTIONS'), peer);
  layer.receive(message('OPTIONS', { sentBy: '127.0.0.1:5099' }), peer);
  layer.receive(message('INFO'), peer);
  assert.equal(requests.length, 2);
});

test('§17.2.3 requests of an RFC 2543 peer are told apart by Call-ID and CSeq', () => {
  const { layer, peer, requests } = bench();
  const old = { branch: '1' };
  layer.serve(message('OPTIONS', old), peer);
  layer.receive(message('OPTIONS', old), peer);
  assert.equal(requests.length, 0);
  layer.receive(message('OPTIONS', { ...old, cseq: 2 }), peer);
  layer.receive(message('OPTIONS', { ...old, callId: 'other' }), peer);
  assert.equal(requests.length, 2);
});

test('§9.2 a CANCEL finds its INVITE by the branch', () => {
  const { layer, peer } = bench();
  const transaction = layer.serve(message('INVITE'), peer);
  assert.equal(layer.cancelled(message('CANCEL')), transaction);
  assert.equal(layer.cancelled(message('CANCEL', { branch: 'z9hG4bKother' })), undefined);
});

test('§8.2.2.2 the same request over another path is known as merged until its transaction is gone', () => {
  const { clock, layer, peer } = bench();
  const options = message('OPTIONS');
  layer.serve(options, peer).respond(answer(options, 200));
  const other = message('OPTIONS', { branch: 'z9hG4bK2' });
  assert.equal(layer.merges(other), true);
  assert.equal(layer.merges(message('OPTIONS', { branch: 'z9hG4bK2', cseq: 2 })), false);
  clock.advance(32_000);
  assert.equal(layer.merges(other), false);
});

test('over TCP a finished server transaction is gone at once', () => {
  const { clock, layer, peer } = bench('tcp');
  const options = message('OPTIONS');
  layer.serve(options, peer).respond(answer(options, 200));
  assert.deepEqual(layer.size, { clients: 0, servers: 0 });
  assert.deepEqual(clock.pending(), []);
});

test('beyond its limit the layer takes no further request, and answers the ones it has', () => {
  const { layer, peer, requests, titles } = bench('udp', 1);
  const first = message('OPTIONS');
  layer.serve(first, peer).respond(answer(first, 200));
  layer.receive(message('OPTIONS', { branch: 'z9hG4bK2', callId: 'other' }), peer);
  layer.receive(message('OPTIONS'), peer);
  assert.deepEqual(requests, []);
  assert.deepEqual(titles(), ['0 200', '0 200']);
});

test('close leaves no timer and calls nobody', () => {
  const { clock, layer, peer } = bench();
  const { heard, listener } = user();
  layer.request(message('INVITE'), { to: peer, user: listener, branch: 'z9hG4bK1' });
  layer.serve(message('INVITE', { branch: 'z9hG4bK9' }), peer);
  layer.close();
  layer.close();
  assert.deepEqual(clock.pending(), []);
  assert.deepEqual(layer.size, { clients: 0, servers: 0 });
  clock.advance(64_000);
  assert.deepEqual(heard, []);
});
