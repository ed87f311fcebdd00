// Webhook applications written with jambonz's libraries, as their documentation writes them: express, their JSON builder,
// their signature check.
import assert from 'node:assert/strict';
import http from 'node:http';
import { after } from 'node:test';
import { type Json, Journal, phones, stage } from '../kit/index.ts';
import { express, listening, nodeClient, sdkWebhook } from '../kit/jambonz.ts';

const { WebhookResponse } = nodeClient;
const calls = new Journal<{ path: string; body: Json }>();
const refused = new Journal<string>();

const app = express();
app.use(express.json());
app.use(['/client', '/action'], WebhookResponse.verifyJambonzSignature('whsec_kit'));
app.use('/sdk', sdkWebhook.WebhookResponse.verifySignature('whsec_kit'));
app.use('/forged', WebhookResponse.verifyJambonzSignature(['whsec_other', 'whsec_older']));
app.use((request: Json, _response: Json, next: () => void) => {
  calls.add({ path: request.path, body: request.body });
  next();
});
app.post('/client', (_request: Json, response: Json) => {
  const answer = new WebhookResponse();
  answer.dial({ actionHook: '/action', answerOnBridge: true, target: [{ type: 'sip', sipUri: desk() }] });
  response.status(200).json(answer);
});
app.post('/action', (_request: Json, response: Json) => {
  response.status(200).json(new WebhookResponse().hangup({ headers: { 'X-By': 'node-client' } }));
});
app.post('/sdk', (_request: Json, response: Json) => {
  response.json(new sdkWebhook.WebhookResponse().answer().pause({ length: 0.1 }).redirect({ actionHook: '/sdk/menu' }));
});
app.post('/sdk/menu', (request: Json, response: Json) => {
  const call = request.body.call_sid;
  response.json(new sdkWebhook.WebhookResponse().tag({ data: { call } }).hangup({ headers: { 'X-By': 'sdk' } }));
});
app.post('/status', (_request: Json, response: Json) => response.sendStatus(200));
app.post('/forged', (_request: Json, response: Json) => response.json([]));
app.use((fault: Error, _request: Json, response: Json, _next: () => void) => {
  refused.add(fault.message);
  response.sendStatus(401);
});
const server = http.createServer(app);
const port = await listening(server);
after(() => server.closeAllConnections());

let desk = (): string => '';
const url = (path: string): string => `http://127.0.0.1:${port}${path}`;

const story = stage({
  // @jambonz/sdk compiles its schemas for each call: half a second of a processor, which a busy machine may not have to give.
  config: { hooks: { timeout_seconds: 30 } },
  phones: ['desk'],
  account: (w) => {
    desk = () => w.phone('desk').uri;
    return {
      applications: [
        { name: 'main', call_hook: url('/client'), call_status_hook: url('/status') },
        { name: 'sdk', call_hook: url('/sdk') },
        { name: 'forged', call_hook: url('/forged') },
      ],
      phone_numbers: [
        { number: '+15551230002', carrier: 'origin', application: 'sdk' },
        { number: '+15551230003', carrier: 'origin', application: 'forged' },
      ],
    };
  },
});

const requested = (path: string): Promise<{ body: Json }> =>
  calls.until((call) => call.path === path, { what: `a request to ${path}` });

story('@jambonz/node-client: a signed dial application runs, with its actionHook and states', async (w) => {
  w.phone('desk').onInvite = phones.answersAfter(10, { tone: 620 });
  const call = w.calls();
  await call.hears(620);
  await (await w.phone('desk').nextCall()).hangsUp();
  assert.equal((await call.byed()).get('x-by'), 'node-client');
  assert.equal((await requested('/action')).body.dial_call_status, 'completed');
  await calls.until(({ path, body }) => path === '/status' && body.call_status === 'completed', { what: 'completed' });
  assert.deepEqual(refused.entries, []);
});

story('@jambonz/sdk: a signed application answers, waits, redirects and hangs up', async (w) => {
  const call = w.calls({ to: '+15551230002' });
  assert.equal((await call.byed()).get('x-by'), 'sdk');
  assert.deepEqual(refused.entries, []);
});

story('a secret that is not the account’s: their check refuses us, the caller gets 480', async (w) => {
  assert.equal((await w.calls({ to: '+15551230003' }).refused()).status, 480);
  assert.match(await refused.until(() => true, { what: 'a refusal' }), /No matching signatures/);
});
