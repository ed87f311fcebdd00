// A phone in a page, by JsSIP.
import JsSIP from 'jssip';
import { ear, microphone } from './audio.js';

const events = [];
let ua;
let session;
let mic;
let hears = () => ({ hz: 0, db: -999 });
const happened = (what) => events.push(what);

function follow(next) {
  session = next;
  const listen = (connection) =>
    connection.addEventListener('track', ({ streams }) => {
      hears = ear(streams[0]);
    });
  if (next.connection) listen(next.connection);
  else next.on('peerconnection', ({ peerconnection }) => listen(peerconnection));
  next.on('progress', () => happened('progress'));
  next.on('confirmed', () => happened('confirmed'));
  next.on('hold', ({ originator }) => happened(`hold ${originator}`));
  next.on('unhold', ({ originator }) => happened(`unhold ${originator}`));
  next.on('ended', ({ cause, originator }) => happened(`ended ${originator} ${cause}`));
  next.on('failed', ({ cause, originator, message }) =>
    happened(`failed ${originator} ${message?.status_code ?? cause} ${message?.getHeader?.('Warning') ?? ''}`),
  );
}

function leaveOpus(said) {
  if (said.originator === 'local') said.sdp = said.sdp.replace(/(m=audio \d+ \S+).*/, '$1 111 110');
}

globalThis.phone = {
  events,
  start({ socket, uri, password, hz }) {
    mic = microphone(hz);
    ua = new JsSIP.UA({
      // The first as long as it can be had.
      sockets: socket.split(' ').map((url, at) => ({ socket: new JsSIP.WebSocketInterface(url), weight: 9 - at })),
      uri,
      password,
      register_expires: 120,
      connection_recovery_max_interval: 2,
    });
    ua.on('newRTCSession', ({ originator, session: next }) => {
      follow(next);
      if (originator === 'remote') happened('invited');
    });
    return new Promise((resolve, reject) => {
      ua.on('registered', () => happened('registered'));
      ua.on('registered', resolve);
      ua.on('registrationFailed', ({ cause }) => reject(new Error(cause)));
      ua.start();
    });
  },
  /** `only`: 'opus' leaves nothing else in the offer. */
  call(target, only) {
    const options = { mediaStream: mic, pcConfig: { iceServers: [] } };
    if (only === 'opus') ua.once('newRTCSession', ({ session: next }) => next.on('sdp', leaveOpus));
    ua.call(target, options);
  },
  answer: () => session.answer({ mediaStream: mic, pcConfig: { iceServers: [] } }),
  hangup: () => session.terminate(),
  hold: () => session.hold(),
  unhold: () => session.unhold(),
  restartIce: () => session.renegotiate({ rtcOfferConstraints: { iceRestart: true } }),
  press: (digit) => session.sendDTMF(digit, { transportType: 'RFC2833', duration: 120 }),
  /** Our ICE user and the server's, as they are in force. */
  ice: () =>
    ['localDescription', 'remoteDescription']
      .map((side) => /a=ice-ufrag:(.*)/.exec(session.connection[side].sdp)?.[1])
      .join(' '),
  hears: () => hears(),
  codec: async () => {
    const stats = [...(await session.connection.getStats()).values()];
    const inbound = stats.find((each) => each.type === 'inbound-rtp');
    return stats.find((each) => each.id === inbound?.codecId)?.mimeType;
  },
  stop: () => ua.stop(),
};
