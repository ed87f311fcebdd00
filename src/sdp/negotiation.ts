/** The offer/answer state of one leg: who offered last, what was agreed. RFC 3264, RFC 6337 §2.
 *
 *   stable ──offer()──▶ local-offer ──answered()──▶ stable
 *     └──receive()──▶ remote-offer ──answer()──▶ stable
 */
import { isDeepStrictEqual } from 'node:util';
import { ignore, Machine, type Table } from '../base/index.ts';
import { type Agreement, agreementOf } from './agreement.ts';
import {
  type Agreed,
  agreeToAnswer,
  agreeToOffer,
  agreeWithoutNoise,
  answerDirection,
  firstOf,
  formatsOf,
  hasNoise,
  named,
  offeredBy,
  ownNumbers,
  spokenCodecs,
} from './codecs.ts';
import { type CryptoLine, readCrypto, type SrtpPolicy } from './crypto.ts';
import type { OfferOptions } from './offer-options.ts';
import { type Answered, type Direction, type Format, type MediaLine, parseSdp, printSdp } from './description.ts';
import {
  agreedKeys,
  answeredLine,
  type Chosen,
  chooseLine,
  keysOf,
  offeredLines,
  renewed,
  type Security,
} from './secure.ts';
import {
  type IceAgreement,
  iceAgreement,
  type IceCredentials,
  type IceLine,
  type LocalIce,
  maxCandidates,
} from './ice.ts';
import type { Fragment } from './trickle.ts';
import { isWeb, type LocalWeb, roleAgainst, type WebAgreement } from './webrtc.ts';

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
    readonly freshIce: () => IceCredentials;
  };
};

/** What stands in an offer of ours beside the codecs. */
type Offered = {
  readonly crypto: readonly CryptoLine[];
  readonly policy: SrtpPolicy;
  readonly web?: true;
  readonly ice?: boolean;
  readonly mux?: boolean;
};
type Keys = {
  readonly crypto: readonly CryptoLine[];
  readonly web?: LocalWeb | undefined;
  readonly ice?: LocalIce | undefined;
  readonly mux?: boolean;
};

const nothing: readonly Format[] = [];

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
  /** Our half of ICE. */
  readonly ice?: IceCredentials;
  /** What a far end of WebRTC knows of us, its lines, and which of them is the audio. */
  readonly web?: { readonly fingerprint: string; readonly lines: readonly MediaLine[]; readonly audio: number };
};

/** What a process brings that goes on with what another one negotiated. */
type Resumption = {
  readonly security?: Security;
  /** What its own end needs for WebRTC. */
  readonly web?: LocalMedia['web'];
  /** The far end will be shown another end: with keys of its own, and with credentials of ICE that are new. */
  readonly anew?: boolean;
};

const machine = { table: negotiationTable, initial: 'stable', context: undefined, perform: () => {} } as const;

export class Negotiation {
  readonly #machine = new Machine<NegotiationState, NegotiationEvent, never, undefined>(machine);
  readonly #sessionId: string;
  #local: LocalMedia;
  readonly #security: Security;
  #policy: SrtpPolicy;
  #version = 0;
  #offered: readonly Format[] = nothing;
  #only: readonly Format[] = nothing;
  #direction: Direction = 'sendrecv';
  #remote: (Chosen & { readonly lines: readonly MediaLine[] }) | undefined;
  /** Several may be under way at once, one to each device of a target, and each has keys of its own. One of nothing but
   * audio in the clear is not in it. */
  #offers: WeakMap<Buffer, Offered> | undefined;
  #agreement: Agreement | undefined;
  #last: Buffer | undefined;
  /** Ours; new ones when the far end restarts ICE. */
  #ice: IceCredentials | undefined;
  /** Our fingerprint in an association that another process made, as long as that lasts. */
  #certified: string | undefined;
  /** The next offer is of an end that the far end does not know: with a key of its own. */
  #renews = false;

  constructor(local: LocalMedia, sessionId: string, security: Security = inTheClear) {
    this.#local = local;
    this.#sessionId = sessionId;
    this.#security = security;
    this.#policy = security.policy;
  }

  /** An offer that was under way is forgotten: what was agreed before it holds. Undefined before the first agreement. */
  snapshot(): NegotiationSnapshot | undefined {
    const agreement = this.#agreement;
    if (agreement === undefined || this.#last === undefined) return undefined;
    const [sessionId, version, direction] = [this.#sessionId, this.#version, this.#direction];
    const { web, ...local } = this.#local;
    const plain = { sessionId, local, version, direction, agreement, last: this.#last.toString() };
    const found = this.#ice === undefined ? plain : { ...plain, ice: this.#ice };
    if (agreement.web === undefined || web === undefined || this.#remote === undefined) return found;
    const { audio, lines } = this.#remote;
    return { ...found, web: { fingerprint: this.#certified ?? web.fingerprint, lines, audio: lines.indexOf(audio) } };
  }

  static restore(snapshot: NegotiationSnapshot, { security, web, anew = false }: Resumption = {}): Negotiation {
    const local = web === undefined ? snapshot.local : { ...snapshot.local, web };
    const restored = new Negotiation(local, snapshot.sessionId, security);
    restored.#version = snapshot.version;
    restored.#direction = snapshot.direction;
    restored.#agreement = snapshot.agreement;
    restored.#last = Buffer.from(snapshot.last);
    restored.#renews = anew;
    const { lines = [], audio: at = -1 } = snapshot.web ?? {};
    const audio = lines[at];
    if (audio !== undefined) restored.#remote = { lines, audio, crypto: undefined };
    if (anew) return restored;
    restored.#ice = snapshot.ice;
    restored.#certified = snapshot.web?.fingerprint;
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

  /** Our offer. `prefer` puts codecs first (what the other leg speaks), with its numbers; the rest of ours follow. Comfort noise is in it where
   * the other leg has it, or this one had. Once something is agreed
   * the audio stays encrypted, or in the clear, as it is. */
  offer(options: OfferOptions = {}): Buffer {
    this.#machine.handle({ type: 'offer' });
    this.#direction = options.direction ?? 'sendrecv';
    const audio = this.#preferred(options.prefer);
    const { prefer = nothing } = options;
    const known = this.#agreement === undefined ? prefer : [...ownNumbers(this.#agreement.payloads), ...prefer];
    this.#offered = offeredBy(audio, known);
    const web = (options.web ?? this.#agreement?.web !== undefined) ? this.#localWeb('actpass') : undefined;
    if (web !== undefined) return this.#offerWeb(web);
    const keys = this.#offeredKeys(options);
    const sdp = this.#print(this.#offered, keys);
    const { crypto, policy, ice, mux } = keys;
    if (crypto.length > 0 || mux || policy !== this.#policy)
      this.#remember(sdp, { crypto, policy, mux, ice: ice !== undefined });
    return sdp;
  }

  /** How an offer that is none of WebRTC is protected, and found. */
  #offeredKeys(options: OfferOptions): Keys & { policy: SrtpPolicy; mux: boolean } {
    const { srtp: asked } = options;
    const policy = asked ?? this.#policy;
    const agreed = asked === undefined ? this.#agreement?.srtp : undefined;
    const inForce = agreed !== undefined && this.#renews ? renewed(agreed, this.#security.bytes) : agreed;
    const begins = asked !== undefined || this.#agreement === undefined;
    const secure = begins ? (asked === undefined ? policy === 'require' : asked !== 'none') : inForce !== undefined;
    const crypto = secure ? offeredLines(inForce, this.#security.bytes, options.suites) : [];
    const ice = secure && (options.ice ?? this.#agreement?.ice !== undefined) ? this.#localIce() : undefined;
    const mux = ice !== undefined || (options.rtcpMux ?? this.#agreement?.rtcpMux === true);
    return { crypto, policy, mux, ice };
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
    this.#remote = { lines: read.sdp.media, ...chosen };
    return { ok: true, audio: chosen.audio };
  }

  /** Our answer to the offer received. */
  answer(
    options: Pick<OfferOptions, 'prefer' | 'direction' | 'rtcpMux'> = {},
  ): { sdp: Buffer; agreement: Agreement } | { fault: string } {
    if (this.#remote === undefined) return { fault: 'no offer to answer' };
    const { audio, crypto: far, lines } = this.#remote;
    const payloads = this.#shared(audio, options.prefer);
    if (payloads.length === 0) return { fault: 'no codec in common' };
    if (!this.#machine.handle({ type: 'answer' })) return { fault: `cannot answer in state ${this.state}` };
    this.#direction = answerDirection(audio.direction, options.direction);
    const inForce = this.#renews ? undefined : this.#agreement?.srtp;
    const own = far === undefined ? undefined : answeredLine(far, inForce, this.#security.bytes);
    this.#renews = false;
    const web = this.#webAgainst(audio, 'answer');
    const local = web && this.#localWeb(web.role === 'client' ? 'active' : 'passive', web.remote.lite);
    // Only where the offer has it, RFC 5761 §5.1.1.
    const ice = own === undefined ? undefined : this.#iceAgainst(audio.ice, 'answer');
    const wanted = ice !== undefined || (options.rtcpMux ?? this.#agreement?.rtcpMux === true);
    const mux = audio.rtcpMux === true && wanted;
    const crypto = own === undefined ? [] : [own];
    const found = ice && this.#localIce(ice.remote.lite);
    const sdp = this.#print(formatsOf(payloads), { crypto, web: local, mux, ice: found }, { lines, chosen: audio });
    const srtp = own === undefined || far === undefined ? undefined : keysOf(own, far);
    this.#agreement = agreementOf(audio, payloads, { direction: this.#direction, srtp, web, mux, ice });
    return { sdp, agreement: this.#agreement };
  }

  /** Takes the answer to our offer. `final: false` for early media of a fork, which a later answer may replace. `to`:
   * which of our offers, where it is not the last. */
  answered(answer: Buffer, final = true, to = this.#last): Negotiated {
    const read = audioOf(answer);
    if (!read.ok) return read;
    if (this.state !== 'local-offer') return { ok: false, fault: `an answer came in state ${this.state}` };
    const { crypto = [], policy = this.#policy, web, mux, ice } = this.#offeredIn(to);
    if (web === true && !isWeb(read.audio.protocol)) return { ok: false, fault: 'the answer to WebRTC is none' };
    const srtp = web === true ? undefined : agreedKeys(read.audio, crypto, policy);
    if (typeof srtp === 'string') return { ok: false, fault: srtp };
    const payloads = agreeToAnswer(read.audio.formats, this.#offered);
    if (payloads.length === 0) return { ok: false, fault: 'the answer shares no codec with our offer' };
    if (final) this.#machine.handle({ type: 'answered' });
    this.#renews = false;
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
      ice: ice === true && srtp !== undefined ? this.#iceAgainst(read.audio.ice, 'offer') : undefined,
    });
    return { ok: true, agreement: this.#agreement };
  }

  /** What we agree to of the line offered. Where the other leg has no comfort noise, this one need not send it. */
  #shared({ formats }: MediaLine, prefer: readonly Format[] | undefined): readonly Agreed[] {
    const agree = prefer === undefined || hasNoise(prefer) ? agreeToOffer : agreeWithoutNoise;
    return agree(formats, this.#preferred(prefer));
  }

  #offeredIn(sdp: Buffer | undefined): Partial<Offered> {
    return (sdp === undefined ? undefined : this.#offers?.get(sdp)) ?? {};
  }

  /** The answer to a refresh that offered our last SDP as it was (RFC 4028 §7.4). Undefined where it changes nothing, makes no
   * sense, or is for somebody else's audio. A new key of the far end is a new context (RFC 4568 §7.1.4); ours stays. */
  refreshed(answer: Buffer): Agreement | undefined {
    const [before, last] = [this.#agreement, this.#last];
    if (before === undefined || last === undefined || this.state !== 'stable') return undefined;
    const shown = audioOf(last);
    const { address, port } = this.#local;
    if (!shown.ok || shown.audio.address !== address || shown.audio.port !== port) return undefined;
    const crypto = (shown.audio.crypto ?? []).map(readCrypto).filter((line) => typeof line === 'object');
    const web = before.web === undefined ? {} : { web: true as const };
    const kept = { mux: before.rtcpMux === true, ice: before.ice !== undefined, ...web };
    this.#remember(last, { crypto, policy: this.#policy, ...kept });
    this.#offered = shown.audio.formats;
    this.#machine.handle({ type: 'offer' });
    const read = this.answered(answer);
    if (!read.ok) this.rollback();
    return read.ok && !isDeepStrictEqual(read.agreement, before) ? read.agreement : undefined;
  }

  /** More candidates of the far end came. Undefined: no ICE is in force; 'unknown': they are of another session, or one that
   * was restarted since; 'known': nothing changes, it finds us. RFC 8840 §4.3. */
  trickled({ ufrag, pwd, candidates }: Fragment): Agreement | 'unknown' | 'known' | undefined {
    const agreement = this.#agreement;
    const ice = agreement?.web ?? agreement?.ice;
    if (agreement === undefined || ice === undefined) return undefined;
    const { seek } = ice.remote;
    if (ufrag !== ice.remote.ufrag || (seek !== undefined && pwd !== seek.pwd)) return 'unknown';
    if (seek === undefined) return 'known';
    const all = [...seek.candidates, ...candidates].slice(0, maxCandidates);
    const more = { ...seek, candidates: all };
    this.#agreement =
      agreement.web === undefined
        ? { ...agreement, ice: { ...ice, remote: { ...ice.remote, seek: more } } }
        : { ...agreement, web: { ...agreement.web, remote: { ...agreement.web.remote, seek: more } } };
    return this.#agreement;
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

  get mayUseIce(): boolean {
    return this.#local.web !== undefined;
  }

  /** From now on our end can speak ICE, and WebRTC. */
  enableIce(web: NonNullable<LocalMedia['web']>): void {
    this.#local = { ...this.#local, web };
  }

  /** The next offer, or answer, has another key than the one in force: no index may be used again (RFC 3711 §9.1). And what
   * its end says of itself to a far end of WebRTC, which restarts ICE. */
  renew(): void {
    this.#renews = true;
    this.#ice = undefined;
    this.#certified = undefined;
  }

  /** The offer was refused (488, 491 …): what was agreed before stays in force. */
  rollback(): void {
    this.#machine.handle({ type: 'rollback' });
  }

  /** From now on these codecs only, in this order; those that are not ours do not count, and where none is left all are. */
  restrict(names: readonly string[]): void {
    this.#only = named(names, spokenCodecs(this.#local.codecs));
  }

  /** Ours, those of `first` before the others. */
  #preferred(first: readonly Format[] = nothing): readonly Format[] {
    return this.#only.length > 0 ? this.#only : firstOf(first, spokenCodecs(this.#local.codecs));
  }

  #print(formats: readonly Format[], { crypto, web, ice, mux = false }: Keys, among?: Answered): Buffer {
    this.#version++;
    const origin = { sessionId: this.#sessionId, version: this.#version };
    const { address, port } = this.#local;
    const [direction, keys] = [this.#direction, crypto.length === 0 ? undefined : crypto];
    const audio = { address, port, formats, direction, ptime: 20, rtcpMux: mux, crypto: keys, ice, web };
    this.#last = printSdp(origin, audio, among);
    return this.#last;
  }

  /** No line of a session ever vanishes, and none changes its name: RFC 3264 §8, RFC 8843 §7. */
  #offerWeb(web: LocalWeb): Buffer {
    const known = this.#agreement?.web === undefined ? undefined : this.#remote;
    const among = known === undefined ? undefined : { lines: known.lines, chosen: known.audio };
    const sdp = this.#print(this.#offered, { crypto: [], web }, among);
    this.#remember(sdp, { crypto: [], policy: this.#policy, web: true });
    return sdp;
  }

  #remember(offer: Buffer, offered: Offered): void {
    this.#offers ??= new WeakMap();
    this.#offers.set(offer, offered);
  }

  /** A line of WebRTC is as good as one of SRTP, whatever the policy. */
  #choose(lines: readonly MediaLine[]): Chosen | string {
    const audio = lines.find((line) => line.web !== undefined);
    if (audio === undefined) return chooseLine(lines, this.#policy);
    if (this.#local.web !== undefined) return { audio, crypto: undefined };
    return 'the audio line wants WebRTC, which this server cannot speak on its platform';
  }

  #localWeb(setup: LocalWeb['setup'], farLite?: boolean): LocalWeb | undefined {
    const { web } = this.#local;
    const ice = this.#localIce(farLite);
    return web && ice && { ice, fingerprint: this.#certified ?? web.fingerprint, setup };
  }

  /** Who is known to be lite must be looked for: then we are not. RFC 8445 §6.1.1. */
  #localIce(farLite = this.#farLite): LocalIce | undefined {
    const { web } = this.#local;
    if (web === undefined) return undefined;
    this.#ice ??= web.freshIce();
    return { ...this.#ice, lite: !farLite };
  }

  get #farLite(): boolean {
    return (this.#agreement?.web ?? this.#agreement?.ice)?.remote.lite === true;
  }

  /** Undefined where the far end, or our platform, knows nothing of it. One that restarts in its offer gets new credentials
   * of ours (RFC 8839 §4.4.2). */
  #iceAgainst(theirs: IceLine | undefined, ours: 'offer' | 'answer'): IceAgreement | undefined {
    const local = this.#local.web;
    if (theirs === undefined || local === undefined) return undefined;
    const before = this.#agreement?.web ?? this.#agreement?.ice;
    const restarts = before !== undefined && before.remote.ufrag !== theirs.ufrag;
    if (this.#ice === undefined || (restarts && ours === 'answer')) this.#ice = local.freshIce();
    return iceAgreement(this.#ice, theirs);
  }

  /** What is agreed with a far end of WebRTC. Who is DTLS client stays so while the association does (RFC 8842 §5.5). */
  #webAgainst(audio: MediaLine, ours: 'offer' | 'answer'): WebAgreement | undefined {
    const theirs = audio.web;
    const ice = this.#iceAgainst(theirs?.ice, ours);
    if (theirs === undefined || ice === undefined) return undefined;
    const before = this.#agreement?.web;
    const same = before?.remote.fingerprint.value === theirs.fingerprint.value;
    if (!same) this.#certified = undefined;
    const role = theirs.setup === 'actpass' && same ? before.role : roleAgainst(theirs.setup);
    return { local: ice.local, remote: { ...ice.remote, fingerprint: theirs.fingerprint }, role };
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
