// WebSocket applications written with jambonz's three libraries.
import assert from 'node:assert/strict';
import http from 'node:http';
import { type Json, Journal, phones, stage, toSip, type World } from '../kit/index.ts';
import { listening, nodeClient, nodeClientWs, quiet, sdkWebsocket } from '../kit/jambonz.ts';

// @jambonz/node-client-ws
const client = http.createServer();
const clientPort = await listening(client);
const service = nodeClientWs.createEndpoint({ server: client, logger: quiet })({ path: '/client' });
// @jambonz/sdk
const sdk = http.createServer();
const sdkPort = await listening(sdk);
const makeService = sdkWebsocket.createEndpoint({ server: sdk, logger: quiet });
const sdkService = makeService({ path: '/sdk' });
const otherService = makeService({ path: '/other' });
// @jambonz/node-client, whose applications bring their own server
const { WebSocketServer } = await import('ws');
const plain = http.createServer();
const plainPort = await listening(plain);
const router = new nodeClient.WsRouter();
const wss = new WebSocketServer({ server: plain, handleProtocols: nodeClient.handleProtocols });
wss.on('connection', (ws, request) => void new nodeClient.WsSession({ logger: quiet, router, ws, req: request }));

const ws = (port: number, path: string): string => `ws://127.0.0.1:${port}${path}`;
const heard = new Journal<{ what: string; data: Json }>();
const tell = stage({
  phones: ['desk'],
  account: () => ({
    applications: [
      { name: 'main', call_hook: ws(clientPort, '/client') },
      { name: 'sdk', call_hook: ws(sdkPort, '/sdk') },
      { name: 'plain', call_hook: ws(plainPort, '/plain') },
    ],
    phone_numbers: [
      { number: '+15551230002', carrier: 'origin', application: 'sdk' },
      { number: '+15551230003', carrier: 'origin', application: 'plain' },
    ],
  }),
});
const story = (title: string, play: (w: World) => Promise<void>): void =>
  tell(title, async (w) => {
    heard.entries.length = 0;
    for (const each of [service, sdkService, otherService]) each.removeAllListeners();
    w.phone('desk').onInvite = phones.answersAfter(10, { tone: 620 });
    await play(w);
  });
const hears = (what: string, match: (data: Json) => boolean = () => true): Promise<{ data: Json }> =>
  heard.until((each) => each.what === what && match(each.data), { what: `the application to hear ${what}` });

/** Listens to everything of a session. */
function follow(session: Json): void {
  for (const what of ['call:status', 'verb:status', 'jambonz:error'])
    session.on(what, (data: Json) => heard.add({ what, data }));
  session.on('close', (code: number) => heard.add({ what: 'close', data: code }));
}

story('@jambonz/node-client-ws: verbs, hooks, states and the end', async (w) => {
  service.on('session:new', (session: Json) => {
    follow(session);
    session.on('/action', (data: Json) => {
      heard.add({ what: '/action', data });
      session.hangup({ headers: { 'X-By': 'node-client-ws' } }).reply();
    });
    session.dial({ actionHook: '/action', target: [toSip(w.phone('desk'))] }).send();
  });
  const call = w.calls();
  await call.hears(620);
  await (await w.phone('desk').nextCall()).hangsUp();
  assert.equal((await call.byed()).get('x-by'), 'node-client-ws');
  assert.equal((await hears('/action')).data.dial_call_status, 'completed');
  await hears('call:status', (data) => data.call_status === 'completed' && data.direction === 'inbound');
  assert.equal((await hears('close')).data, 1000);
});

story('@jambonz/node-client-ws: injected commands: mute, dtmf, tag, redirect, call:status', async (w) => {
  let session: Json;
  service.on('session:new', (each: Json) => {
    session = each;
    follow(session);
    session.dial({ target: [toSip(w.phone('desk'))] }).send();
  });
  const call = w.calls();
  await call.hears(620);
  const { data } = await hears(
    'call:status',
    (each) => each.direction === 'outbound' && each.call_status === 'in-progress',
  );
  const desk = await w.phone('desk').nextCall();
  session.injectCommand('dtmf', { digit: '5' }, data.call_sid);
  await desk.media?.ears.digits.until((each) => each.digit === '5', { what: 'a 5 at the callee' });
  session.injectCommand('mute:status', { mute_status: 'mute' });
  session.injectCommand('mute:status', { mute_status: 'unmute' });
  session.injectCommand('tag', { order: 7 });
  session.injectCommand('conf:mute-status', { conf_mute_status: 'mute' });
  assert.match((await hears('jambonz:error')).data.details, /conf_mute_status/);
  session.pause({ length: 600 }).send();
  await desk.byed();
  session.injectCommand('call:status', { call_status: 'completed' });
  await call.byed();
  const last = await hears('call:status', (each) => each.call_status === 'completed' && each.direction === 'inbound');
  assert.deepEqual(last.data.customerData, { order: 7 });
  assert.equal(heard.entries.filter(({ what }) => what === 'jambonz:error').length, 1);
});

story('@jambonz/node-client-ws: confirmHook is answered over the socket', async (w) => {
  service.on('session:new', (session: Json) => {
    session.on('/confirm', (data: Json) => {
      heard.add({ what: '/confirm', data });
      session.pause({ length: 0.1 }).reply();
    });
    session.dial({ confirmHook: '/confirm', target: [toSip(w.phone('desk'))] }).send();
  });
  const call = w.calls();
  await call.hears(620);
  assert.equal((await hears('/confirm')).data.direction, 'outbound');
  await call.hangsUp();
});

story('@jambonz/node-client-ws: after a lost connection the session goes on', async (w) => {
  service.on('session:new', (session: Json) => {
    session.answer().send();
    heard.add({ what: 'new', data: session });
  });
  service.on('session:reconnect', (session: Json) => {
    heard.add({ what: 'reconnect', data: session });
    session.reply();
    session.hangup({ headers: { 'X-By': 'reconnect' } }).send();
  });
  const call = w.calls();
  await call.answered();
  (await hears('new')).data.ws.terminate();
  const again = (await hears('reconnect')).data;
  assert.equal(again.call_sid, (await hears('new')).data.call_sid);
  assert.equal((await call.byed()).get('x-by'), 'reconnect');
});

story('@jambonz/sdk: verbs, hooks, states, injected commands and the end', async (w) => {
  let session: Json;
  sdkService.on('session:new', (each: Json) => {
    session = each;
    follow(session);
    session.on('/action', (data: Json) => {
      heard.add({ what: '/action', data });
      session.hangup({ headers: { 'X-By': 'sdk' } }).reply();
    });
    session.dial({ actionHook: '/action', target: [toSip(w.phone('desk'))] }).send();
  });
  const call = w.calls({ to: '+15551230002' });
  await call.hears(620);
  const { data } = await hears(
    'call:status',
    (each) => each.direction === 'outbound' && each.call_status === 'in-progress',
  );
  const desk = await w.phone('desk').nextCall();
  assert.equal(session.callSid, data.parent_call_sid);
  session.injectDtmf('#', 200, data.call_sid);
  await desk.media?.ears.digits.until((each) => each.digit === '#', { what: 'a # at the callee' });
  session.injectMute('mute');
  session.injectMute('unmute');
  session.injectTag({ order: 8 });
  session.injectNoiseIsolation('enable');
  assert.equal((await hears('jambonz:error')).data.command, 'noiseIsolation:status');
  await desk.hangsUp();
  assert.equal((await call.byed()).get('x-by'), 'sdk');
  assert.deepEqual((await hears('/action')).data.customerData, { order: 8 });
  assert.equal((await hears('close')).data, 1000);
});

story('@jambonz/sdk: injectRedirect moves the call to another service', async (w) => {
  sdkService.on('session:new', (session: Json) => {
    session.answer().send();
    session.injectRedirect(ws(sdkPort, '/other'));
  });
  otherService.on('session:redirect', (session: Json) => {
    session.hangup({ headers: { 'X-By': 'other' } }).reply();
  });
  assert.equal((await w.calls({ to: '+15551230002' }).byed()).get('x-by'), 'other');
});

story('@jambonz/node-client: WsRouter and WsSession, acks and commands by hand', async (w) => {
  const { WebhookResponse } = nodeClient;
  router.use('/plain', (socket: Json) => {
    socket.on('session:new', ({ msgid, payload }: Json) => {
      heard.add({ what: 'new', data: payload });
      socket.ack(msgid, new WebhookResponse().answer().toJSON());
      const dial = new WebhookResponse().dial({ actionHook: '/action', target: [toSip(w.phone('desk'))] });
      socket.sendCommand('redirect', dial, true);
    });
    socket.on('verb:hook', ({ msgid, hook, payload }: Json) => {
      heard.add({ what: hook, data: payload });
      socket.ack(msgid, new WebhookResponse().hangup({ headers: { 'X-By': 'node-client' } }).toJSON());
    });
    socket.on('call:status', ({ payload }: Json) => heard.add({ what: 'call:status', data: payload }));
  });
  const call = w.calls({ to: '+15551230003' });
  await hears('new');
  await call.hears(620);
  await (await w.phone('desk').nextCall()).hangsUp();
  assert.equal((await call.byed()).get('x-by'), 'node-client');
  assert.equal((await hears('/action')).data.dial_call_status, 'completed');
  await hears('call:status', (data) => data.call_status === 'completed');
});
