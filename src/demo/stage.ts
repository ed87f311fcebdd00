/** The parties of the demo: four phones, a web application, the server; opened together and closed together. */
import { Phone, phones } from '../testing/index.ts';
import { DemoApp } from './app.ts';
import { demoConfig, type DemoConfig, freePort, realm, token } from './config.ts';

/** The running server as the demo needs it; main.ts and the command hand in how to start one. */
export type DemoServer = { stop(): Promise<void> };
export type StartServer = (config: DemoConfig) => Promise<DemoServer>;

export const callerTone = 440;
export const calleeTone = 620;

export type Stage = {
  readonly caller: Phone;
  readonly carrier: Phone;
  readonly desk: Phone;
  readonly bob: Phone;
  readonly app: DemoApp;
  readonly sip: { readonly host: string; readonly port: number };
  rest(path: string): Promise<Response>;
  close(): Promise<void>;
};

export async function openStage(start: StartServer): Promise<Stage> {
  const [caller, carrier, desk, bob] = await Promise.all([
    Phone.listen({ name: 'caller' }),
    Phone.listen({ name: 'carrier', onInvite: phones.ringsForEver() }),
    Phone.listen({ name: 'desk', onInvite: phones.ringsForEver() }),
    Phone.listen({ name: 'bob', onInvite: phones.answersAfter(900, { tone: calleeTone }) }),
  ]);
  const app = await DemoApp.start(() => [
    {
      verb: 'dial',
      answerOnBridge: true,
      timeout: 20,
      actionHook: '/action',
      target: [
        { type: 'phone', number: '+15559990001', trunk: 'acme' },
        { type: 'sip', sipUri: desk.uri },
        { type: 'user', name: `bob@${realm}` },
      ],
    },
  ]);
  const closeParties = async (): Promise<void> => {
    await Promise.all([caller, carrier, desk, bob, app].map((each) => each.close()));
  };
  const ports = { sip: await freePort(), http: await freePort() };
  let server: DemoServer;
  try {
    server = await start(demoConfig(ports, { caller, carrier, appUrl: app.url('') }));
  } catch (fault) {
    await closeParties();
    throw fault;
  }
  const headers = { authorization: `Bearer ${token}` };
  return {
    caller,
    carrier,
    desk,
    bob,
    app,
    sip: { host: '127.0.0.1', port: ports.sip },
    rest: (path) => fetch(`http://127.0.0.1:${ports.http}${path}`, { headers }),
    async close() {
      await server.stop();
      await closeParties();
    },
  };
}
