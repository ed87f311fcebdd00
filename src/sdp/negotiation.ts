/** The offer/answer state of one leg: who offered last, what was agreed. RFC 3264, RFC 6337 §2.
 *
 *   stable ──offer()──▶ local-offer ──answered()──▶ stable
 *     └──receive()──▶ remote-offer ──answer()──▶ stable
 */
import { ignore, Machine, type Table } from '../base/index.ts';
import { type Agreed, agreeToAnswer, agreeToOffer, answerDirection, eventsBeside, spokenCodecs } from './codecs.ts';
import { type Direction, type Format, type MediaLine, parseSdp, printSdp } from './description.ts';

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
  readonly payloads: readonly Agreed[];
  /** Seen from us. */
  readonly direction: Direction;
  readonly ptime: number;
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
};

/** Everything needed to negotiate on in another process. Plain data. */
export type NegotiationSnapshot = {
  readonly sessionId: string;
  readonly local: LocalMedia;
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
  #version = 0;
  #offered: readonly Format[] = [];
  #direction: Direction = 'sendrecv';
  #remoteLines: readonly MediaLine[] = [];
  #agreement: Agreement | undefined;
  #last: Buffer | undefined;

  constructor(local: LocalMedia, sessionId: string) {
    this.#local = local;
    this.#sessionId = sessionId;
  }

  /** An offer that was under way is forgotten: what was agreed before it holds. Undefined before the first agreement. */
  snapshot(): NegotiationSnapshot | undefined {
    const agreement = this.#agreement;
    if (agreement === undefined || this.#last === undefined) return undefined;
    const [sessionId, local, version, direction] = [this.#sessionId, this.#local, this.#version, this.#direction];
    return { sessionId, local, version, direction, agreement, last: this.#last.toString() };
  }

  static restore(snapshot: NegotiationSnapshot): Negotiation {
    const restored = new Negotiation(snapshot.local, snapshot.sessionId);
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

  /** Our offer. `prefer` puts codecs first (what the other leg speaks); the rest of ours follow. */
  offer(options: { prefer?: readonly Format[]; direction?: Direction } = {}): Buffer {
    this.#machine.handle({ type: 'offer' });
    this.#direction = options.direction ?? 'sendrecv';
    const audio = this.#preferred(options.prefer);
    this.#offered = [...audio, ...eventsBeside(audio)];
    return this.#print(this.#offered, undefined, this.#direction);
  }

  /** Takes the far end's offer; nothing is agreed before answer(). */
  receive(
    offer: Buffer,
  ): { readonly ok: true; readonly audio: MediaLine } | { readonly ok: false; readonly fault: string } {
    const read = audioOf(offer);
    if (!read.ok) return read;
    if (!this.#machine.handle({ type: 'receive' })) return { ok: false, fault: `an offer came in state ${this.state}` };
    this.#remoteLines = read.lines;
    return { ok: true, audio: read.audio };
  }

  /** Our answer to the offer received. */
  answer(
    options: { prefer?: readonly Format[]; direction?: Direction } = {},
  ): { sdp: Buffer; agreement: Agreement } | { fault: string } {
    const audio = this.#remoteLines.find((line) => line.type === 'audio' && line.port !== 0);
    if (audio === undefined) return { fault: 'no offer to answer' };
    const payloads = agreeToOffer(audio, this.#preferred(options.prefer));
    if (payloads.length === 0) return { fault: 'no codec in common' };
    if (!this.#machine.handle({ type: 'answer' })) return { fault: `cannot answer in state ${this.state}` };
    this.#direction = answerDirection(audio.direction, options.direction);
    const formats = payloads.map((each) => each.format);
    const sdp = this.#print(formats, this.#remoteLines, this.#direction);
    this.#agreement = agreementOf(audio, payloads, this.#direction);
    return { sdp, agreement: this.#agreement };
  }

  /** Takes the answer to our offer. `final: false` for early media of a fork, which a later answer may replace. */
  answered(answer: Buffer, final = true): Negotiated {
    const read = audioOf(answer);
    if (!read.ok) return read;
    if (this.state !== 'local-offer') return { ok: false, fault: `an answer came in state ${this.state}` };
    const payloads = agreeToAnswer(read.audio, this.#offered);
    if (payloads.length === 0) return { ok: false, fault: 'the answer shares no codec with our offer' };
    if (final) this.#machine.handle({ type: 'answered' });
    this.#agreement = agreementOf(read.audio, payloads, answerDirection(read.audio.direction, this.#direction));
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
    const known = first
      .map((format) => spoken.find((ours) => ours.codec === format.codec && ours.clockRate === format.clockRate))
      .filter((format) => format !== undefined);
    return [...new Set([...known, ...spoken])];
  }

  #print(formats: readonly Format[], lines: readonly MediaLine[] | undefined, direction: Direction): Buffer {
    this.#version++;
    const origin = { sessionId: this.#sessionId, version: this.#version };
    this.#last = printSdp(origin, { ...this.#local, formats, direction, ptime: 20 }, lines);
    return this.#last;
  }
}

type AudioRead = { ok: true; audio: MediaLine; lines: readonly MediaLine[] } | { ok: false; fault: string };

function audioOf(bytes: Buffer): AudioRead {
  const read = parseSdp(bytes);
  if (!read.ok) return read;
  const audio = read.sdp.media.find((line) => line.type === 'audio' && line.port !== 0);
  if (audio === undefined) return { ok: false, fault: 'the SDP has no audio line in use' };
  if (audio.protocol !== 'RTP/AVP' && audio.protocol !== 'RTP/AVPF') {
    return { ok: false, fault: `the audio line wants ${audio.protocol}, this version speaks RTP/AVP` };
  }
  return { ok: true, audio, lines: read.sdp.media };
}

function agreementOf(audio: MediaLine, payloads: readonly Agreed[], direction: Direction): Agreement {
  const { address, port, rtcpPort } = audio;
  return {
    remote: { address, port, ...(rtcpPort === undefined ? {} : { rtcpPort }) },
    payloads,
    direction,
    ptime: audio.ptime ?? 20,
  };
}
