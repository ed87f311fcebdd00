// docs/websocket.md: its application is taken from the page and runs a call.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after } from 'node:test';
import { phones, stage } from '../kit/index.ts';
import { program } from '../kit/jambonz.ts';

const page = readFileSync(new URL('../../docs/websocket.md', import.meta.url), 'utf8');
const [, code = ''] = /```js\n([\s\S]*?)```/.exec(page) ?? [];
const app = await program('the example of docs/websocket.md', ['--input-type=module', '-e', code]);
after(() => app.stop());

const story = stage({
  phones: ['bob'],
  account: () => ({ applications: [{ name: 'main', call_hook: `ws://127.0.0.1:${app.port}/` }] }),
});

story('the page’s application dials bob, and hangs up with what came of it', async (w) => {
  await w.register('bob');
  w.phone('bob').onInvite = phones.answersAfter(10, { tone: 620 });
  const call = w.calls();
  await call.hears(620);
  await (await w.phone('bob').nextCall()).hangsUp();
  assert.equal((await call.byed()).get('x-dialled'), 'completed');
});
