/** One leg's audio: a port pair of the media engine and the offer/answer that goes with it. */
import {
  type Agreed,
  type Agreement,
  alone,
  asksForIce,
  type Direction,
  type Format,
  type IceCredentials,
  Negotiation,
  type NegotiationSnapshot,
  onceFor,
  spokenOf,
  type SrtpPolicy,
  type SrtpSuite,
} from '../sdp/index.ts';
import type {
  MediaEngine,
  MovedTo,
  Payload,
  PlayOptions,
  PlayProgress,
  Quality,
  Reached,
  StreamSettings,
} from '../ports/index.ts';
import type { Services } from './services.ts';

const events = 'TELEPHONE-EVENT';
let plays = 0;

/** Whose audio it is. */
export type MediaOwner = {
  readonly session: string;
  readonly callSid: string;
  readonly srtp: SrtpPolicy;
  /** Its far end may speak ICE, or WebRTC. */
  readonly ice: boolean;
  /** The audio is encrypted from now on, or in the clear again. */
  readonly encrypted: (suite: SrtpSuite | undefined) => void;
  /** Keys are tones in the audio there, and nothing else. */
  readonly tones: () => boolean;
};

export type MediaSnapshot = {
  readonly port: number;
  readonly negotiation: NegotiationSnapshot;
  /** All that we have sent with, the last few of many: under a key that stays none of them may come again. */
  readonly ssrcs?: readonly number[];
  readonly reached?: Reached;
};

/** As it was left, and since when it has been under way, ms. */
export type CarriedMedia = MediaSnapshot & { readonly underWayMs: number };

/** What the engine is told besides, when it goes on with what another process had. */
type GoesOn = Pick<StreamSettings, 'underWayMs'> & { readonly reached?: Reached | undefined };

const MOST_SSRCS = 64;

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
  readonly #ssrcs: readonly number[];
  #reached: Reached | undefined;
  #goesOn: GoesOn | undefined;

  // oxlint-disable-next-line max-params -- private
  private constructor(
    engine: MediaEngine,
    { callSid, encrypted, tones }: MediaOwner,
    negotiation: Negotiation,
    ssrcs: readonly number[],
  ) {
    this.#engine = engine;
    this.#endpoint = callSid;
    this.#encrypted = encrypted;
    this.#tones = tones;
    this.negotiation = negotiation;
    this.#ssrcs = ssrcs;
  }

  /** With ports that were reserved in the session's worker. */
  static at(services: Services, owner: MediaOwner, local: Awaited<ReturnType<MediaEngine['open']>>): LegMedia {
    const web = webOf(services, local);
    const ours = web === undefined ? local : { web, ...local };
    const negotiation = new Negotiation(ours, String(services.random.integer(2 ** 31)), securityOf(services, owner));
    return new LegMedia(services.media, owner, negotiation, [local.ssrc]);
  }

  /** The same ports, the same agreement and the same keys as in an earlier process. Rejects when the ports cannot be had. */
  static async restore(services: Services, owner: MediaOwner, kept: CarriedMedia): Promise<LegMedia> {
    const { ssrcs = [], reached, port, underWayMs } = kept;
    const byDtls = kept.negotiation.agreement.web !== undefined;
    const local = await services.media.open({
      session: owner.session,
      endpoint: owner.callSid,
      port,
      portAddress: kept.negotiation.local.address,
      notSsrcs: ssrcs,
      ice: speaksIce(kept.negotiation.agreement),
    });
    if (byDtls && reached?.keys === undefined && local.ice === undefined) {
      await services.media.release(owner.callSid);
      throw new Error('its keys had not been written down yet');
    }
    const known = local.ice === undefined ? local : { ...local, ice: kept.negotiation.ice ?? local.ice };
    const own = { security: securityOf(services, owner), web: webOf(services, known) };
    const negotiation = Negotiation.restore(kept.negotiation, own);
    const media = new LegMedia(services.media, owner, negotiation, [...ssrcs, local.ssrc].slice(-MOST_SSRCS));
    media.#reached = reached;
    media.#goesOn = { underWayMs, reached };
    return media;
  }

  /** The same agreement at ports of this process's own: those it had are gone, and the far end must be told by an offer,
   * with keys of our own where the audio is encrypted. */
  static async reanchor(services: Services, owner: MediaOwner, kept: CarriedMedia): Promise<LegMedia> {
    const { ssrcs = [], underWayMs } = kept;
    const { session, callSid } = owner;
    const ice = speaksIce(kept.negotiation.agreement);
    const local = await services.media.open({ session, endpoint: callSid, notSsrcs: ssrcs, ice });
    const own = { security: securityOf(services, owner), web: webOf(services, local), anew: true };
    const negotiation = Negotiation.restore(kept.negotiation, own);
    const media = new LegMedia(services.media, owner, negotiation, [...ssrcs, local.ssrc].slice(-MOST_SSRCS));
    media.#goesOn = { underWayMs };
    media.relocated(services, local);
    return media;
  }

  /** Undefined before anything was agreed. */
  snapshot(): MediaSnapshot | undefined {
    const negotiation = this.negotiation.snapshot();
    if (negotiation === undefined) return undefined;
    const plain = { port: negotiation.local.port, negotiation };
    const { srtp, web } = negotiation.agreement;
    if (srtp === undefined && web === undefined) return plain;
    const reached = this.#reached;
    return { ...plain, ssrcs: this.#ssrcs, ...(reached && { reached }) };
  }

  /** Where the far end is, as the engine found out, and its keys of DTLS. */
  reached(reached: Reached): void {
    this.#reached = reached;
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
    const local = await this.#engine.open({ session, endpoint, ice: speaksIce(this.negotiation.agreement) });
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

  /** The engine has it elsewhere: the next offer or answer shows where. With a key of its own, as the packets are counted
   * anew there. */
  relocated(services: Services, to: MovedTo): void {
    const { address, port, rtcpPort } = to;
    const web = webOf(services, to);
    const { web: _gone, ...before } = this.negotiation.relocate({ address, port, rtcpPort });
    this.negotiation.relocate({ ...before, address, port, rtcpPort, ...(web && { web }) });
    this.negotiation.renew();
  }

  /** What our SDP must say of ICE and WebRTC is there, should this offer of the far end ask for them. */
  async readyFor(services: Services, offer: Buffer): Promise<void> {
    if (!asksForIce(offer) || this.negotiation.mayUseIce || this.#released !== undefined) return;
    const web = webOf(services, await this.#engine.introduce(this.endpoint));
    if (web !== undefined) this.negotiation.enableIce(web);
  }

  /** The codec we send, once agreed. */
  get codec(): Format | undefined {
    return this.negotiation.agreement?.payloads[0]?.format;
  }

  /** The codec we send: what later offers of this leg have first. */
  get codecs(): readonly Format[] | undefined {
    const { codec } = this;
    return codec && alone(codec);
  }

  /** The codec we send and what stands beside it, as the far end numbers them: what another leg is offered first. */
  get spoken(): readonly Format[] | undefined {
    const { agreement } = this.negotiation;
    return agreement && spokenOf(agreement.payloads);
  }

  /** Tells the engine what was agreed, and where the far end's signalling comes from: behind NAT its media does too. What
   * is agreed after the end of the call is nobody's concern. */
  configure(agreement: Agreement, signalledFrom: string): Promise<void> {
    if (this.#released !== undefined) return Promise.resolve();
    const suite = agreement.srtp?.send.suite;
    if (suite !== this.#suite) this.#encrypted(suite);
    this.#suite = suite;
    const payloads = this.#tones() ? payloadsInTones(agreement.payloads) : payloadsOf(agreement.payloads);
    const settings = settingsOf(agreement, signalledFrom, payloads);
    const taken = this.#taken(agreement);
    return this.#engine.configure(this.endpoint, taken === undefined ? settings : { ...settings, ...taken });
  }

  /** Once: what the engine cannot know, as it did not have it from the beginning. */
  #taken({ srtp, web, ice }: Agreement): Partial<StreamSettings> | undefined {
    const goesOn = this.#goesOn;
    this.#goesOn = undefined;
    if (goesOn === undefined || (srtp === undefined && web === undefined)) return undefined;
    const { underWayMs, reached } = goesOn;
    const under = underWayMs === undefined ? {} : { underWayMs };
    if (reached === undefined) return under;
    return { ...under, ...(web && { web: { ...web, reached } }), ...(ice && { ice: { ...ice, reached } }) };
  }

  /** Nothing is sent any more, and what comes is only counted: the far ends talk to each other. */
  park(): Promise<void> {
    const { agreement } = this.negotiation;
    if (agreement === undefined || this.#released !== undefined) return Promise.resolve();
    const settings = settingsOf(agreement, '', payloadsOf(agreement.payloads));
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

  quality(bySecond = false): Promise<Quality | undefined> {
    return this.#released ?? this.#engine.quality(this.endpoint, bySecond).catch(() => undefined);
  }

  /** Another node carries it on: what is here is given back, and what both share is left alone. */
  abandon(): void {
    this.#released ??= this.#engine.abandon(this.endpoint).then(
      () => undefined,
      () => undefined,
    );
  }

  /** Gives the ports back. The last figures, the same to everyone who asks. */
  release(): Promise<Quality | undefined> {
    this.#released ??= this.#engine.release(this.endpoint).catch(() => undefined);
    return this.#released;
  }
}

const speaksIce = (agreement: Agreement | undefined): boolean => (agreement?.web ?? agreement?.ice) !== undefined;

/** What this process's end needs for WebRTC, where it can be had. */
function webOf({ random }: Services, { fingerprint, ice }: Pick<MovedTo, 'fingerprint' | 'ice'>) {
  const freshIce = (): IceCredentials => ice ?? { ufrag: random.token(8), pwd: random.token(24) };
  return fingerprint === undefined ? undefined : { fingerprint, freshIce };
}

function securityOf({ random }: Services, { srtp }: MediaOwner) {
  return { policy: srtp, bytes: (length: number): Buffer => random.bytes(length) };
}

function settingsOf(agreement: Agreement, signalledFrom: string, payloads: readonly Payload[]): StreamSettings {
  const { direction, ptime, rtcpMux, web, srtp, ice } = agreement;
  const settings: { -readonly [name in keyof StreamSettings]: StreamSettings[name] } = {
    remote: remoteOf(agreement, signalledFrom),
    payloads,
    direction,
    ptime,
  };
  if (rtcpMux !== undefined) settings.rtcpMux = rtcpMux;
  if (web !== undefined) settings.web = web;
  if (srtp !== undefined) settings.srtp = srtp;
  if (ice !== undefined) settings.ice = ice;
  return settings;
}

/** As the engine wants them. */
const payloadsOf = onceFor((agreed: readonly Agreed[]): readonly Payload[] =>
  agreed.map(({ receive, send, format: { codec, clockRate, channels, fmtp } }) => ({
    receive,
    send,
    codec,
    clockRate,
    channels,
    ...(fmtp === undefined ? {} : { fmtp }),
  })),
);

/** Keys are tones in the audio there: no events go to it. */
const payloadsInTones = onceFor((agreed: readonly Agreed[]) =>
  payloadsOf(agreed).filter(({ codec }) => codec !== events),
);

/** Where ICE is spoken, only that can tell. */
function remoteOf({ remote, web, ice }: Agreement, signalledFrom: string): StreamSettings['remote'] {
  if (web !== undefined || ice !== undefined) return undefined;
  return signalledFrom === '' ? remote : { signalledFrom, ...remote };
}

/** Whether the far end wants to hear us: false while it holds the call. */
export function held(direction: Direction | undefined): boolean {
  return direction === 'recvonly' || direction === 'inactive';
}
