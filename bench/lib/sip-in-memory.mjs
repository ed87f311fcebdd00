/** The SIP part of a build with its timelines, and everything else in memory: no sockets, no hook, no media. A call is the
 * one of bench/scenarios: INVITE, 180, 200 with a second leg behind it, ACK, BYE. */
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { offer } from './message.mjs';

const own = 5060;
const caller = { address: '127.0.0.1', port: 5070 };
const callee = { address: '127.0.0.1', port: 5090 };

/** Returns what makes one call, from the first byte to the last. */
export async function sipInMemory(build) {
  const load = (file) => import(pathToFileURL(path.resolve(build, 'dist', file)).href);
  const { SystemClock, SystemRandom, TraceChannel, silentLog: log } = await load('base/index.js');
  const { TransportLayer, SourceGuard, NextHops } = await load('sip/transport/index.js');
  const { UdpListener } = await load('sip/transport/udp.js');
  const { createUserAgent } = await load('sip/agent/index.js');
  const { createTimelines } = await load('observe/timelines.js');
  const [clock, random, trace] = [new SystemClock(), new SystemRandom(), new TraceChannel()];
  createTimelines({ trace, clock });
  const sent = [];
  let received;
  UdpListener.open = async ({ address, port, received: take }) => {
    received = take;
    const send = { value: (bytes, to) => sent.push({ text: bytes.toString('latin1'), port: to.port }) };
    return Object.create(UdpListener.prototype, { address: { value: address }, port: { value: port }, send });
  };
  const guard = new SourceGuard({ clock, log });
  const network = new TransportLayer({ clock, log, trace, guard, nextHops: new NextHops({ clock, random, log }) });
  await network.listen(`udp://127.0.0.1:${own}`);
  // Ended transactions linger for 64·T1: short here, or there would be as many as seconds.
  const timers = { t1: 40, t2: 400, t4: 500 };
  const who = { kind: 'carrier', carrierSid: 'c', accountSid: 'a', gatewaySid: 'g' };
  const agent = createUserAgent({ network, clock, random, log, timers, identify: () => who });
  let calls = 0;
  agent.onInvitation((invitation) => join({ agent, trace, clock }, invitation, `s${calls}`));
  const answer = () => {
    const next = sent
      .splice(0)
      .flatMap((each) => (each.port === callee.port ? asCallee(each.text) : asCaller(each.text, calls)));
    for (const { bytes, from } of next) received(bytes, from);
  };
  return async () => {
    calls += 1;
    received(Buffer.from(invite(calls)), caller);
    // The second leg begins in a microtask.
    for (let round = 0; round < 6; round++) {
      await Promise.resolve();
      answer();
    }
  };
}

/** The two legs of a call, as call control has them. */
function join({ agent, trace, clock }, invitation, sid) {
  const link = (callId, callSid) => trace.publish({ kind: 'link', at: clock.now(), callId, callSid, sessionSid: sid });
  const out = agent.invite({
    uri: `sip:1@127.0.0.1:${callee.port}`,
    from: { uri: 'sip:15550001@127.0.0.1' },
    sdp: invitation.offer,
  });
  link(invitation.callId, sid);
  link(out.callId, `${sid}b`);
  out.events.on('progress', ({ status }) => invitation.progress({ status }));
  out.events.on('answered', (far, sdp) => {
    invitation.accept({ sdp }).events.on('ended', () => {
      far.bye();
      trace.publish({ kind: 'end', at: clock.now(), sessionSid: sid });
    });
  });
}

const sdp = offer(6000);
const write = (lines, body = '') => Buffer.from([...lines, `Content-Length: ${body.length}`, '', body].join('\r\n'));

function invite(number) {
  return write(
    [
      `INVITE sip:1${number}@127.0.0.1:${own} SIP/2.0`,
      `Via: SIP/2.0/UDP 127.0.0.1:${caller.port};branch=z9hG4bK-${number}-0`,
      'Max-Forwards: 70',
      `From: <sip:15550001@127.0.0.1:${caller.port}>;tag=a${number}`,
      `To: <sip:1${number}@127.0.0.1:${own}>`,
      `Call-ID: ${number}@127.0.0.1`,
      'CSeq: 1 INVITE',
      `Contact: <sip:15550001@127.0.0.1:${caller.port}>`,
      'Allow: INVITE, ACK, BYE, CANCEL, OPTIONS, UPDATE',
      'Content-Type: application/sdp',
    ],
    sdp,
  );
}

const lineOf = (text, name) => new RegExp(`^${name}: .*$`, 'm').exec(text)[0].trimEnd();

function asCallee(text) {
  const copied = ['Via', 'From', 'To', 'Call-ID', 'CSeq'].map((name) => lineOf(text, name));
  const reply = (status, lines, body) => ({ from: callee, bytes: write([`SIP/2.0 ${status}`, ...lines], body) });
  if (text.startsWith('BYE')) return [reply('200 OK', copied)];
  if (!text.startsWith('INVITE')) return [];
  copied[2] += ';tag=b';
  const contact = `Contact: <sip:127.0.0.1:${callee.port}>`;
  return [
    reply('180 Ringing', [...copied, contact]),
    reply('200 OK', [...copied, contact, 'Content-Type: application/sdp'], sdp),
  ];
}

function asCaller(text, number) {
  if (!text.startsWith('SIP/2.0 200') || !lineOf(text, 'CSeq').endsWith('INVITE')) return [];
  const copied = ['From', 'To', 'Call-ID'].map((name) => lineOf(text, name));
  const uri = /<(.*)>/.exec(lineOf(text, 'Contact'))[1];
  return [[1, 'ACK'], [2, 'BYE']].map(([cseq, method]) => ({
    from: caller,
    bytes: write([
      `${method} ${uri} SIP/2.0`,
      `Via: SIP/2.0/UDP 127.0.0.1:${caller.port};branch=z9hG4bK-${number}-${method}`,
      'Max-Forwards: 70',
      ...copied,
      `CSeq: ${cseq} ${method}`,
    ]),
  })); // prettier-ignore
}
