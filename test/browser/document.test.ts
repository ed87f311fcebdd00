// The page that docs/webrtc.md shows, as it stands there, makes a call and takes one.
import { readFileSync } from 'node:fs';
import { after as afterAll } from 'node:test';
import { dial, toUser, type World } from '../kit/index.ts';
import { browserStage, startBrowser } from './browser-stage.ts';

const equipment = await startBrowser();
const { story, page } = browserStage(equipment);
afterAll(() => equipment.browser.close());

const code =
  /```js\n([^]*?)```/.exec(readFileSync(new URL('../../docs/webrtc.md', import.meta.url), 'utf8'))?.[1] ?? '';
const body = '<audio id="far" autoplay></audio><button id="call">Call</button><button id="hangup">Hang up</button>';

story('the page of docs/webrtc.md calls an application, and hears it', async (w: World) => {
  const tab = await page(code, body);
  w.app.answers([{ verb: 'answer' }, { verb: 'play', url: 'tone_stream://%(4000,0,700)', loop: 5 }]);
  await tab.click('#call');
  await w.next('/call');
  await tab.waitForFunction('document.querySelector("#far").currentTime > 0.3');
  await tab.click('#hangup');
  await tab.close();
});

story('the page of docs/webrtc.md is called, answers, and speaks', async (w: World) => {
  const contacts = async (): Promise<readonly string[]> => {
    const { body: users } = await w.account('GET', '/RegisteredSipUsers');
    return JSON.stringify(users).match(/sip:[^"<>]+\.invalid/g) ?? [];
  };
  // The tab of the story before is closed, its contact may still be there.
  const before = await contacts();
  const tab = await page(code, body);
  await w.eventually('the page is registered', async () => (await contacts()).some((each) => !before.includes(each)));
  w.app.answers(dial([toUser('carol')], { answerOnBridge: true }));
  const call = w.calls();
  await tab.click('text=Answer');
  await call.answered();
  await tab.waitForFunction('document.querySelector("#far").currentTime > 0.3');
  await tab.click('#hangup');
  await call.gets('BYE');
  await tab.close();
});
