/** The offer/answer state of one leg: who offered last, what was agreed. RFC 3264, RFC 6337 §2.
 *
 *   stable ──offer()──▶ local-offer ──answered()──▶ stable
 *     └──receive()──▶ remote-offer ──answer()──▶ stable
 */
import { ignore, Machine, type Table } from '../base/index.ts';
import {
  type Agreed,
  agreeToAnswer,
  agreeToOffer,
  answerDirection,
  comfortNoise,
  eventsBeside,
  sameCodec,
  spokenCodecs,
} from './codecs.ts';
import type { CryptoLine, SrtpKeys, SrtpPolicy, SrtpSuite } from './crypto.ts';
import { type Answered, type Direction, type Format, type MediaLine, parseSdp, printSdp } from './description.ts';
import { agreedKeys, answeredLine, type Chosen, chooseLine, keysOf, offeredLines, type Security } from './secure.ts';
import { type IceCredentials, isWeb, type LocalWeb, roleAgainst, type WebAgreement } from './webrtc.ts';

export type NegotiationState = 'stable' | 'local-offer' | 'remote-offer';
export type NegotiationEvent = { type: 'offer' | 'receive' | 'answer' | 'answered' | 'rollback' };

const to = (state: NegotiationState) => () => ({ to: state });

/** A cell that says `ignore` is a call out of order: the method returns a fault and nothing changes. */
// prettier-ignore
export const negotiationTable: Table<NegotiationState, NegotiationEvent, never, undefined> = {
  //                we offer                   they offer                    we answer             they answer           offer refused
  'stable':       { offer: to('local-offer'),  receive: to('remote-offer'),  answer: ignore,       answered: ignore,       rollback: ignore },
  'local-offer':  { offer: to('local-offer'),  receive: ignore,              answer: ignore,       answered: to('stable'), rollback: to('stable') },
  'remote-offer': { offer: ignore,             receive: to('remote-offer'),  answer: to('stable'), answered: ignore,       rollback: to('stable') },
};

/** What both ends agreed on, as the media engine wants to know it. */
export type Agreement = {
  readonly remote: { readonly address: string; readonly port: number; readonly rtcpPort?: number };
  /** RTCP shares the port of RTP at both ends, RFC 5761; of WebRTC that goes without saying. */
  readonly rtcpMux?: true;
  readonly payloads: readonly Agreed[];
  /** Seen from us. */
  readonly direction: Direction;
  readonly ptime: number;
  /** Keys of SRTP; undefined: in the clear. Secret. */
  readonly srtp?: SrtpKeys;
  /** The far end is a browser, or speaks like one: keys come by DTLS. */
  readonly web?: WebAgreement;
};

export type Negotiated =
  | { readonly ok: true; readonly agreement: Agreement }
  | { readonly ok: false; readonly fault: string };
export type LocalMedia = {
  readonly address: string;
  readonly port: number;
  readonly rtcpPort: number;
  /** Names of the codecs our end speaks; G.711 unless said otherwise. */
  readonly codecs?: readonly string[];
  /** What our end needs for WebRTC; absent where it cannot be had. */
  readonly web?: {
    /** `sha-256 AB:CD…` */
    readonly fingerprint: string;
    readonly ssrc: number;
    readonly freshIce: () => IceCredentials;
  };
};

type OfferOptions = {
  readonly prefer?: readonly Format[];
  readonly direction?: Direction;
  /** Of the first offer, before anything is agreed: who it goes to may or must speak SRTP. Left out: the leg's own
   * policy, and then SRTP is offered only where it is required, since nobody could say no. */
  readonly srtp?: SrtpPolicy;
  /** Of SRTP, best first, where who it goes to speaks no others; left out: all of ours. */
  readonly suites?: readonly SrtpSuite[];
  /** RTCP may come to the port of RTP; left out: as it is in force. */
  readonly rtcpMux?: boolean;
  /** As a browser wants it; left out: as it is in force. */
  readonly web?: boolean;
};

/** What stands in an offer of ours beside the codecs. */
type Offered = {
  readonly crypto: readonly CryptoLine[];
  readonly policy: SrtpPolicy;
  readonly web?: true;
  readonly mux?: boolean;
};
type Keys = {
  readonly crypto: readonly CryptoLine[];
  readonly web?: LocalWeb | undefined;
  readonly mux?: boolean;
};

const inTheClear: Security = {
  policy: 'none',
  bytes: () => {
    throw new Error('this leg has no SRTP');
  },
};

/** Everything needed to negotiate on in another process. Plain data. */
export type NegotiationSnapshot = {
  readonly sessionId: string;
  readonly local: Omit<LocalMedia, 'web'>;
  readonly version: number;
  readonly direction: Direction;
  readonly agreement: Agreement;
  /** The last SDP we sent. */
  readonly last: string;
};

export class Negotiation {
  readonly #machine = new Machine<NegotiationState, NegotiationEvent, never, undefined>({
    table: negotiationTable,
    initial: 'stable',
    context: undefined,
    perform: () => {},
  });
  readonly #sessionId: string;
  #local: LocalMedia;
  readonly #security: Security;
  #policy: SrtpPolicy;
  #version = 0;
  #offered: readonly Format[] = [];
  #direction: Direction = 'sendrecv';
  #remote: (Chosen & { readonly lines: readonly MediaLine[] }) | undefined;
  /** Several may be under way at once, one to each device of a target, and each has keys of its own. */
  readonly #offers = new WeakMap<Buffer, Offered>();
  #agreement: Agreement | undefined;
  #last: Buffer | undefined;
  /** Ours; new ones when the far end restarts ICE. */
  #ice: IceCredentials | undefined;

  constructor(local: LocalMedia, sessionId: string, security: Security = inTheClear) {
    this.#local = local;
    this.#sessionId = sessionId;
    this.#security = security;
    this.#policy = security.policy;
  }

  /** An offer that was under way is forgotten: what was agreed before it holds. Undefined before the first agreement, and
   * for encrypted audio: its keys, and how far they are used up, go with the process. */
  snapshot(): NegotiationSnapshot | undefined {
    const agreement = this.#agreement;
    if (agreement === undefined || this.#last === undefined) return undefined;
    if (agreement.srtp !== undefined || agreement.web !== undefined) return undefined;
    const [sessionId, version, direction] = [this.#sessionId, this.#version, this.#direction];
    const { web: _, ...local } = this.#local;
    return { sessionId, local, version, direction, agreement, last: this.#last.toString() };
  }

  static restore(snapshot: NegotiationSnapshot, security?: Security): Negotiation {
    const restored = new Negotiation(snapshot.local, snapshot.sessionId, security);
    restored.#version = snapshot.version;
    restored.#direction = snapshot.direction;
    restored.#agreement = snapshot.agreement;
    restored.#last = Buffer.from(snapshot.last);
    return restored;
  }

  get state(): NegotiationState {
    return this.#machine.state;
  }

  /** The agreement in force, if any. */
  get agreement(): Agreement | undefined {
    return this.#agreement;
  }

  /** The last SDP we sent: repeated in the 200 after a reliable 183, and in session refreshes. */
  get localSdp(): Buffer | undefined {
    return this.#last;
  }

  /** Our offer. `prefer` puts codecs first (what the other leg speaks); the rest of ours follow. Comfort noise is in it where
   * the other leg has it, or this one had. Once something is agreed
   * the audio stays encrypted, or in the clear, as it is. */
  offer(options: OfferOptions = {}): Buffer {
    this.#machine.handle({ type: 'offer' });
    this.#direction = options.direction ?? 'sendrecv';
    const audio = this.#preferred(options.prefer);
    const agreed = this.#agreement?.payloads.map(({ format }) => format) ?? [];
    const noise = [...(options.prefer ?? []), ...agreed].some((each) => sameCodec(each, comfortNoise));
    this.#offered = [...audio, ...(noise ? [comfortNoise] : []), ...eventsBeside(audio)];
    const web = (options.web ?? this.#agreement?.web !== undefined) ? this.#localWeb('actpass') : undefined;
    if (web !== undefined) return this.#offerWeb(web);
    const { srtp: asked } = options;
    const policy = asked ?? this.#policy;
    const inForce = asked === undefined ? this.#agreement?.srtp : undefined;
    const begins = asked !== undefined || this.#agreement === undefined;
    const secure = begins ? (asked === undefined ? policy === 'require' : asked !== 'none') : inForce !== undefined;
    const crypto = secure ? offeredLines(inForce, this.#security.bytes, options.suites) : [];
    const mux = options.rtcpMux ?? this.#agreement?.rtcpMux === true;
    const sdp = this.#print(this.#offered, { crypto, mux });
    this.#offers.set(sdp, { crypto, policy, mux });
    return sdp;
  }

  /** Takes the far end's offer; nothing is agreed before answer(). */
  receive(
    offer: Buffer,
  ): { readonly ok: true; readonly audio: MediaLine } | { readonly ok: false; readonly fault: string } {
    const read = parseSdp(offer);
    if (!read.ok) return read;
    const chosen = this.#choose(read.sdp.media);
    if (typeof chosen === 'string') return { ok: false, fault: chosen };
    if (!this.#machine.handle({ type: 'receive' })) return { ok: false, fault: `an offer came in state ${this.state}` };
    this.#remote = { ...chosen, lines: read.sdp.media };
    return { ok: true, audio: chosen.audio };
  }

  /** Our answer to the offer received. */
  answer(
    options: Pick<OfferOptions, 'prefer' | 'direction' | 'rtcpMux'> = {},
  ): { sdp: Buffer; agreement: Agreement } | { fault: string } {
    if (this.#remote === undefined) return { fault: 'no offer to answer' };
    const { audio, crypto: far, lines } = this.#remote;
    const payloads = agreeToOffer(audio, this.#preferred(options.prefer));
    if (payloads.length === 0) return { fault: 'no codec in common' };
    if (!this.#machine.handle({ type: 'answer' })) return { fault: `cannot answer in state ${this.state}` };
    this.#direction = answerDirection(audio.direction, options.direction);
    const formats = payloads.map((each) => each.format);
    const own = far === undefined ? undefined : answeredLine(far, this.#agreement?.srtp, this.#security.bytes);
    const web = this.#webAgainst(audio, 'answer');
    const local = web && this.#localWeb(web.role === 'client' ? 'active' : 'passive');
    // Only where the offer has it, RFC 5761 §5.1.1.
    const mux = audio.rtcpMux === true && (options.rtcpMux ?? this.#agreement?.rtcpMux === true);
    const crypto = own === undefined ? [] : [own];
    const sdp = this.#print(formats, { crypto, web: local, mux }, { lines, chosen: audio });
    const srtp = own === undefined || far === undefined ? undefined : keysOf(own, far);
    this.#agreement = agreementOf(audio, payloads, { direction: this.#direction, srtp, web, mux });
    return { sdp, agreement: this.#agreement };
  }

  /** Takes the answer to our offer. `final: false` for early media of a fork, which a later answer may replace. `to`:
   * which of our offers, where it is not the last. */
  answered(answer: Buffer, final = true, to = this.#last): Negotiated {
    const read = audioOf(answer);
    if (!read.ok) return read;
    if (this.state !== 'local-offer') return { ok: false, fault: `an answer came in state ${this.state}` };
    const {
      crypto = [],
      policy = this.#policy,
      web,
      mux,
    } = (to === undefined ? undefined : this.#offers.get(to)) ?? {};
    if (web === true && !isWeb(read.audio.protocol)) return { ok: false, fault: 'the answer to WebRTC is none' };
    const srtp = web === true ? undefined : agreedKeys(read.audio, crypto, policy);
    if (typeof srtp === 'string') return { ok: false, fault: srtp };
    const payloads = agreeToAnswer(read.audio, this.#offered);
    if (payloads.length === 0) return { ok: false, fault: 'the answer shares no codec with our offer' };
    if (final) this.#machine.handle({ type: 'answered' });
    this.#last = to;
    this.#policy = policy;
    const direction = answerDirection(read.audio.direction, this.#direction);
    const browser = web === true ? this.#webAgainst(read.audio, 'offer') : undefined;
    if (browser !== undefined) this.#remote = { audio: read.audio, crypto: undefined, lines: read.lines };
    this.#agreement = agreementOf(read.audio, payloads, {
      direction,
      srtp,
      web: browser,
      mux: mux === true && read.audio.rtcpMux === true,
    });
    return { ok: true, agreement: this.#agreement };
  }

  /** SDP of this dialog that shows somebody else's audio: what was agreed with us stays as it is (RFC 3725). */
  foreign(
    audio: Pick<MediaLine, 'address' | 'port' | 'formats' | 'direction'> & { ptime: number; rtcpPort?: number },
  ): Buffer {
    this.#version++;
    this.#last = printSdp({ sessionId: this.#sessionId, version: this.#version }, audio);
    return this.#last;
  }

  /** Our audio is elsewhere from the next offer on. Returns where it was. */
  relocate(local: LocalMedia): LocalMedia {
    const before = this.#local;
    this.#local = local;
    return before;
  }

  /** The offer was refused (488, 491 …): what was agreed before stays in force. */
  rollback(): void {
    this.#machine.handle({ type: 'rollback' });
  }

  /** Ours, those of `first` before the others. */
  #preferred(first: readonly Format[] = []): readonly Format[] {
    const spoken = spokenCodecs(this.#local.codecs);
    const known: Format[] = [];
    for (const { codec, clockRate } of first) {
      const ours = spoken.find((each) => each.codec === codec && each.clockRate === clockRate);
      if (ours !== undefined && !known.includes(ours)) known.push(ours);
    }
    return known.length === 0 ? spoken : [...known, ...spoken.filter((each) => !known.includes(each))];
  }

  #print(formats: readonly Format[], { crypto, web, mux = false }: Keys, among?: Answered): Buffer {
    this.#version++;
    const origin = { sessionId: this.#sessionId, version: this.#version };
    const keys = crypto.length === 0 ? {} : { crypto };
    const { address, port, rtcpPort } = this.#local;
    const audio = { address, port, rtcpPort, formats, direction: this.#direction, ptime: 20, rtcpMux: mux, ...keys };
    this.#last = printSdp(origin, web === undefined ? audio : { ...audio, web }, among);
    return this.#last;
  }

  /** No line of a session ever vanishes, and none changes its name: RFC 3264 §8, RFC 8843 §7. */
  #offerWeb(web: LocalWeb): Buffer {
    const known = this.#agreement?.web === undefined ? undefined : this.#remote;
    const among = known === undefined ? undefined : { lines: known.lines, chosen: known.audio };
    const sdp = this.#print(this.#offered, { crypto: [], web }, among);
    this.#offers.set(sdp, { crypto: [], policy: this.#policy, web: true });
    return sdp;
  }

  /** A line of WebRTC is as good as one of SRTP, whatever the policy. */
  #choose(lines: readonly MediaLine[]): Chosen | string {
    const audio = lines.find((line) => line.web !== undefined);
    if (audio === undefined) return chooseLine(lines, this.#policy);
    if (this.#local.web !== undefined) return { audio, crypto: undefined };
    return 'the audio line wants WebRTC, which this server cannot speak on its platform';
  }

  #localWeb(setup: LocalWeb['setup']): LocalWeb | undefined {
    const { web } = this.#local;
    if (web === undefined) return undefined;
    this.#ice ??= web.freshIce();
    return { ice: this.#ice, fingerprint: web.fingerprint, setup, ssrc: web.ssrc };
  }

  /** What is agreed with a far end of WebRTC. One that restarts ICE in its offer gets new credentials of ours (RFC 8839
   * §4.4.2); who is DTLS client stays so while the association does (RFC 8842 §5.5). */
  #webAgainst(audio: MediaLine, ours: 'offer' | 'answer'): WebAgreement | undefined {
    const theirs = audio.web;
    const local = this.#local.web;
    if (theirs === undefined || local === undefined) return undefined;
    const before = this.#agreement?.web;
    const restarts = before !== undefined && before.remote.ufrag !== theirs.ice.ufrag;
    if (this.#ice === undefined || (restarts && ours === 'answer')) this.#ice = local.freshIce();
    const same = before?.remote.fingerprint.value === theirs.fingerprint.value;
    const role = theirs.setup === 'actpass' && same ? before.role : roleAgainst(theirs.setup);
    const { fingerprint, lite, ice } = theirs;
    return { local: this.#ice, remote: { ufrag: ice.ufrag, fingerprint, lite }, role };
  }
}

type AudioRead = { ok: true; audio: MediaLine; lines: readonly MediaLine[] } | { ok: false; fault: string };

function audioOf(bytes: Buffer): AudioRead {
  const read = parseSdp(bytes);
  if (!read.ok) return read;
  const audio = read.sdp.media.find((line) => line.type === 'audio' && line.port !== 0);
  if (audio === undefined) return { ok: false, fault: 'the SDP has no audio line in use' };
  return { ok: true, audio, lines: read.sdp.media };
}

type Way = {
  direction: Direction;
  srtp: SrtpKeys | undefined;
  web: WebAgreement | undefined;
  mux: boolean;
};

function agreementOf(audio: MediaLine, payloads: readonly Agreed[], { direction, srtp, web, mux }: Way): Agreement {
  const { address, port } = audio;
  const rtcpPort = mux ? port : audio.rtcpPort;
  return {
    remote: { address, port, ...(rtcpPort === undefined ? {} : { rtcpPort }) },
    payloads,
    direction,
    ptime: audio.ptime ?? 20,
    ...(mux ? { rtcpMux: true as const } : {}),
    ...(srtp === undefined ? {} : { srtp }),
    ...(web === undefined ? {} : { web }),
  };
}
