// Browsers call and are called: JsSIP and SIP.js in a real Chromium. Audio is measured at both ends. docs/webrtc.md.
import assert from 'node:assert/strict';
import { after as afterAll } from 'node:test';
import { dial, realm, toPhone, toUser, type World } from '../kit/index.ts';
import { browserStage, startBrowser } from './browser-stage.ts';

const equipment = await startBrowser();
const { story, open } = browserStage(equipment);
const tone = (hz: number) => ({ verb: 'play', url: `tone_stream://%(4000,0,${hz})`, loop: 5 });
afterAll(() => equipment.browser.close());

for (const library of ['jssip', 'sipjs'] as const) {
  story(`a browser with ${library} calls an application and hears what it plays`, async (w: World) => {
    const tab = await open('carol', 500, library);
    w.app.answers([{ verb: 'answer' }, tone(700)]);
    await tab.does('call', `sip:1000@${realm}`);
    await tab.sees(/confirmed/);
    await tab.hears(700);
    await tab.does('hangup');
    await tab.sees(/ended/);
    await tab.close();
  });
}

for (const last of ['browser', 'trunk'] as const) {
  story(`a browser calls a trunk, each hears the other, and the ${last} hangs up`, async (w: World) => {
    const tab = await open('carol', 500);
    w.app.answers(dial([toPhone()], { answerOnBridge: true }));
    await tab.does('call', `sip:1000@${realm}`);
    const rung = await w.phone('trunk').nextCall();
    await rung.answers();
    rung.speaks(620);
    await tab.sees(/confirmed/);
    await Promise.all([tab.hears(620), rung.hears(500)]);
    await (last === 'browser' ? tab.does('hangup') : rung.hangsUp());
    await (last === 'browser' ? rung.gets('BYE') : tab.sees(/ended remote/));
    assert.equal((await w.next('/action')).body['dial_call_status'], 'completed');
    await tab.close();
  });
}

story('a browser hears early media before the answer, and goes on with the call', async (w: World) => {
  const tab = await open('carol', 500);
  w.app.answers([{ ...tone(700), earlyMedia: true, loop: 1 }, { verb: 'answer' }, tone(900)]);
  await tab.does('call', `sip:1000@${realm}`);
  await tab.sees(/progress/);
  await tab.hears(700);
  await tab.sees(/confirmed/);
  await tab.hears(900);
  await tab.does('hangup');
  await tab.close();
});

story('a trunk calls a browser', async (w: World) => {
  const tab = await open('carol', 500);
  w.app.answers(dial([toUser('carol')], { answerOnBridge: true }));
  const call = w.calls();
  await tab.sees(/invited/);
  await tab.does('answer');
  await call.answered();
  await Promise.all([tab.hears(440), call.hears(500)]);
  await call.hangsUp();
  await tab.sees(/ended remote/);
  await tab.close();
});

story('two tabs talk to each other in Opus, by JsSIP and by SIP.js', async (w: World) => {
  const [carol, dave] = [await open('carol', 500), await open('dave', 900, 'sipjs')];
  w.app.answers(dial([toUser('dave')], { answerOnBridge: true }));
  await carol.does('call', `sip:dave@${realm}`);
  await dave.sees(/invited/);
  await dave.does('answer');
  await Promise.all([carol.sees(/confirmed/), dave.sees(/confirmed/)]);
  await Promise.all([carol.hears(900), dave.hears(500)]);
  assert.equal(await carol.does('codec'), 'audio/opus');
  await dave.does('hangup');
  await carol.sees(/ended remote/);
  await Promise.all([carol.close(), dave.close()]);
});

story('a browser that has nothing but Opus talks to a trunk that has G.711', async (w: World) => {
  const tab = await open('carol', 500);
  w.app.answers(dial([toPhone()], { answerOnBridge: true }));
  await tab.does('call', `sip:1000@${realm}`, 'opus');
  const rung = await w.phone('trunk').nextCall();
  await rung.answers();
  rung.speaks(620);
  await tab.sees(/confirmed/);
  await Promise.all([tab.hears(620), rung.hears(500)]);
  assert.equal(await tab.does('codec'), 'audio/opus');
  await tab.does('hangup');
  await rung.gets('BYE');
  await tab.close();
});

story('keys go both ways between a browser and a phone', async (w: World) => {
  const tab = await open('carol', 500);
  w.app.answers(dial([toUser('carol')], { answerOnBridge: true, dtmfCapture: ['42'], dtmfHook: '/dtmf' }));
  const call = w.calls();
  await tab.sees(/invited/);
  await tab.does('answer');
  await call.answered();
  await Promise.all([tab.hears(440), call.hears(500)]);
  await tab.does('press', '42');
  const { body } = await w.next('/dtmf');
  assert.equal(body['dtmf'], '42');
  assert.deepEqual(
    call.media?.ears.digits.entries.map(({ digit }) => digit),
    ['4', '2'],
  );
  await call.presses('42');
  assert.equal((await w.next('/dtmf')).body['dtmf'], '42');
  await call.hangsUp();
  await tab.sees(/ended remote/);
  await tab.close();
});

story('a browser holds a call and takes it back', async (w: World) => {
  const tab = await open('carol', 500);
  w.app.answers(dial([toPhone()], { answerOnBridge: true }));
  await tab.does('call', `sip:1000@${realm}`);
  const rung = await w.phone('trunk').nextCall();
  await rung.answers();
  rung.speaks(620);
  await Promise.all([tab.hears(620), rung.hears(500)]);
  await tab.does('hold');
  await tab.sees(/hold local/);
  await tab.hearsNothing();
  await tab.does('unhold');
  await tab.sees(/unhold local/);
  await Promise.all([tab.hears(620), rung.hears(500, { since: performance.now() })]);
  await tab.does('hangup');
  await rung.gets('BYE');
  await tab.close();
});

story('a phone holds a browser, which is told, and takes it back', async (w: World) => {
  const tab = await open('carol', 500);
  w.app.answers(dial([toUser('carol')], { answerOnBridge: true }));
  const call = w.calls();
  await tab.sees(/invited/);
  await tab.does('answer');
  await call.answered();
  await tab.hears(440);
  assert.equal((await call.reInvites({ direction: 'sendonly' })).status, 200);
  await tab.sees(/^hold remote/);
  assert.equal((await call.reInvites({ direction: 'sendrecv' })).status, 200);
  await tab.sees(/^unhold remote/);
  await Promise.all([tab.hears(440), call.hears(500, { since: performance.now() })]);
  await call.hangsUp();
  await tab.sees(/ended remote/);
  await tab.close();
});

story('a browser restarts ICE in mid-call and is heard on', async (w: World) => {
  const tab = await open('carol', 500);
  w.app.answers([{ verb: 'answer' }, tone(700)]);
  await tab.does('call', `sip:1000@${realm}`);
  await tab.sees(/confirmed/);
  await tab.hears(700);
  const before = await tab.does('ice');
  await tab.does('restartIce');
  await w.eventually('new ICE credentials', async () => (await tab.does('ice')) !== before);
  await tab.hears(700);
  await tab.does('hangup');
  await tab.sees(/ended local/);
  await tab.close();
});
