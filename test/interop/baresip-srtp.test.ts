// A real softphone that takes nothing but SRTP, over TLS. RFC 3711, RFC 4568.
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
});

async function softphone(w: World, tone: number, use: (phone: Baresip) => Promise<void>): Promise<void> {
  const server = { host: w.graine.sip.host, port: w.graine.ports['tls'] ?? 0 };
  const ca = certificateFile('ca');
  const phone = await Baresip.start({ user: 'bob', realm, server, ca, transport: 'tls', srtp: 'srtp-mand', tone });
  try {
    await use(phone);
  } catch (fault) {
    throw new Error(`${String(fault)}\nbaresip said:\n${phone.output}`, { cause: fault });
  } finally {
    await phone.close();
  }
}

/** The loudest that a tone is in what baresip recorded of what it heard. */
function heardBy(phone: Baresip, hz: number): number {
  return Math.max(
    ...phone.heard().map((file) => {
      const { channels, rate } = readWav(file);
      return levelOf(channels[0] ?? new Int16Array(0), hz, rate);
    }),
  );
}

story(
  'it registers over TLS, is offered SRTP for that, answers, and both hear each other through hold and resume',
  async (w) => {
    await softphone(w, 620, async (bob) => {
      w.app.answers(dial([toUser('bob')], { answerOnBridge: true }));
      const call = w.calls({ tone: 440 });
      await bob.accepts();
      await bob.told('CALL_ESTABLISHED');
      await call.hears(620);
      // Its recordings are named by the second: the one after the hold must not fall upon the one before.
      await new Promise((resolve) => setTimeout(resolve, 1100));
      bob.command('hold');
      await call.gets(
        (each) => each.isRequest && each.method === 'INVITE' && /a=(sendonly|inactive)/.test(each.sdp ?? ''),
      );
      await new Promise((resolve) => setTimeout(resolve, 300));
      bob.command('resume');
      await call.gets((each) => each.isRequest && each.method === 'INVITE' && /a=sendrecv/.test(each.sdp ?? ''));
      await call.hears(620);
      await new Promise((resolve) => setTimeout(resolve, 700));
      await call.hangsUp();
      await bob.told('CALL_CLOSED');
      assert.ok(heardBy(bob, 440) > -25, `baresip heard 440 Hz at ${heardBy(bob, 440)} dB`);
      const sid = String((await w.next('/call')).body['call_sid']);
      const rows = await w.eventually('its figures', async () => {
        const { body } = await w.account('GET', `/Calls/${sid}/Trace`);
        const all = body as { title: string; detail: Record<string, unknown> }[];
        return all.some(({ detail }) => 'packetsForged' in detail) && all;
      });
      const encrypted = rows.find(({ title }) => title === 'media.encrypted');
      assert.equal(encrypted?.detail['keysExchanged'], 'protected');
      const figures = rows.find(({ detail }) => 'packetsForged' in detail);
      // A packet may overtake the offer with its key, which goes over TLS.
      assert.ok(Number(figures?.detail['packetsForged']) <= 3, JSON.stringify(figures?.detail));
      assert.ok(Number(figures?.detail['packetsReceived']) >= 50, JSON.stringify(figures?.detail));
    });
  },
);

story('it calls with SRTP, a phone without answers, and both hear each other', async (w) => {
  w.phone('desk').onInvite = phones.answersAfter(50, { tone: 900 });
  await softphone(w, 620, async (bob) => {
    w.app.answers(dial([toSip(w.phone('desk'))], { answerOnBridge: true }));
    bob.command('dial', `sip:100@${realm}`);
    await bob.told('CALL_ESTABLISHED');
    const desk = await w.phone('desk').nextCall();
    await desk.hears(620);
    await new Promise((resolve) => setTimeout(resolve, 700));
    await desk.hangsUp();
    await bob.told('CALL_CLOSED');
    assert.ok(heardBy(bob, 900) > -25, `baresip heard 900 Hz at ${heardBy(bob, 900)} dB`);
  });
});
