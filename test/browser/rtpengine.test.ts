// Browsers with media.engine: rtpengine, which speaks ICE and DTLS-SRTP with them. Audio is measured at both ends.
import { after as afterAll } from 'node:test';
import assert from 'node:assert/strict';
import { dial, phones, realm, type Rtpengine, startRtpengine, toSip, toUser, type World } from '../kit/index.ts';
import { browserStage, startBrowser } from './browser-stage.ts';

const equipment = await startBrowser();
const started = [await startRtpengine(), await startRtpengine()];
const daemons = started.filter((each) => !('missing' in each)) as Rtpengine[];
const [one, two] = daemons;
if (one === undefined || two === undefined) throw new Error('apt-get install -y rtpengine-daemon');
const { story, open } = browserStage(equipment, { engine: 'rtpengine', rtpengine: [one.place, two.place] });
afterAll(() => Promise.all([equipment.browser.close(), one.remove(), two.remove()]));

const alone = (w: World) =>
  w.eventually('rtpengine carries it alone', async () => (await one.direct()) + (await two.direct()) === 1);
const forgotten = (w: World) =>
  w.eventually('no call is left in rtpengine', async () => (await one.calls()) + (await two.calls()) === 0);

story('two tabs talk to each other in Opus, by rtpengine alone, also after an ICE restart', async (w: World) => {
  const [carol, dave] = [await open('carol', 500), await open('dave', 900, 'sipjs')];
  w.app.answers(dial([toUser('dave')], { answerOnBridge: true }));
  await carol.does('call', `sip:dave@${realm}`);
  await dave.sees(/invited/);
  await dave.does('answer');
  await Promise.all([carol.hears(900), dave.hears(500)]);
  assert.equal(await carol.does('codec'), 'audio/opus');
  await alone(w);
  await Promise.all([carol.hears(900), dave.hears(500)]);
  const before = await carol.does('ice');
  await carol.does('restartIce');
  await w.eventually('new ICE credentials', async () => (await carol.does('ice')) !== before);
  await Promise.all([carol.hears(900), dave.hears(500)]);
  await dave.does('hangup');
  await carol.sees(/ended remote/);
  await Promise.all([carol.close(), dave.close()]);
  await forgotten(w);
});

story(
  'a browser and a trunk by rtpengine alone; held, resumed; the rtpengine dies, and another begins anew',
  async (w) => {
    const tab = await open('carol', 500);
    w.app.answers(dial([toUser('carol')], { answerOnBridge: true }));
    const rung = w.calls();
    await tab.sees(/invited/);
    await tab.does('answer');
    await rung.answered();
    const both = (since = performance.now()) => Promise.all([tab.hears(440), rung.hears(500, { since })]);
    await both();
    await alone(w);
    await both();
    assert.equal((await rung.holds()).status, 200);
    assert.equal((await rung.resumes()).status, 200);
    await both();
    await alone(w);
    await both();
    const daemon = (await one.calls()) > 0 ? one : two;
    await daemon.kill();
    await rung.gets((message) => message.isRequest && message.method === 'INVITE');
    const at = performance.now();
    await both();
    console.log(`# heard again ${Math.round(performance.now() - at)} ms after the re-INVITE`);
    await daemon.start();
    await alone(w);
    await both();
    await tab.does('hangup');
    await rung.byed();

    // It numbers keys otherwise than most phones do, and is not asked to do as they.
    w.phone('trunk').onInvite = phones.answersAfter(10, { tone: 620 });
    w.app.answers(dial([toSip(w.phone('trunk'))], { answerOnBridge: true }));
    await tab.does('call', `sip:1000@${realm}`);
    const asked = await w.phone('trunk').nextCall();
    const back = () => Promise.all([tab.hears(620), asked.hears(500, { since: performance.now() })]);
    await back();
    await alone(w);
    await back();
    await tab.does('hangup');
    await asked.byed();
    await tab.close();
    await forgotten(w);
  },
);
