// A real softphone registers, is called, answers, hears and is heard, presses keys, calls. issue 2, "Shown by".
import assert from 'node:assert/strict';
import {
  Baresip,
  certificateFile,
  dial,
  levelOf,
  phones,
  readWav,
  realm,
  serverTls,
  stage,
  toSip,
  toUser,
  type World,
} from '../kit/index.ts';

const story = stage({
  phones: ['desk'],
  config: { sip: { alsoListen: ['tls://127.0.0.1:0'], tls: serverTls } },
  // Offered SRTP over TLS first, it would refuse one call more: baresip-srtp.test.ts.
  account: () => ({ clients: [{ username: 'bob', password: 'secret', srtp: 'none' }] }),
});

async function softphone<T>(
  w: World,
  options: Partial<Parameters<typeof Baresip.start>[0]>,
  use: (phone: Baresip) => Promise<T>,
): Promise<T> {
  const { transport = 'udp' } = options;
  const server = { host: w.graine.sip.host, port: w.graine.ports[transport] ?? 0 };
  const ca = transport === 'tls' ? { ca: certificateFile('ca') } : {};
  const phone = await Baresip.start({ user: 'bob', realm, server, ...ca, ...options });
  try {
    return await use(phone);
  } catch (fault) {
    throw new Error(`${String(fault)}\nbaresip said:\n${phone.output}`, { cause: fault });
  } finally {
    await phone.close();
  }
}

for (const transport of ['udp', 'tcp', 'tls'] as const)
  story(`over ${transport}: it registers, rings, answers, both hear each other, and the caller hangs up`, async (w) => {
    await softphone(w, { transport }, async (bob) => {
      w.app.answers(dial([toUser('bob')], { answerOnBridge: true }));
      const call = w.calls({ tone: 440 });
      await bob.told('CALL_INCOMING');
      assert.equal((await call.rings()).status, 180);
      bob.command('accept');
      await call.answered();
      await bob.told('CALL_ESTABLISHED');
      await call.hears(620);
      await new Promise((resolve) => setTimeout(resolve, 700));
      await call.hangsUp();
      await bob.told('CALL_CLOSED');
      const heard = bob.heard().map((file) => readWav(file));
      assert.ok(heard.length > 0, 'baresip recorded what it heard');
      const levels = heard.map(({ channels, rate }) => levelOf(channels[0] ?? new Int16Array(0), 440, rate));
      assert.ok(Math.max(...levels) > -25, `baresip heard 440 Hz at ${levels.join(', ')} dB`);
      assert.equal((await w.next('/action')).body['dial_call_status'], 'completed');
    });
  });

story('keys pressed on it arrive at the caller as RFC 4733', async (w) => {
  await softphone(w, {}, async (bob) => {
    w.app.answers(dial([toUser('bob')], { answerOnBridge: true }));
    const call = w.calls();
    await bob.accepts();
    await call.hears(620);
    for (const key of '42') {
      bob.command('sndcode', key);
      await call.media?.ears.digits.until((each) => each.digit === key, { what: `key ${key}`, story: () => w.story() });
    }
    await call.hangsUp();
  });
});

story('it loses the race and is told "completed elsewhere"', async (w) => {
  w.phone('desk').onInvite = phones.answersAfter(300, { tone: 900 });
  await softphone(w, {}, async (bob) => {
    w.app.answers(dial([toUser('bob'), toSip(w.phone('desk'))], { answerOnBridge: true }));
    const call = w.calls();
    await bob.told('CALL_INCOMING');
    await call.hears(900);
    await bob.told('CALL_CLOSED');
    await call.hangsUp();
  });
});

story('it declines: busy for the caller', async (w) => {
  await softphone(w, {}, async (bob) => {
    w.app.answers(dial([toUser('bob')], { answerOnBridge: true }));
    const call = w.calls();
    await bob.told('CALL_INCOMING');
    bob.command('hangup');
    const refusal = await call.refused();
    assert.ok([486, 603].includes(refusal.status), refusal.title);
  });
});

story('it hangs up first: the call ends by the callee', async (w) => {
  await softphone(w, {}, async (bob) => {
    w.app.answers(dial([toUser('bob')], { answerOnBridge: true }));
    const call = w.calls();
    await bob.accepts();
    await call.hears(620);
    bob.command('hangup');
    await call.byed();
    assert.equal((await w.next('/action')).body['dial_terminated_by'], 'callee');
  });
});

story('it calls: digest is answered, the device application dials, both hear each other', async (w) => {
  w.phone('desk').onInvite = phones.answersAfter(50, { tone: 900 });
  await softphone(w, { tone: 620 }, async (bob) => {
    w.app.answers(dial([toSip(w.phone('desk'))], { answerOnBridge: true }));
    bob.command('dial', `sip:100@${realm}`);
    await bob.told('CALL_ESTABLISHED');
    const desk = await w.phone('desk').nextCall();
    await desk.hears(620);
    await desk.hangsUp();
    await bob.told('CALL_CLOSED');
    assert.equal((await w.next('/call')).body['from'], 'bob');
  });
});

story('hold and resume on it reach the caller', async (w) => {
  await softphone(w, {}, async (bob) => {
    w.app.answers(dial([toUser('bob')], { answerOnBridge: true }));
    const call = w.calls();
    await bob.accepts();
    await call.hears(620);
    bob.command('hold');
    await call.gets(
      (each) => each.isRequest && each.method === 'INVITE' && /a=(sendonly|inactive)/.test(each.sdp ?? ''),
    );
    // Its menu drops a resume that comes before its own re-INVITE is answered.
    await new Promise((resolve) => setTimeout(resolve, 300));
    bob.command('resume');
    await call.gets((each) => each.isRequest && each.method === 'INVITE' && /a=sendrecv/.test(each.sdp ?? ''));
    await call.hears(620);
    await call.hangsUp();
  });
});

story(
  'it transfers blind: the verbs of the referHook run on the other party, and it is told so and let go',
  async (w) => {
    w.phone('desk').onInvite = phones.answersAfter(50, { tone: 900 });
    await softphone(w, {}, async (bob) => {
      w.app.answers(dial([toUser('bob')], { answerOnBridge: true, referHook: '/refer' }));
      const call = w.calls({ tone: 440 });
      await bob.accepts();
      await call.hears(620);
      w.app.on('/refer', dial([toSip(w.phone('desk'))], { answerOnBridge: true }));
      bob.command('transfer', `sip:desk@${realm}`);
      const { body } = await w.next('/refer');
      assert.equal(body['refer_details'].refer_to_user, 'desk');
      const desk = await w.phone('desk').nextCall();
      await bob.told('CALL_CLOSED');
      await Promise.all([call.hears(900), desk.hears(440)]);
      await call.hangsUp();
      await desk.byed();
    });
  },
);

story('it transfers with Replaces: its two calls become one between the others, and it is told so', async (w) => {
  w.phone('desk').onInvite = phones.answersAfter(50, { tone: 900 });
  await softphone(w, {}, async (bob) => {
    w.app.answers(dial([toUser('bob')], { answerOnBridge: true, referHook: '/refer' }));
    const call = w.calls({ tone: 440 });
    await bob.accepts();
    await call.hears(620);
    w.app.answers(dial([toSip(w.phone('desk'))], { answerOnBridge: true, referHook: '/refer' }));
    const closed = bob.events.entries.length;
    bob.command('dial', `sip:100@${realm}`);
    const desk = await w.phone('desk').nextCall();
    await desk.hears(620);
    // This baresip has no command that writes Replaces by itself; what it is given it sends as it is.
    const { body } = await w.status(
      (each) =>
        each['direction'] === 'outbound' && each['call_status'] === 'in-progress' && each['to'] === `bob@${realm}`,
    );
    const replaces = await dialogAt(w, body['call_sid'], body['call_id']);
    bob.command('transfer', `sip:100@${realm}?Replaces=${encodeURIComponent(replaces)}`);
    const { body: asked } = await w.next('/refer');
    assert.equal(asked['refer_details'].replaced_call_sid, body['call_sid']);
    await bob.told('CALL_CLOSED', closed);
    await Promise.all([call.hears(900, { since: performance.now() }), desk.hears(440, { since: performance.now() })]);
    await call.hangsUp();
    await desk.byed();
  });
});

/** A dialog of ours as its far end knows it, from the timeline: the last message of it that has both tags. */
async function dialogAt(w: World, callSid: string, callId: string): Promise<string> {
  const { url, token } = w.graine.http;
  const path = `/v1/Accounts/${w.accountSid}/Calls/${callSid}/Trace?format=pcap`;
  const got = await fetch(`${url}${path}`, { headers: { authorization: `Bearer ${token}` } });
  const messages = Buffer.from(await got.arrayBuffer())
    .toString('latin1')
    .split(/(?=ACK sip:)/);
  const ack = messages.find((each) => each.startsWith('ACK') && each.includes(callId)) ?? '';
  const tag = (header: string): string | undefined => new RegExp(`\\n${header}:[^\\r]*;tag=([^;\\r]+)`).exec(ack)?.[1];
  return `${callId};to-tag=${tag('From')};from-tag=${tag('To')}`;
}
