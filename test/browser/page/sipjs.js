// A phone in a page, by SIP.js.
import { Registerer, RegistererState, SessionState, UserAgent, Inviter, Web } from 'sip.js';
import { ear, microphone } from './audio.js';

const events = [];
let agent;
let session;
let hears = () => ({ hz: 0, db: -999 });
const happened = (what) => events.push(what);

function follow(next) {
  session = next;
  next.delegate = { ...next.delegate, onBye: () => happened('bye') };
  next.stateChange.addListener((state) => {
    if (state === SessionState.Established) {
      hears = ear(next.sessionDescriptionHandler.remoteMediaStream);
      happened('confirmed');
    }
    if (state === SessionState.Terminated) happened('ended');
  });
}

globalThis.phone = {
  events,
  async start({ socket, uri, password, hz }) {
    const mic = microphone(hz);
    agent = new UserAgent({
      uri: UserAgent.makeURI(uri),
      authorizationUsername: uri.replace(/^sip:|@.*$/g, ''),
      authorizationPassword: password,
      logLevel: 'error',
      transportOptions: { server: socket },
      sessionDescriptionHandlerFactory: Web.defaultSessionDescriptionHandlerFactory(async () => mic),
      sessionDescriptionHandlerFactoryOptions: { peerConnectionConfiguration: { iceServers: [] } },
      delegate: {
        onInvite: (invitation) => {
          follow(invitation);
          happened('invited');
        },
      },
    });
    await agent.start();
    const registerer = new Registerer(agent, { expires: 120 });
    const registered = new Promise((resolve) => {
      registerer.stateChange.addListener((state) => state === RegistererState.Registered && resolve());
    });
    await registerer.register();
    await registered;
  },
  async call(target) {
    const inviter = new Inviter(agent, UserAgent.makeURI(target));
    follow(inviter);
    await inviter.invite();
  },
  answer: () => session.accept(),
  hangup: () => (session.state === SessionState.Established ? session.bye() : session.cancel()),
  hold: () => session.invite({ sessionDescriptionHandlerModifiers: [Web.holdModifier] }),
  unhold: () => session.invite(),
  press: (digit) => session.sessionDescriptionHandler.sendDtmf(digit, { duration: 120, interToneGap: 70 }),
  hears: () => hears(),
};
