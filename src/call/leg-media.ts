/** One leg's audio: a port pair of the media engine and the offer/answer that goes with it. */
import {
  type Agreement,
  type Direction,
  type Format,
  type IceCredentials,
  type LocalMedia,
  Negotiation,
  type NegotiationSnapshot,
  type SrtpPolicy,
  type SrtpSuite,
} from '../sdp/index.ts';
import type { MediaEngine, PlayOptions, PlayProgress, Quality, StreamSettings } from '../ports/index.ts';
import type { Services } from './services.ts';

const events = 'TELEPHONE-EVENT';
let plays = 0;

/** Whose audio it is. */
export type MediaOwner = {
  readonly session: string;
  readonly callSid: string;
  readonly srtp: SrtpPolicy;
  /** The audio is encrypted from now on, or in the clear again. */
  readonly encrypted: (suite: SrtpSuite | undefined) => void;
  /** Keys are tones in the audio there, and nothing else. */
  readonly tones: () => boolean;
};

export type MediaSnapshot = { readonly port: number; readonly negotiation: NegotiationSnapshot };

export class LegMedia {
  readonly negotiation: Negotiation;
  readonly #engine: MediaEngine;
  #endpoint: string;
  #moves = 0;
  readonly #encrypted: MediaOwner['encrypted'];
  readonly #tones: MediaOwner['tones'];
  #suite: SrtpSuite | undefined;
  #released: Promise<Quality | undefined> | undefined;
  #muted = false;

  private constructor(engine: MediaEngine, { callSid, encrypted, tones }: MediaOwner, negotiation: Negotiation) {
    this.#engine = engine;
    this.#endpoint = callSid;
    this.#encrypted = encrypted;
    this.#tones = tones;
    this.negotiation = negotiation;
  }

  /** Reserves ports in the session's worker. Rejects when there are none. */
  static async open(services: Services, owner: MediaOwner): Promise<LegMedia> {
    const { random } = services;
    const local = await services.media.open({ session: owner.session, endpoint: owner.callSid });
    const bytes = (length: number): Buffer => random.bytes(length);
    const { fingerprint, ssrc } = local;
    const freshIce = (): IceCredentials => ({ ufrag: random.token(8), pwd: random.token(24) });
    const web = fingerprint === undefined ? {} : { web: { fingerprint, ssrc, freshIce } };
    const security = { policy: owner.srtp, bytes };
    const negotiation = new Negotiation({ ...local, ...web }, String(random.integer(2 ** 31)), security);
    return new LegMedia(services.media, owner, negotiation);
  }

  /** The same ports and the same agreement as in an earlier process. Rejects when the ports cannot be had. */
  static async restore(services: Services, owner: MediaOwner, kept: MediaSnapshot): Promise<LegMedia> {
    await services.media.open({ session: owner.session, endpoint: owner.callSid, port: kept.port });
    return new LegMedia(services.media, owner, Negotiation.restore(kept.negotiation));
  }

  /** Undefined before anything was agreed. */
  snapshot(): MediaSnapshot | undefined {
    const negotiation = this.negotiation.snapshot();
    return negotiation === undefined ? undefined : { port: negotiation.local.port, negotiation };
  }

  /** Its name in the engine. */
  get endpoint(): string {
    return this.#endpoint;
  }

  /** Takes ports of another session's worker, which the next offer shows. Then either `keep` gives the old ones back, or
   * `undo` the new. */
  async move(session: string): Promise<{ keep(): void; undo(): void }> {
    const before = this.#endpoint;
    const endpoint = `${before.replace(/~\d+$/, '')}~${++this.#moves}`;
    const local = await this.#engine.open({ session, endpoint });
    if (this.#released !== undefined) {
      void this.#engine.release(endpoint).catch(() => {});
      throw new Error('the call ended meanwhile');
    }
    const shown = this.negotiation.relocate(local);
    this.#endpoint = endpoint;
    return {
      keep: () => void this.#engine.release(before).catch(() => {}),
      undo: () => {
        this.negotiation.relocate(shown);
        this.#endpoint = before;
        void this.#engine.release(endpoint).catch(() => {});
      },
    };
  }

  /** The engine has it elsewhere: the next offer or answer shows where. */
  relocated(to: Pick<LocalMedia, 'address' | 'port' | 'rtcpPort'>): void {
    const before = this.negotiation.relocate({ ...to });
    this.negotiation.relocate({ ...before, ...to });
  }

  /** The codec we send, once agreed. */
  get codec(): Format | undefined {
    return this.negotiation.agreement?.payloads[0]?.format;
  }

  /** Tells the engine what was agreed, and where the far end's signalling comes from: behind NAT its media does too. What
   * is agreed after the end of the call is nobody's concern. */
  configure(agreement: Agreement, signalledFrom: string): Promise<void> {
    if (this.#released !== undefined) return Promise.resolve();
    const suite = agreement.srtp?.send.suite;
    if (suite !== this.#suite) this.#encrypted(suite);
    this.#suite = suite;
    const settings = settingsOf(agreement, signalledFrom);
    const payloads = this.#tones() ? settings.payloads.filter(({ codec }) => codec !== events) : settings.payloads;
    return this.#engine.configure(this.endpoint, { ...settings, payloads });
  }

  /** Nothing is sent any more, and what comes is only counted: the far ends talk to each other. */
  park(): Promise<void> {
    const { agreement } = this.negotiation;
    if (agreement === undefined || this.#released !== undefined) return Promise.resolve();
    const settings = settingsOf(agreement, '');
    return this.#engine.configure(this.endpoint, { ...settings, remote: undefined, direction: 'inactive' });
  }

  /** Plays to this leg's far end; resolves when the engine has begun. */
  play(options: PlayOptions): string {
    const play = `${this.endpoint}-${++plays}`;
    this.#engine.play(this.endpoint, play, options).catch(() => {});
    return play;
  }

  /** Silence. Resolves to how far the play came; undefined when that is not to be had any more. */
  stopPlay(): Promise<PlayProgress | undefined> {
    return this.#engine.stopPlay(this.endpoint).catch(() => undefined);
  }

  sendDigits(digits: string, durationMs: number): Promise<void> {
    return this.#engine.sendDigits(this.endpoint, digits, durationMs);
  }

  /** While true nothing the far end says or presses goes anywhere. */
  get muted(): boolean {
    return this.#muted;
  }

  mute(muted: boolean): Promise<void> {
    this.#muted = muted;
    return this.#engine.mute(this.endpoint, muted);
  }

  quality(): Promise<Quality | undefined> {
    return this.#released ?? this.#engine.quality(this.endpoint).catch(() => undefined);
  }

  /** Gives the ports back. The last figures, the same to everyone who asks. */
  release(): Promise<Quality | undefined> {
    this.#released ??= this.#engine.release(this.endpoint).catch(() => undefined);
    return this.#released;
  }
}

function settingsOf(agreement: Agreement, signalledFrom: string): StreamSettings {
  return {
    remote: remoteOf(agreement, signalledFrom),
    payloads: agreement.payloads.map(({ receive, send, format }) => ({
      receive,
      send,
      codec: format.codec,
      clockRate: format.clockRate,
      channels: format.channels,
      ...(format.fmtp === undefined ? {} : { fmtp: format.fmtp }),
    })),
    direction: agreement.direction,
    ptime: agreement.ptime,
    ...(agreement.rtcpMux === undefined ? {} : { rtcpMux: agreement.rtcpMux }),
    ...(agreement.web === undefined ? {} : { web: agreement.web }),
    ...(agreement.srtp === undefined ? {} : { srtp: agreement.srtp }),
  };
}

/** Where a browser is, only ICE can tell. */
function remoteOf({ remote, web }: Agreement, signalledFrom: string): StreamSettings['remote'] {
  if (web !== undefined) return web.remote.lite ? remote : undefined;
  return signalledFrom === '' ? remote : { ...remote, signalledFrom };
}

/** Whether the far end wants to hear us: false while it holds the call. */
export function held(direction: Direction | undefined): boolean {
  return direction === 'recvonly' || direction === 'inactive';
}
