// Malformed and hostile SIP: answered or dropped, and a standing call does not notice. attacks.md A, B; RFC 4475.
import assert from 'node:assert/strict';
import net from 'node:net';
import {
  after,
  at,
  dial,
  type OutgoingPhoneCall,
  overTcp,
  phones,
  RawPeer,
  stage,
  toSip,
  type World,
} from '../kit/index.ts';

const hostile = '127.0.0.9';
const story = stage({ phones: ['desk', { name: 'stranger', address: hostile }] });

async function standing(w: World): Promise<OutgoingPhoneCall> {
  w.phone('desk').onInvite = phones.answersAfter(5, { tone: 620 });
  w.app.answers(dial([toSip(w.phone('desk'))], { answerOnBridge: true }));
  const call = w.calls();
  await call.hears(620);
  return call;
}

/** The call of before still talks, a new one can be placed, and the old one can end. */
async function unharmed(w: World, call: OutgoingPhoneCall): Promise<void> {
  const desk = await w.phone('desk').nextCall();
  await Promise.all([call.hears(620), desk.hears(440)]);
  const another = w.calls();
  await another.answered();
  await another.hangsUp();
  assert.equal((await call.hangsUp()).status, 200);
  await desk.byed();
}

const line = (...lines: string[]): string => `${lines.join('\r\n')}\r\n\r\n`;
const head = [
  'Via: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bKx',
  'Max-Forwards: 70',
  'From: <sip:a@b>;tag=1',
  'To: <sip:c@d>',
  'Call-ID: x1',
  'CSeq: 1 INVITE',
];

const garbage: Record<string, string> = {
  'empty datagram': '',
  'CRLFs only': '\r\n\r\n\r\n',
  'binary noise': String.fromCharCode(...Array.from({ length: 1200 }, (_, n) => (n * 7919) & 0xff)),
  'no Via': line('INVITE sip:x@y SIP/2.0', ...head.slice(1)),
  'no Call-ID': line('INVITE sip:x@y SIP/2.0', ...head.filter((each) => !each.startsWith('Call-ID'))),
  'no CSeq': line('INVITE sip:x@y SIP/2.0', ...head.slice(0, -1)),
  'CSeq method differs': line('INVITE sip:x@y SIP/2.0', ...head.slice(0, -1), 'CSeq: 1 BYE'),
  'CSeq too large': line('INVITE sip:x@y SIP/2.0', ...head.slice(0, -1), 'CSeq: 99999999999999999999 INVITE'),
  'Content-Length longer than the datagram': line('INVITE sip:x@y SIP/2.0', ...head, 'Content-Length: 99999'),
  'negative Content-Length': line('INVITE sip:x@y SIP/2.0', ...head, 'Content-Length: -5'),
  'Max-Forwards 0': line(
    'INVITE sip:x@y SIP/2.0',
    ...head.map((each) => (each.startsWith('Max') ? 'Max-Forwards: 0' : each)),
  ),
  'SIP/7.0': line('INVITE sip:x@y SIP/7.0', ...head),
  'a scheme nobody knows': line('INVITE nobodyKnows:x@y SIP/2.0', ...head),
  'header without colon': line('INVITE sip:x@y SIP/2.0', 'nonsense', ...head),
  'whitespace before the colon of a doubled header': line(
    'INVITE sip:x@y SIP/2.0',
    ...head,
    'Contact : <sip:e@vil>',
    'Contact: <sip:e@vil>',
  ),
  'a response to nothing': line('SIP/2.0 200 OK', ...head),
  'a response with status 9999': line('SIP/2.0 9999 Odd', ...head),
  'CANCEL of nothing': line('CANCEL sip:x@y SIP/2.0', ...head.slice(0, -1), 'CSeq: 1 CANCEL'),
  'BYE of nothing': line('BYE sip:x@y SIP/2.0', ...head.slice(0, -1), 'CSeq: 1 BYE'),
  'ACK of nothing': line('ACK sip:x@y SIP/2.0', ...head.slice(0, -1), 'CSeq: 1 ACK'),
  'REFER from a stranger': line('REFER sip:x@y SIP/2.0', ...head.slice(0, -1), 'CSeq: 1 REFER', 'Refer-To: <sip:z@z>'),
  '4,000 headers': line('INVITE sip:x@y SIP/2.0', ...head, ...Array.from({ length: 4000 }, () => 'X-A: 1')),
  '700 Vias': line('INVITE sip:x@y SIP/2.0', ...Array.from({ length: 700 }, () => head[0] ?? ''), ...head.slice(1)),
  'a header of 60 kB': line('INVITE sip:x@y SIP/2.0', ...head, `X-Long: ${'a'.repeat(60_000)}`),
  'terminal escapes in From': line(
    'INVITE sip:x@y SIP/2.0',
    ...head.map((each) => (each.startsWith('From') ? 'From: "\u001b[2J" <sip:a@b>;tag=1' : each)),
  ),
};

story('whatever comes by UDP, a standing call goes on', async (w) => {
  const call = await standing(w);
  for (const bytes of Object.values(garbage)) w.phone('stranger').sendRaw(bytes, w.graine.sip);
  await unharmed(w, call);
  assert.equal(w.app.all('/call').length, 2, 'no hook for any of it');
});

story('whatever comes by TCP, a standing call goes on and the connections are closed', async (w) => {
  const call = await standing(w);
  const closed = Object.entries(garbage).map(
    ([, bytes]) =>
      new Promise<void>((resolve) => {
        const socket = net.connect({ ...w.graine.sip, localAddress: hostile }, () => socket.end(bytes));
        socket.on('error', () => {});
        socket.on('close', () => resolve());
        socket.resume();
      }),
  );
  await unharmed(w, call);
  await Promise.all(closed);
});

const many = (count: number): string[] => Array.from({ length: count }, () => 'X-A: 1');
/** Longer than its refusal, so that this is sent: an answer by UDP is never more bytes than what it answers (attack B3). */
const invite = (...more: string[]): string =>
  line('INVITE sip:x@y SIP/2.0', ...head, `User-Agent: ${'p'.repeat(200)}`, ...more);
const register = line('REGISTER sip:y SIP/2.0', ...head.map((each) => each.replace('1 INVITE', '1 REGISTER')));

/** What each deserves by UDP and by TCP; `closed`: of a stream there is no way on, whatever was answered before. */
const deserved: Record<string, { bytes: string; udp: number | 'silence'; tcp: number | 'silence' | 'closed' }> = {
  // A datagram of 10,000 headers is still below 64 KiB; on a stream its head is beyond the bound of one.
  '4,000 headers': { bytes: invite(...many(4000), 'Content-Length: 0'), udp: 400, tcp: 400 },
  '8,000 headers': { bytes: invite(...many(8000)), udp: 400, tcp: 'closed' },
  '10,000 headers': { bytes: invite(...many(10_000)), udp: 'silence', tcp: 'closed' },
  'a header line of 9,000 bytes': {
    bytes: invite(`X-A: ${'a'.repeat(9000)}`, 'Content-Length: 0'),
    udp: 400,
    tcp: 400,
  },
  '700 Vias': {
    bytes: line(
      'INVITE sip:x@y SIP/2.0',
      ...Array.from({ length: 700 }, () => head[0] ?? ''),
      ...head.slice(1),
      'Content-Length: 0',
    ),
    udp: 'silence', // a refusal would repeat them all
    tcp: 'closed',
  },
  'a huge Content-Length': { bytes: invite('Content-Length: 2147483647'), udp: 400, tcp: 'closed' },
  'a Content-Length beyond any number': {
    bytes: invite(`Content-Length: ${'9'.repeat(40)}`),
    udp: 400,
    tcp: 'closed',
  },
  'two Content-Lengths that disagree': {
    bytes: invite('Content-Length: 0', 'l: 4'),
    udp: 400,
    tcp: 'closed',
  },
  'no Via': {
    bytes: line('INVITE sip:x@y SIP/2.0', ...head.slice(1), 'Content-Length: 0'),
    udp: 'silence',
    tcp: 'closed',
  },
  'REGISTER at a realm nobody knows': { bytes: register, udp: 403, tcp: 'closed' },
};

for (const [number, [title, { bytes, udp, tcp }]] of Object.entries(deserved).entries())
  story(`${title}: by UDP ${udp}, by TCP ${tcp}; a standing call keeps its audio`, async (w) => {
    const call = await standing(w);
    // An address of its own: what one is banned for must not silence the next.
    const peer = await RawPeer.open(`127.44.76.${number + 1}`, [9]);
    try {
      assert.deepEqual(await peer.ask(bytes, w.graine.sip), udp === 'silence' ? [] : [udp]);
      const { statuses, closed } = await overTcp(bytes, w.graine.sip, { localAddress: `127.44.76.${number + 101}` });
      assert.equal(closed, tcp === 'closed');
      if (tcp !== 'closed') assert.deepEqual(statuses, [tcp]);
    } finally {
      peer.close();
    }
    await unharmed(w, call);
    assert.equal(w.app.all('/call').length, 2, 'no hook for it');
  });

story('a header without end over TCP is cut off, not collected', async (w) => {
  const call = await standing(w);
  const socket = net.connect({ ...w.graine.sip, localAddress: hostile });
  const closed = new Promise<void>((resolve) => {
    socket.on('close', () => resolve());
    socket.on('error', () => resolve());
  });
  socket.resume();
  let sent = 0;
  const feed = (): void => {
    if (socket.destroyed || sent > 8_000_000) return;
    sent += 16_384;
    socket.write('X'.repeat(16_384), () => setImmediate(feed));
  };
  feed();
  await closed;
  assert.ok(sent < 8_000_000, `the server took ${sent} bytes of one header`);
  await unharmed(w, call);
});

story('a TCP connection that sends half a message and then nothing is closed', async (w) => {
  const call = await standing(w);
  const socket = net.connect({ ...w.graine.sip, localAddress: hostile }, () =>
    socket.write('INVITE sip:x@y SIP/2.0\r\nVia: SIP/2.0/TCP'),
  );
  socket.on('error', () => {});
  socket.resume();
  await new Promise<void>((resolve) => {
    socket.on('close', () => resolve());
  });
  await unharmed(w, call);
});

story('a stranger’s flood of INVITEs is refused, then ignored; a standing call goes on', async (w) => {
  const call = await standing(w);
  const stranger = w.phone('stranger');
  for (let n = 0; n < 400; n++) {
    stranger.sendRaw(
      line(
        `INVITE sip:${n}@127.0.0.1 SIP/2.0`,
        ...head.map((each) => each.replace('z9hG4bKx', `z9hG4bKf${n}`).replace('x1', `flood${n}`)),
      ),
      w.graine.sip,
    );
    if (n % 50 === 0) await after(10);
  }
  await unharmed(w, call);
  assert.equal(w.app.all('/call').length, 2);
});

story('an INVITE with SDP nobody can read gets 488 or 400, and nothing stays', async (w) => {
  w.app.answers([{ verb: 'answer' }]);
  for (const sdp of [
    'v=0\r\nm=audio',
    'not sdp at all',
    'v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=video 4000 RTP/AVP 96\r\n',
    'v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 4294967296\r\n',
  ]) {
    const refusal = await w.calls({ sdp }).refused();
    assert.ok([400, 488].includes(refusal.status), `${JSON.stringify(sdp.slice(0, 20))}: ${refusal.title}`);
  }
});

story('OPTIONS is answered', async (w) => {
  const alice = w.phone('alice');
  const answer = await alice.request(
    Buffer.from(
      line(
        `OPTIONS sip:${w.graine.sip.host}:${w.graine.sip.port} SIP/2.0`,
        `Via: SIP/2.0/UDP ${alice.address}:${alice.port};branch=z9hG4bKoptions;rport`,
        'Max-Forwards: 70',
        'From: <sip:alice@here>;tag=o',
        'To: <sip:there>',
        'Call-ID: options-1',
        'CSeq: 1 OPTIONS',
        'Content-Length: 0',
      ),
    ),
    { transport: 'udp', address: w.graine.sip.host, port: w.graine.sip.port },
  );
  assert.equal(answer.status, 200);
  assert.match(answer.get('allow') ?? '', /INVITE/);
});

story('a stranger’s RTP to the ports of a call is not heard, and his bytes do not move it', async (w) => {
  const call = await standing(w);
  const desk = await w.phone('desk').nextCall();
  const port = call.remoteSdp?.port ?? 0;
  const stranger = w.phone('stranger').invites(at('x', { host: '127.0.0.1', port: 9 }), { acks: false });
  const media = await stranger.openMedia();
  const noise = Buffer.alloc(172, 0x2a);
  noise[0] = 0x80;
  noise[1] = 0;
  for (let n = 0; n < 50; n++) media.sendRaw(noise, { address: '127.0.0.1', port });
  await Promise.all([call.hears(620), desk.hears(440)]);
  assert.equal(media.ears.packets.entries.length, 0, 'nothing of the call came to the stranger');
  await unharmed(w, call);
});
