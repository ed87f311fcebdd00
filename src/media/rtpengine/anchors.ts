/** The book of what is anchored where. One session is one call in rtpengine; an endpoint is two parties of it: its far end,
 * whose port never changes, and its worker. Who is joined to whom is all that changes. */
import type { Timer } from '../../base/index.ts';
import type { Payload, StreamSettings } from '../../ports/index.ts';
import { ANY, NOWHERE, type Place } from './description.ts';
import type { Member, Side } from './member.ts';

export type Anchored = {
  readonly name: string;
  readonly session: AnchoredSession;
  /** The worker's own ports. */
  readonly worker: Place;
  /** Where the far end sends: rtpengine's port, or the worker's while there is no rtpengine. */
  front: Place;
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
};

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
export type Carried = { received: Figures; sent: Figures };

export const NO_FIGURES: Figures = { packets: 0, bytes: 0 };

/** Commands of one session go out one after the other. */
export class AnchoredSession {
  readonly id: string;
  readonly endpoints = new Set<Anchored>();
  member: Member | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(id: string, member: Member | undefined) {
    this.id = id;
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

export function farTag(name: string): string {
  return `far-${name}`;
}

/** The endpoint whose far end has this tag. */
export function nameOfTag(tag: string): string | undefined {
  return tag.startsWith('far-') ? tag.slice(4) : undefined;
}

export function farSide({ name, settings }: Anchored): Side {
  return { tag: farTag(name), place: settings?.remote ?? NOWHERE, payloads: payloadsOf(settings) };
}

export function workerSide({ name, worker, settings }: Anchored): Side {
  return { tag: `worker-${name}`, place: worker, payloads: payloadsOf(settings) };
}

function payloadsOf(settings: StreamSettings | undefined): readonly Payload[] {
  return settings === undefined || settings.payloads.length === 0 ? ANY : settings.payloads;
}

/** Whether rtpengine alone can carry what the two say: packets pass it as they are, types and all. */
export function canPass(a: Anchored, b: Anchored): boolean {
  if (a.session !== b.session || a.session.member === undefined) return false;
  if (a.work.size > 0 || b.work.size > 0 || !a.heard || !b.heard) return false;
  const [one, two] = [a.settings, b.settings];
  if (one?.remote === undefined || two?.remote === undefined) return false;
  if (isSealed(one) || isSealed(two)) return false;
  if (one.direction !== 'sendrecv' || two.direction !== 'sendrecv') return false;
  if (!a.session.member.tellsDigits && (hasKeys(one) || hasKeys(two))) return false;
  return samePayloads(one.payloads, two.payloads) && samePayloads(two.payloads, one.payloads);
}

/** Each leg has keys of its own. */
const isSealed = ({ srtp, web }: StreamSettings): boolean => srtp !== undefined || web !== undefined;
const hasKeys = ({ payloads }: StreamSettings): boolean => payloads.some(({ codec }) => codec === 'TELEPHONE-EVENT');

/** All that one may send, the other takes by the same number; and both prefer the same. */
function samePayloads(from: readonly Payload[], to: readonly Payload[]): boolean {
  if (from[0]?.codec !== to[0]?.codec) return false;
  return from.every(({ receive, codec, clockRate, channels }) =>
    to.some(
      (each) =>
        each.send === receive && each.codec === codec && each.clockRate === clockRate && each.channels === channels,
    ),
  );
}
