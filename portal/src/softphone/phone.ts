/** The phone of the panel: registers over WebSocket with the credentials it is lent, and has one call at a time. */
import { UA, WebSocketInterface } from 'jssip';
import type { RTCSession } from 'jssip/lib/RTCSession.js';
import { api, messageOf } from '../api/index.ts';
import { type CallView, PhoneCall } from './phone-call.ts';
import { closeMicrophone, openMicrophone } from './microphone.ts';
import { Ringer } from './ringer.ts';

export type LineState = 'starting' | 'ready' | 'lost' | 'failed';

export type PhoneView = {
  readonly line: LineState;
  /** Why the line failed, or the call could not be made. */
  readonly fault: string | undefined;
  /** Under which name others reach this phone. */
  readonly name: string | undefined;
  /** There is somebody who says back what is said: the demo's. */
  readonly echo: boolean;
  readonly call: CallView | undefined;
  /** How the last call ended. */
  readonly last: string | undefined;
  /** Whom a call was with that loading the page anew ended. It can be made again, not gone on with. */
  readonly cut: string | undefined;
};

type Credentials = {
  readonly username: string;
  readonly password: string;
  readonly realm: string;
  readonly name: string | null;
};
type Server = {
  readonly sip: { readonly ws: string | null; readonly wss: string | null };
  readonly features: Readonly<Record<string, boolean>>;
};

export type PhoneOptions = {
  readonly accountSid: string;
  readonly shownName: string;
  /** A call comes in. */
  readonly onIncoming: () => void;
};

/** Where the page is secure the browser takes wss only, but for this machine. */
function socketOf({ ws, wss }: Server['sip']): string {
  const url = location.protocol === 'https:' ? wss : (ws ?? wss);
  if (url !== null) return url;
  const missing = location.protocol === 'https:' ? 'wss://' : 'ws://';
  throw new Error(`The server has no ${missing} listener. Add one to sip.listen in its configuration.`);
}

/** In the page's own storage, which a reload keeps. */
const kept = 'graine.call';

/** No servers for ICE: the one candidate of the server is all that is needed. */
const pcConfig = { iceServers: [] };

export class Phone {
  readonly #options: PhoneOptions;
  readonly #listeners = new Set<() => void>();
  readonly #ringer = new Ringer();
  readonly #speaker = new Audio();
  #view: PhoneView = {
    line: 'starting',
    fault: undefined,
    name: undefined,
    echo: false,
    call: undefined,
    last: undefined,
    cut: undefined,
  };
  #agent: UA | undefined;
  #realm = '';
  #call: PhoneCall | undefined;
  #input = '';
  #closed = false;

  constructor(options: PhoneOptions) {
    this.#options = options;
    this.#speaker.autoplay = true;
    this.#view = { ...this.#view, cut: sessionStorage.getItem(kept) ?? undefined };
    sessionStorage.removeItem(kept);
    window.addEventListener('pagehide', this.#unload);
    window.addEventListener('beforeunload', this.#warn);
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly view = (): PhoneView => this.#view;

  async start(): Promise<void> {
    this.#agent?.stop();
    this.#agent = undefined;
    this.#set({ line: 'starting', fault: undefined });
    try {
      const server = await api.get<Server>('/v1/Portal/Config');
      const socket = socketOf(server.sip);
      const lent = await api.post<Credentials>(`/v1/Accounts/${this.#options.accountSid}/SoftphoneCredentials`);
      if (this.#closed) return;
      this.#realm = lent.realm;
      this.#set({ name: lent.name ?? lent.username, echo: server.features['echo'] === true });
      this.#register(socket, lent);
    } catch (fault) {
      if (!this.#closed) this.#set({ line: 'failed', fault: messageOf(fault) });
    }
  }

  close(): void {
    this.#closed = true;
    window.removeEventListener('pagehide', this.#unload);
    window.removeEventListener('beforeunload', this.#warn);
    this.#leave();
    this.#ringer.close();
    this.#speaker.srcObject = null;
    this.#listeners.clear();
  }

  async dial(wanted: string): Promise<void> {
    const target = wanted.trim();
    if (target === '' || this.#call !== undefined || this.#agent === undefined) return;
    const call = this.#begin({ peer: target, address: target, incoming: false });
    const microphone = await this.#microphone(call);
    if (microphone === undefined) return;
    await call.speak(microphone);
    call.step('sent');
    try {
      const options = { mediaStream: microphone, pcConfig, fromDisplayName: this.#options.shownName };
      this.#agent.call(this.#uriOf(target), options);
    } catch {
      call.finish(`'${target}' cannot be called: a number, a name, or name@domain can`);
    }
  }

  async answer(): Promise<void> {
    const call = this.#call;
    if (call?.view.phase !== 'incoming') return;
    call.step('accept');
    const microphone = await this.#microphone(call);
    if (microphone === undefined) return;
    await call.speak(microphone);
    call.session?.answer({ mediaStream: microphone, pcConfig });
  }

  end(): void {
    this.#call?.end();
  }

  press(key: string): void {
    this.#call?.press(key);
  }

  mute(muted: boolean): void {
    this.#call?.mute(muted);
  }

  hold(held: boolean): void {
    if (this.#call?.hold(held) === false)
      this.#set({ fault: 'The call is being changed already. Try again in a moment.' });
  }

  transfer(to: string): void {
    const target = to.trim();
    if (target !== '') this.#call?.transfer(this.#uriOf(target), target);
  }

  async useInput(deviceId: string): Promise<void> {
    this.#input = deviceId;
    const call = this.#call;
    if (call === undefined || call.view.phase === 'incoming') return;
    try {
      const microphone = await openMicrophone(deviceId);
      if (this.#call === call) await call.speak(microphone);
      else closeMicrophone(microphone);
    } catch (fault) {
      this.#set({ fault: messageOf(fault) });
    }
  }

  async useOutput(deviceId: string): Promise<void> {
    try {
      await this.#speaker.setSinkId(deviceId);
    } catch (fault) {
      this.#set({ fault: `The loudspeaker cannot be used: ${messageOf(fault)}` });
    }
  }

  #register(socket: string, { username, password, realm }: Credentials): void {
    const agent = new UA({
      sockets: [new WebSocketInterface(socket)],
      uri: `sip:${username}@${realm}`,
      password,
      display_name: this.#options.shownName,
      register_expires: 120,
      session_timers: false,
    });
    this.#agent = agent;
    agent.on('registered', () => this.#set({ line: 'ready', fault: undefined }));
    agent.on('disconnected', () => {
      if (!this.#closed) this.#set({ line: 'lost' });
    });
    agent.on('registrationFailed', ({ cause }) => {
      if (this.#closed || this.#view.line === 'lost') return;
      this.#set({ line: 'failed', fault: `The server did not take this phone: ${cause ?? 'no answer'}.` });
    });
    agent.on('newRTCSession', ({ originator, session }: { originator: string; session: RTCSession }) => {
      if (originator === 'local') this.#call?.follow(session);
      else this.#invited(session);
    });
    agent.start();
  }

  #invited(session: RTCSession): void {
    if (this.#call !== undefined) return session.terminate({ status_code: 486, reason_phrase: 'Busy Here' });
    const { display_name: shown, uri } = session.remote_identity;
    const call = this.#begin({
      peer: shown || uri.user || 'somebody',
      address: `${uri.user}@${uri.host}`,
      incoming: true,
    });
    call.follow(session);
    this.#options.onIncoming();
  }

  #begin(who: Pick<CallView, 'peer' | 'address' | 'incoming'>): PhoneCall {
    const call: PhoneCall = new PhoneCall({
      ...who,
      changed: () => this.#told(call),
      heard: (stream) => {
        this.#speaker.srcObject = stream;
        void this.#speaker.play().catch(() => undefined);
      },
      ended: (how) => this.#over(call, how),
    });
    this.#call = call;
    this.#set({ fault: undefined, last: undefined, cut: undefined });
    this.#told(call);
    return call;
  }

  #told(call: PhoneCall): void {
    if (call !== this.#call) return;
    const { phase } = call.view;
    this.#ringer.play(phase === 'incoming' ? 'bell' : call.ringsHere ? 'ringback' : undefined);
    this.#set({ call: call.view });
  }

  #over(call: PhoneCall, how: string): void {
    if (call !== this.#call) return;
    this.#call = undefined;
    this.#ringer.play(undefined);
    this.#speaker.srcObject = null;
    this.#set({ call: undefined, last: how });
  }

  /** Undefined: there is none, which was said, or the call ended while the person was asked. */
  async #microphone(call: PhoneCall): Promise<MediaStream | undefined> {
    try {
      const microphone = await openMicrophone(this.#input);
      if (this.#call === call) return microphone;
      closeMicrophone(microphone);
    } catch (fault) {
      // Who cannot speak yet may mend it and still take the call at another phone: 480, not a refusal by the person.
      if (call.session === undefined) call.finish(`${call.view.peer} was not called`);
      else call.session.terminate({ status_code: 480, reason_phrase: 'Temporarily Unavailable' });
      this.#set({ fault: messageOf(fault) });
    }
    return undefined;
  }

  #uriOf(target: string): string {
    if (/^sips?:/i.test(target)) return target;
    const bare = target.replaceAll(/\s/g, '');
    return `sip:${bare.includes('@') ? bare : `${bare}@${this.#realm}`}`;
  }

  #set(change: Partial<PhoneView>): void {
    this.#view = { ...this.#view, ...change };
    for (const listener of this.#listeners) listener();
  }

  readonly #unload = (): void => {
    const call = this.#call?.view;
    if (call?.phase === 'talking') sessionStorage.setItem(kept, call.address);
    this.#leave();
  };

  /** BYE and un-REGISTER go out with the page where the browser still lets them; the server notices otherwise. */
  readonly #leave = (): void => {
    this.#call?.end();
    this.#agent?.stop();
    this.#agent = undefined;
  };

  readonly #warn = (event: BeforeUnloadEvent): void => {
    if (this.#call !== undefined) event.preventDefault();
  };
}
