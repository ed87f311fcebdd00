/** The book of what is anchored where. One session is one call in rtpengine; an endpoint is two parties of it: its far end,
 * whose port never changes, and its worker. Who is joined to whom is all that changes. */
import type { Timer } from '../../base/index.ts';
import type { Payload, StreamSettings } from '../../ports/index.ts';
import type { SrtpKey } from '../../sdp/index.ts';
import { ANY, NOWHERE, type Place } from './description.ts';
import type { Member } from './member.ts';
import { FarReports } from './reports.ts';
import type { Side } from './side.ts';
import { type OwnWeb, webOf } from './web.ts';

export type Anchored = {
  readonly name: string;
  readonly session: AnchoredSession;
  /** The worker's own ports. */
  readonly worker: Place;
  /** Where the far end sends: rtpengine's port, or the worker's while there is no rtpengine. */
  front: Place;
  /** What rtpengine, or else the worker, says of itself to a far end that speaks WebRTC. */
  web: Introduced;
  /** The worker's own. */
  readonly own: Introduced;
  /** Its far end may speak ICE, or WebRTC. */
  ice: boolean;
  /** What rtpengine has offered it on our behalf. */
  offered: Offered;
  /** Where the worker sends: rtpengine's other port. Undefined until there is something to send to. */
  back: Place | undefined;
  settings: StreamSettings | undefined;
  pair: Pair | undefined;
  /** What rtpengine alone carried for it, until now. */
  readonly direct: Carried;
  /** What its audio must pass the worker for. */
  readonly work: Set<string>;
  /** Its far end was heard. */
  heard: boolean;
  /** Who encrypts for its far end, where its audio is encrypted. */
  sealing: Sealing;
  /** The key that rtpengine was shown to encrypt with for its far end. */
  shown: SrtpKey | undefined;
  /** Of its line of keys. */
  readonly line: number;
  /** The tag that alone heard it when it was found in rtpengine, anchored by another process; until something is changed. */
  found: string | undefined;
};

/** plain: its worker's audio, in the clear, which nobody has answered yet. web: WebRTC, and nothing since. else: all there is
 * was agreed later. */
export type Offered = 'plain' | 'web' | 'else';

/** `ice`: that of rtpengine; a worker takes what it is given. No fingerprint: it cannot speak WebRTC. */
export type Introduced = Partial<OwnWeb>;

/** rtpengine: it does. worker: rtpengine passes SRTP on as it is. waits: another process had counted the packets of this
 * key, so nothing may be sent with it any more; there will be another. RFC 3711 §9.1. */
export type Sealing = 'rtpengine' | 'worker' | 'waits';

/** Two endpoints that hear each other. worker: through it. settling: soon without. direct: rtpengine carries it alone. */
export type Pair = {
  readonly a: Anchored;
  readonly b: Anchored;
  state: 'worker' | 'settling' | 'direct' | 'over';
  timer: Timer | undefined;
  /** What their far ends had sent when it became direct. */
  base: readonly [Figures, Figures] | undefined;
};

export type Figures = { readonly packets: number; readonly bytes: number };
export type Carried = {
  received: Figures;
  sent: Figures;
  /** What its far end had sent when that was last asked for. */
  until: Figures | undefined;
  /** Of `received`, packets that went by before a worker had the stream back. */
  back: number;
  readonly reports: FarReports;
};

export const NO_FIGURES: Figures = { packets: 0, bytes: 0 };

export function nothingCarried(): Carried {
  return { received: NO_FIGURES, sent: NO_FIGURES, until: undefined, back: 0, reports: new FarReports() };
}

/** Commands of one session go out one after the other. */
export class AnchoredSession {
  readonly id: string;
  readonly endpoints = new Set<Anchored>();
  member: Member | undefined;
  /** Another process had it before: what its pairs did is not known. */
  readonly takenOver: boolean;
  #lines = 0;
  readonly #parted = new Map<string, number>();
  #last: Promise<unknown> = Promise.resolve();

  constructor(id: string, member: Member | undefined, takenOver = false) {
    this.id = id;
    this.takenOver = takenOver;
    this.member = member;
    if (member !== undefined) member.calls++;
  }

  /** After all that was asked for before. */
  inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work);
    this.#last = turn.catch(() => {});
    return turn;
  }

  /** When all that was asked for before is done. */
  settled(): Promise<void> {
    return this.inTurn(() => Promise.resolve());
  }

  nextLine(): number {
    return ++this.#lines;
  }

  /** Their audio went from one to the other by rtpengine alone until now. */
  part({ a, b }: Pair, now: number): void {
    this.#parted.set(bothOf(a, b), now);
  }

  /** When that was; undefined: never, as far as is known. */
  partedAt({ a, b }: Pair): number | undefined {
    return this.#parted.get(bothOf(a, b));
  }

  leave(): Member | undefined {
    const { member } = this;
    if (member !== undefined) member.calls--;
    this.member = undefined;
    return member;
  }

  enter(member: Member): void {
    this.member = member;
    member.calls++;
  }
}

const bothOf = (a: Anchored, b: Anchored): string => [a.name, b.name].sort().join(' ');

export function farTag(name: string): string {
  return `far-${name}`;
}

/** The endpoint whose far end has this tag. */
export function nameOfTag(tag: string): string | undefined {
  return tag.startsWith('far-') ? tag.slice(4) : undefined;
}

export function farSide(endpoint: Anchored): Side {
  const { name, settings, line } = endpoint;
  const place = settings?.remote ?? NOWHERE;
  const plain = { tag: farTag(name), place, payloads: payloadsOf(settings), web: webOf(settings) };
  const keys = isSealedThere(endpoint) ? settings?.srtp : undefined;
  return keys === undefined ? plain : { ...plain, seal: { ...keys, tag: line } };
}

/** rtpengine encrypts for it: its worker has it in the clear. */
export function isSealedThere({ session, settings, sealing }: Anchored): boolean {
  const isSealed = settings?.srtp !== undefined || settings?.web !== undefined;
  return session.member !== undefined && isSealed && sealing === 'rtpengine';
}

/** Nothing may be sent to it: see Sealing. */
export function isMute({ settings, sealing }: Anchored): boolean {
  return (settings?.srtp !== undefined || settings?.web !== undefined) && sealing === 'waits';
}

/** Is there somewhere to send to? ICE finds it. */
export function isReachable(settings: StreamSettings | undefined): settings is StreamSettings {
  return settings !== undefined && (settings.remote ?? settings.web ?? settings.ice) !== undefined;
}

/** Does its far end speak ICE, or may it, while nothing is agreed? */
export function usesIce({ settings, ice }: Anchored): boolean {
  return settings === undefined ? ice : (settings.web ?? settings.ice) !== undefined;
}

export function workerSide({ name, worker, settings }: Anchored): Side {
  return { tag: `worker-${name}`, place: worker, payloads: payloadsOf(settings) };
}

/** Whether it only has to answer what it was offered at first. */
export function takesFirstOffer(endpoint: Anchored): boolean {
  const { settings, offered } = endpoint;
  if (offered !== 'plain' || usesIce(endpoint) || (settings?.srtp !== undefined && isSealedThere(endpoint)))
    return false;
  return payloadsOf(settings).every(({ receive, codec, clockRate, channels }) =>
    ANY.some((each) => {
      const isSame = each.codec === codec && each.clockRate === clockRate && each.channels === channels;
      return isSame && each.receive === receive;
    }),
  );
}

function payloadsOf(settings: StreamSettings | undefined): readonly Payload[] {
  return settings === undefined || settings.payloads.length === 0 ? ANY : settings.payloads;
}

/** Whether rtpengine alone can carry what the two say: packets pass it as they are, types and all. */
export function canPass(a: Anchored, b: Anchored): boolean {
  if (a.session !== b.session || a.session.member === undefined) return false;
  if (a.work.size > 0 || b.work.size > 0 || !a.heard || !b.heard) return false;
  const [one, two] = [a.settings, b.settings];
  if (!isReachable(one) || !isReachable(two)) return false;
  if (isClosed(a) || isClosed(b)) return false;
  if (one.direction !== 'sendrecv' || two.direction !== 'sendrecv') return false;
  if (!a.session.member.tellsDigits && (hasKeys(one) || hasKeys(two))) return false;
  return samePayloads(one.payloads, two.payloads) && samePayloads(two.payloads, one.payloads);
}

/** rtpengine cannot look into it. */
const isClosed = (each: Anchored): boolean =>
  (each.settings?.web !== undefined || each.settings?.srtp !== undefined) && !isSealedThere(each);
const hasKeys = ({ payloads }: StreamSettings): boolean => payloads.some(({ codec }) => codec === 'TELEPHONE-EVENT');

/** What each is asked to send first the other takes by the same number, and keys and comfort noise as well. Other codecs that
 * only one of them agreed to do not matter as long as it does not send them: see Switchboard. */
function samePayloads(from: readonly Payload[], to: readonly Payload[]): boolean {
  const [first] = from;
  if (first === undefined || first.codec !== to[0]?.codec) return false;
  const used = from.filter((each) => each === first || each.codec === 'CN' || isEventOf(first, each));
  return used.every(({ receive, codec, clockRate, channels }) =>
    to.some(
      (each) =>
        each.send === receive && each.codec === codec && each.clockRate === clockRate && each.channels === channels,
    ),
  );
}

/** Keys are on the clock of the audio they come between: RFC 4733 §2.5.1.1 */
const isEventOf = (audio: Payload, { codec, clockRate }: Payload): boolean =>
  codec === 'TELEPHONE-EVENT' && clockRate === audio.clockRate;
