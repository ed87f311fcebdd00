// docs/card-payment.md: its application is taken from the page; the media leaves on *1 and comes back on *2.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { phones, stage } from '../kit/index.ts';
import { program } from '../kit/jambonz.ts';

const page = readFileSync(new URL('../../docs/card-payment.md', import.meta.url), 'utf8');
const [, code = ''] = /```js\n([\s\S]*?)```/.exec(page) ?? [];
const story = stage({ phones: ['bob'] });

story('the page’s application takes the media out on *1 and back on *2', async (w) => {
  const { url, token } = w.graine.http;
  process.env['API'] = `${url}/v1/Accounts/${w.accountSid}`;
  process.env['TOKEN'] = token;
  const app = await program('the example of docs/card-payment.md', ['--input-type=module', '-e', code]);
  try {
    await w.register('bob');
    w.phone('bob').onInvite = phones.answersAfter(10, { tone: 620 });
    const forward = async (request: { path: string; raw: string }) =>
      (await (
        await fetch(`http://127.0.0.1:${app.port}${request.path}`, { method: 'POST', body: request.raw })
      ).json()) as unknown[];
    w.app.answers(forward);
    w.app.on('/keys', forward);
    const call = w.calls();
    const bob = await w.phone('bob').nextCall();
    await Promise.all([call.hears(620), bob.hears(440)]);
    const direct = () =>
      Promise.resolve(call.remoteSdp?.port === bob.media?.port && bob.remoteSdp?.port === call.media?.port);
    for (const key of '*1') await bob.pressesByInfo(key);
    await w.eventually('the two talk directly', direct);
    const sid = (await w.next('/keys')).body['parent_call_sid'] as string;
    const trace = async () => JSON.stringify((await w.account('GET', `/Calls/${sid}/Trace`)).body);
    await w.eventually('it is out', async () => (await trace()).includes('media.left'));
    for (const key of '*2') await bob.pressesByInfo(key);
    await w.eventually('the media is back', async () => !(await direct()));
    const since = performance.now();
    await Promise.all([call.hears(620, { since }), bob.hears(440, { since })]);
    await call.hangsUp();
    await bob.byed();
    assert.equal(w.app.all('/keys').length, 2);
  } finally {
    app.stop();
  }
});
