// The torture messages of RFC 4475 and RFC 5118 over the wire, from the address of a carrier's gateway, so that what can be
// read is taken as far as it goes: each gets its answer or silence, and a standing call does not notice. attacks.md A1.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import {
  overTcp,
  phones,
  RawPeer,
  read,
  stage,
  toSip,
  dial,
  type OutgoingPhoneCall,
  type World,
} from '../kit/index.ts';

const folder = new URL('../../src/sip/message/testdata/torture/', import.meta.url);
/** Of this file alone: other tests bind port 5060 of theirs. */
const gateway = '127.44.75.1';
/** The application's word on every call. */
const declined = 480;

const onGateway = {
  phones: ['desk'],
  account: (w: World) => ({
    carriers: [
      {
        ...w.origin(),
        gateways: [
          w.gateway('alice', { inbound: true, outbound: false }),
          { host: gateway, port: 5060, inbound: true, outbound: false },
        ],
      },
    ],
  }),
};

/** What the sound ones deserve of a server that has no user or number of theirs. */
const deserved: Readonly<Record<string, number | 'silence'>> = {
  'badbranch.sip': 200,
  'baddate.sip': declined,
  'bcast.sip': 'silence', // a response to nothing
  'bext01.sip': 420,
  'cparam01.sip': 403, // REGISTER at a realm that is not ours: so are those below
  'cparam02.sip': 403,
  'dblreq.sip': 403,
  'esc01.sip': declined,
  'esc02.sip': 405, // RE%47IST%45R is a method of its own
  'escnull.sip': 403,
  'inv2543.sip': declined,
  'invut.sip': 415,
  'ipv4-mapped-ipv6.sip': declined,
  'ipv6-good.sip': 403,
  'longreq.sip': declined,
  'lwsdisp.sip': 200,
  'mpart01.sip': 405,
  'mult-ip-in-header.sip': 481,
  'noreason.sip': 'silence', // a response to nothing
  'novelsc.sip': 416,
  'port-ambiguous.sip': 403,
  'regaut01.sip': 403,
  'regescrt.sip': 403,
  'sdp01.sip': 406,
  'semiuri.sip': 200,
  'transports.sip': 200,
  'unkscm.sip': 416,
  'unksm2.sip': 403,
  'unreason.sip': 'silence', // a response to nothing
  'via-received-param-no-delim.sip': 200,
  'via-received-param-with-delim.sip': 481,
  'wsinv.sip': 481, // its To has a tag of no dialog
  'zeromf.sip': 200,
};

type Torture = { readonly name: string; readonly bytes: Buffer; readonly want: number | 'silence' };

function messages(): Torture[] {
  const of = (kind: string, want: (name: string) => Torture['want']): Torture[] =>
    readdirSync(new URL(`${kind}/`, folder)).map((name) => ({
      name,
      bytes: readFileSync(new URL(`${kind}/${name}`, folder)),
      want: want(name),
    }));
  const valid = of('valid', (name) => {
    const want = deserved[name];
    assert.ok(want !== undefined, `${name}: say in this test what it deserves`);
    return want;
  });
  const invalid = of('invalid', (name) => {
    const word = name.split('.').at(-2) ?? '';
    return word === 'drop' ? 'silence' : Number(word);
  });
  return [...valid, ...invalid];
}

/** A stream is cut into messages by Content-Length; without one there is no way on. RFC 3261 §18.3. */
function framed(bytes: Buffer): boolean {
  return /^(content-length|l)\s*:/im.test(bytes.toString('latin1'));
}

async function standing(w: World): Promise<OutgoingPhoneCall> {
  w.phone('desk').onInvite = phones.answersAfter(5, { tone: 620 });
  w.app.answers(dial([toSip(w.phone('desk'))], { answerOnBridge: true }));
  const call = w.calls();
  await call.hears(620);
  w.app.answers([{ verb: 'sip:decline', status: declined }]);
  return call;
}

async function goesOn(w: World, call: OutgoingPhoneCall): Promise<void> {
  const desk = await w.phone('desk').nextCall();
  await Promise.all([call.hears(620), desk.hears(440)]);
}

async function ends(w: World, call: OutgoingPhoneCall): Promise<void> {
  const desk = await w.phone('desk').nextCall();
  assert.equal((await call.hangsUp()).status, 200);
  await desk.byed();
}

const onUdp = stage(onGateway);

onUdp('RFC 4475 and 5118 by UDP: each gets its answer or silence, a standing call goes on', async (w) => {
  const call = await standing(w);
  // The ports their Vias name, where answers go without rport.
  const peer = await RawPeer.open(gateway, [5060, 5050, 6050, 19823, 29823]);
  try {
    for (const { name, bytes, want } of messages()) {
      const since = peer.received.entries.length;
      const statuses = await peer.ask(bytes, w.graine.sip);
      const callId = read(bytes)?.get('call-id');
      const late = peer.received.until((each) => each.get('call-id') === callId && each.status >= 200, {
        what: name,
        since,
      });
      // The application's word on an earlier one may come late, or again.
      const own = statuses.filter((each) => each !== declined);
      if (want === declined) assert.equal((await late).status, declined, name);
      // A refusal longer than what it refuses is not sent: it could be aimed at somebody else (attack B3).
      else if (own.length === 0 && want !== 'silence') assert.ok(bytes.length < 400, `${name}: no answer`);
      else assert.deepEqual(own, want === 'silence' ? [] : [want], name);
    }
    await goesOn(w, call);
  } finally {
    peer.close();
  }
  await ends(w, call);
});

const onTcp = stage(onGateway);

onTcp('RFC 4475 and 5118 by TCP: each gets its answer or loses its connection, a standing call goes on', async (w) => {
  const call = await standing(w);
  for (const { name, bytes, want } of messages()) {
    const until = want === declined && framed(bytes) ? { until: declined } : {};
    const { statuses, closed } = await overTcp(bytes, w.graine.sip, { localAddress: gateway, ...until });
    const answers = statuses.filter((each) => each === want);
    if (closed)
      assert.ok(!framed(bytes) || name.includes('.400.') || want === 'silence', `${name} cost its connection`);
    else assert.equal(answers.length, want === 'silence' ? 0 : 1, `${name}: ${String(statuses)}`);
  }
  await goesOn(w, call);
  await ends(w, call);
});
