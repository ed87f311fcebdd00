/** One call of the phone: JsSIP's session on one side, what the panel shows on the other. */
import type { RTCSession } from 'jssip/lib/RTCSession.js';
import { after, type Happening, type Phase } from './call-states.ts';
import { endingOf, wordsOf } from './causes.ts';
import { closeMicrophone } from './microphone.ts';

export type CallView = {
  readonly phase: Phase;
  readonly incoming: boolean;
  readonly peer: string;
  /** What calls them again. */
  readonly address: string;
  readonly since: number | undefined;
  readonly muted: boolean;
  readonly heldHere: boolean;
  readonly heldThere: boolean;
  /** How the transfer that was asked for goes. */
  readonly transfer: string | undefined;
  /** Keys that were pressed, the last of them. */
  readonly keys: string;
};

export type PhoneCallOptions = {
  readonly peer: string;
  readonly address: string;
  readonly incoming: boolean;
  readonly changed: () => void;
  readonly heard: (stream: MediaStream) => void;
  readonly ended: (how: string) => void;
};

/** Of the REFER itself, or told by a NOTIFY later. */
type Refusal = {
  readonly cause?: string;
  readonly response?: { readonly status_code?: number } | null;
  readonly status_line?: { readonly status_code?: number };
};

const mostKeys = 24;

export class PhoneCall {
  readonly #options: PhoneCallOptions;
  #view: CallView;
  #session: RTCSession | undefined;
  #microphone: MediaStream | undefined;
  /** The far end sends its own ringing or announcement. */
  #early = false;

  constructor(options: PhoneCallOptions) {
    const { peer, address, incoming } = options;
    this.#options = options;
    this.#view = {
      phase: after('idle', incoming ? 'invited' : 'dial'),
      incoming,
      peer,
      address,
      since: undefined,
      muted: false,
      heldHere: false,
      heldThere: false,
      transfer: undefined,
      keys: '',
    };
  }

  get view(): CallView {
    return this.#view;
  }

  get session(): RTCSession | undefined {
    return this.#session;
  }

  get ringsHere(): boolean {
    return this.#view.phase === 'ringing' && !this.#early;
  }

  /** The microphone of this call; the one before is let go. */
  async speak(microphone: MediaStream): Promise<void> {
    const before = this.#microphone;
    this.#microphone = microphone;
    const [track] = microphone.getAudioTracks();
    const connection = this.#session?.connection as RTCPeerConnection | undefined;
    const sender = connection?.getSenders().find((each) => each.track === null || each.track.kind === 'audio');
    if (before !== undefined && sender !== undefined && track !== undefined) {
      track.enabled = !this.#view.muted && !this.#view.heldHere;
      await sender.replaceTrack(track);
    }
    closeMicrophone(before);
  }

  follow(session: RTCSession): void {
    this.#session = session;
    const listen = (connection: RTCPeerConnection): void =>
      connection.addEventListener('track', ({ streams: [stream] }) => {
        if (stream !== undefined) this.#options.heard(stream);
      });
    if (session.connection) listen(session.connection);
    else session.on('peerconnection', ({ peerconnection }) => listen(peerconnection));
    session.on('progress', ((event: { response?: { body?: string } }) => {
      if (this.#view.incoming) return;
      this.#early = Boolean(event.response?.body);
      this.step('rings');
    }) as never);
    session.on('confirmed', () => this.step('confirmed', { since: Date.now() }));
    const held = (): void => {
      const { local, remote } = session.isOnHold();
      this.#set({ heldHere: local, heldThere: remote });
    };
    session.on('hold', held);
    session.on('unhold', held);
    const over = ({ originator, cause, message }: { originator: string; cause: string; message?: unknown }): void => {
      const { status_code: status } = (message ?? {}) as { status_code?: number };
      this.finish(endingOf({ originator, cause, status }, this.#view.peer));
    };
    session.on('ended', over);
    session.on('failed', over);
  }

  step(happening: Happening, more: Partial<CallView> = {}): void {
    this.#set({ ...more, phase: after(this.#view.phase, happening) });
  }

  finish(how: string): void {
    if (this.#view.phase === 'idle') return;
    closeMicrophone(this.#microphone);
    this.#microphone = undefined;
    this.#view = { ...this.#view, phase: after(this.#view.phase, 'over') };
    this.#options.ended(how);
  }

  /** Declines, gives up or hangs up, whichever it is time for. */
  end(): void {
    const session = this.#session;
    if (session === undefined || session.isEnded()) return this.finish(`You gave up calling ${this.#view.peer}`);
    if (this.#view.phase === 'incoming') session.terminate({ status_code: 603, reason_phrase: 'Decline' });
    else session.terminate();
  }

  press(key: string): void {
    if (this.#view.phase !== 'talking') return;
    this.#session?.sendDTMF(key, { transportType: 'RFC2833' as never, duration: 120 });
    this.#set({ keys: (this.#view.keys + key).slice(-mostKeys) });
  }

  mute(muted: boolean): void {
    if (muted) this.#session?.mute({ audio: true });
    else this.#session?.unmute({ audio: true });
    this.#set({ muted });
  }

  /** False: another change of the call is on its way. */
  hold(held: boolean): boolean {
    return (held ? this.#session?.hold() : this.#session?.unhold()) ?? false;
  }

  /** Hands the other party to `target` (REFER) and tells how it goes; the server ends our side when it is done. */
  transfer(target: string, name: string): void {
    const told = (transfer: string) => () => this.#set({ transfer });
    const refused = (event: Refusal): void => {
      const status = event.status_line?.status_code ?? event.response?.status_code;
      // 603 to the REFER itself: nobody is asked. docs/verbs/dial.md, Transfers.
      const why =
        event.response?.status_code === 603
          ? 'the application of this call does not allow it. It must have a referHook'
          : wordsOf(status, event.cause ?? 'no answer');
      this.#set({ transfer: `Not transferred to ${name}: ${why}.` });
    };
    this.#session?.refer(target, {
      eventHandlers: {
        requestFailed: refused,
        failed: refused,
        trying: told(`Transferring to ${name}`),
        progress: told(`${name} is ringing`),
        accepted: told(`Transferred to ${name}`),
      },
    });
    this.#set({ transfer: `Transferring to ${name}` });
  }

  #set(change: Partial<CallView>): void {
    this.#view = { ...this.#view, ...change };
    this.#options.changed();
  }
}
