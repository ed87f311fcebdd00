/** One REFER on a leg that talks: the application decides, the other party is moved, the referrer hears how it went.
 *
 *   asking ──accepted──▶ moving ──settled──▶ over        decisions.md "REFER, hold, transfer", reference.md 1.14
 *      └──declined, referrer gone──────────────▲
 *
 * A REFER whose Refer-To has Replaces, of a dialog that is ours, joins the two parties of the two calls (take-place.ts).
 */
import { ignore, Machine, type Step, type Table, type Timer } from '../base/index.ts';
import type { AppLink, HookAnswer, HookRef } from '../ports/index.ts';
import type { InDialogRequest } from '../sip/agent/index.ts';
import { callInfo } from './call-info.ts';
import type { SipUri } from '../sip/message/index.ts';
import type { Leg } from './leg.ts';
import { ReferNotifier } from './refer-notifier.ts';
import type { Replaces } from './replaces.ts';
import { isNothing } from './script.ts';
import { readRefer, referDetails, type ReferRequest } from './refer-request.ts';
import type { FoundDialog } from './dialog-book.ts';
import { gone, joinReferred, placeOf } from './take-place.ts';

export type ReferralState = 'asking' | 'moving' | 'over';
export type ReferralEvent =
  | { type: 'accepted'; verbs: unknown }
  | { type: 'declined'; status: number; reason: string | undefined }
  /** What became of the other party's dial. */
  | { type: 'dialled'; status: number; reason: string }
  /** `hungUp`: by us, so that it still listens. */
  | { type: 'referrerGone'; hungUp: boolean }
  /** The other party hung up, or nobody moved it in time. */
  | { type: 'lapsed'; status: number; reason: string };
type Effect =
  | { type: 'reply'; status: number; reason: string | undefined }
  | { type: 'begin'; verbs: unknown }
  | { type: 'tell'; status: number; reason: string }
  | { type: 'close'; status: number };

type Cell = Step<ReferralState, Effect>;
const told = (e: { status: number; reason: string }): Cell => {
  const tell: Effect = { type: 'tell', status: e.status, reason: e.reason };
  if (e.status < 200) return { to: 'moving', effects: [tell] };
  return { to: 'over', effects: [tell, { type: 'close', status: e.status }] };
};

export const referralTable: Table<ReferralState, ReferralEvent, Effect, undefined> = {
  asking: {
    accepted: (e) => ({
      to: 'moving',
      effects: [
        { type: 'reply', status: 202, reason: undefined },
        { type: 'begin', verbs: e.verbs },
      ],
    }),
    declined: (e) => ({
      to: 'over',
      effects: [
        { type: 'reply', status: e.status, reason: e.reason },
        { type: 'close', status: e.status },
      ],
    }),
    dialled: ignore,
    // The BYE crossed our question: the REFER still gets an answer.
    referrerGone: () => ({
      to: 'over',
      effects: [
        { type: 'reply', status: 487, reason: undefined },
        { type: 'close', status: 487 },
      ],
    }),
    lapsed: (e) => ({
      to: 'over',
      effects: [
        { type: 'reply', status: e.status, reason: e.reason },
        { type: 'close', status: e.status },
      ],
    }),
  },
  moving: {
    accepted: ignore,
    declined: ignore,
    dialled: told,
    // What was asked for goes on. One that left need not be told; one we hang up (time limit, REST) hears that its
    // subscription is over, before the BYE. RFC 3515 §2.4.4.
    referrerGone: ({ hungUp }) => ({
      to: 'over',
      effects: [
        ...(hungUp ? [{ type: 'tell', status: 487, reason: 'Request Terminated' } as const] : []),
        { type: 'close', status: 200 },
      ],
    }),
    lapsed: told,
  },
  over: { accepted: ignore, declined: ignore, dialled: ignore, referrerGone: ignore, lapsed: ignore },
};

/** Without verbs in the answer the application moves the other party by REST, within this time. */
const MOVE_MS = 30_000;
/** A dial rings and screens at most so long in practice; a subscription must not stay for ever. */
const DIAL_MS = 240_000;

export type ReferralOptions = {
  readonly referrer: Leg;
  readonly other: Leg;
  readonly hook: HookRef;
  readonly link: AppLink;
  readonly request: InDialogRequest;
  /** Which REFER of this dialog it is, from 1. */
  readonly ordinal: number;
  /** Runs the verbs on the other leg. Says what is wrong with them instead, or whether a dial is among them. */
  readonly move: (verbs: unknown) => { readonly dials: boolean } | { readonly fault: string };
  /** Do the verbs dial whom the Refer-To names? */
  readonly rings: (verbs: unknown, refer: ReferRequest) => boolean;
  /** It is over: the referrer may be hung up. */
  readonly over: () => void;
};

export class Referral {
  readonly #options: ReferralOptions;
  readonly #machine: Machine<ReferralState, ReferralEvent, Effect, undefined>;
  readonly #off: (() => void)[] = [];
  #notifier: ReferNotifier | undefined;
  #refer: ReferRequest | undefined;
  /** The dialog to be replaced is, or was, one of ours. */
  #known = false;
  #elsewhere: (() => void) | undefined;
  #timer: Timer | undefined;

  constructor(options: ReferralOptions) {
    this.#options = options;
    this.#machine = new Machine<ReferralState, ReferralEvent, Effect, undefined>({
      table: referralTable,
      initial: 'asking',
      context: undefined,
      perform: (effect) => this.#perform(effect),
    });
    const { referrer, other } = options;
    this.#off.push(
      referrer.events.on('ended', ({ cause, byeHeaders }) => {
        const hungUp = byeHeaders === undefined && cause.by !== 'error';
        this.#machine.handle({ type: 'referrerGone', hungUp });
      }),
      other.events.on('dialled', (status, reason) => this.#machine.handle({ type: 'dialled', status, reason })),
      other.events.on('ended', () =>
        this.#machine.handle({ type: 'lapsed', status: 487, reason: 'Request Terminated' }),
      ),
    );
  }

  get state(): ReferralState {
    return this.#machine.state;
  }

  get referrer(): Leg {
    return this.#options.referrer;
  }

  async ask(): Promise<void> {
    const { referrer, other, hook, link, request } = this.#options;
    const read = readRefer(request);
    if (!read.ok) return this.#decline(400, read.fault);
    this.#refer = read.refer;
    this.#known = this.#replaced() !== undefined;
    if (read.refer.replaces !== undefined && !this.#known)
      this.#elsewhere = referTo(other, read.refer.uri, read.refer.replaces);
    referrer.note('refer.received', { to: read.refer.user, attended: read.refer.replaces !== undefined });
    const answer = await link.request(hook, 'verb:hook', {
      ...callInfo(referrer),
      refer_details: {
        ...referDetails(read.refer),
        referring_call_sid: referrer.callSid,
        // A referrer who is in no dial is referred itself.
        ...(other === referrer ? {} : { referred_call_sid: other.callSid }),
        ...(this.#replaced() === undefined ? {} : { replaced_call_sid: this.#replaced()?.leg.callSid }),
      },
    });
    if (answer.ok) this.#machine.handle({ type: 'accepted', verbs: answer.body });
    else this.#decline(statusOf(answer), undefined);
  }

  #decline(status: number, reason: string | undefined): void {
    this.#machine.handle({ type: 'declined', status, reason });
  }

  #perform(effect: Effect): void {
    switch (effect.type) {
      case 'reply':
        return this.#reply(effect.status, effect.reason);
      case 'begin':
        return this.#begin(effect.verbs);
      case 'tell':
        return this.#notifier?.tell(effect.status, effect.reason);
      case 'close':
        return this.#close(effect.status);
    }
  }

  #reply(status: number, reason: string | undefined): void {
    const { request } = this.#options;
    const quiet = this.#refer?.subscribes === false && status < 300;
    request.reply({
      status,
      ...(reason === undefined ? {} : { reason: reason.slice(0, 100) }),
      ...(quiet ? { headers: [['Refer-Sub', 'false']] as const } : {}),
    });
    this.#options.referrer.note('refer.answered', { status });
  }

  /** RFC 3515 §2.4.4: the first NOTIFY follows the 202 at once. */
  #begin(verbs: unknown): void {
    const { referrer, ordinal, move } = this.#options;
    if (this.#refer?.subscribes === true && referrer.dialog !== undefined)
      this.#notifier = new ReferNotifier(referrer.dialog, ordinal > 1 ? this.#refer.cseq : undefined);
    this.#notifier?.tell(100, 'Trying');
    if (this.#attends(verbs)) return void this.#join();
    if (isNothing(verbs)) return this.#wait(MOVE_MS, 200, 'OK');
    const moved = move(verbs);
    if ('fault' in moved) return this.#lapse(500, 'Application Not Valid');
    // Verbs that ring nobody: the other party has left, which is all the referrer asked for.
    if (moved.dials) this.#wait(DIAL_MS, 408, 'Request Timeout');
    else this.#lapse(200, 'OK');
  }

  /** The dialog an attended transfer takes over, where it is ours. */
  #replaced(): FoundDialog | undefined {
    const replaces = this.#refer?.replaces;
    const { registry } = this.#options.referrer.services;
    if (replaces === undefined) return undefined;
    const found = registry.dialogs.find(replaces, this.#options.referrer.identity.accountSid);
    return found === 'over' ? undefined : found;
  }

  /** Joined with the replaced call's party: unless the application says to do something else. Of a dialog elsewhere only a
   * dial can say so. */
  #attends(verbs: unknown): boolean {
    const refer = this.#refer;
    if (refer?.replaces === undefined || !this.#known) return false;
    return isNothing(verbs) || this.#options.rings(verbs, refer);
  }

  /** RFC 3891 §3, with the one who was referred as the newcomer. */
  async #join(): Promise<void> {
    const { referrer, other } = this.#options;
    const found = this.#replaced();
    if (found === undefined) return this.#lapse(gone.status, gone.reason);
    if (found.state === 'confirmed' && this.#refer?.replaces?.earlyOnly === true) return this.#lapse(486, 'Busy Here');
    const place = placeOf(found.leg);
    const session = referrer.services.registry.sessionOf(referrer);
    if (place === undefined || session === undefined) return this.#lapse(603, 'It Talks With Nobody');
    const taken = await joinReferred(other, session, place);
    if (taken.ok) this.#lapse(200, 'OK');
    else this.#lapse(taken.status, taken.reason);
  }

  #wait(ms: number, status: number, reason: string): void {
    const { clock } = this.#options.referrer.services;
    const label = `call ${this.#options.referrer.callSid} transfer`;
    this.#timer = clock.after(ms, label, () => this.#lapse(status, reason));
  }

  #lapse(status: number, reason: string): void {
    this.#machine.handle({ type: 'lapsed', status, reason });
  }

  #close(status: number): void {
    this.#timer?.cancel();
    this.#elsewhere?.();
    for (const off of this.#off.splice(0)) off();
    this.#options.referrer.note('refer.ended', { status });
    this.#options.over();
  }
}

/** Until the function it returns is called, a dial of this leg that rings this URI carries the Replaces. */
function referTo(leg: Leg, uri: SipUri, replaces: Replaces): () => void {
  const referred = { uri, replaces };
  leg.referredTo = referred;
  return () => {
    if (leg.referredTo === referred) leg.referredTo = undefined;
  };
}

/** The hook's own status where it has one to say; else 501, as jambonz answers. */
function statusOf(answer: Extract<HookAnswer, { ok: false }>): number {
  const { status } = answer;
  return status !== undefined && status >= 400 && status <= 699 ? status : 501;
}
