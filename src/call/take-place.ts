/** One leg takes another's place: what Replaces asks for, whether in the Refer-To of a transfer or in an INVITE. The one
 * that is replaced gets BYE (or CANCEL), and whom it talked with talks with the other. RFC 3891 §3. */
import { messageOf } from '../base/index.ts';
import type { HookRef } from '../ports/index.ts';
import { openLink } from './adulting.ts';
import { InboundLeg } from './inbound-leg.ts';
import { Joint } from './joint.ts';
import type { Leg } from './leg.ts';
import type { MediaPath } from './media-path.ts';
import { bringTogether } from './move-media.ts';
import { answeredElsewhere, OutboundLeg } from './outbound-leg.ts';
import type { Session } from './session.ts';

/** Whom the replaced leg talks with, or will. */
export type Place = {
  readonly session: Session;
  readonly replaced: Leg;
  /** Stays. */
  readonly kept: Leg;
};

export type Taken = { readonly ok: true } | { readonly ok: false; readonly status: number; readonly reason: string };

export const gone = { ok: false, status: 481, reason: 'Call/Transaction Does Not Exist' } as const satisfies Taken;
const noAudio: Taken = { ok: false, status: 488, reason: 'Not Acceptable Here' };

/** undefined: it talks with nobody but an application. */
export function placeOf(replaced: Leg): Place | undefined {
  const session = replaced.services.registry.sessionOf(replaced);
  if (session === undefined || replaced.end !== undefined) return undefined;
  // One that still rings: its caller waits for it.
  if (replaced.state !== 'in-progress')
    return replaced === session.caller ? undefined : { session, replaced, kept: session.caller };
  const callee = session.connection?.callee;
  if (callee === undefined || (replaced !== session.caller && replaced !== callee)) return undefined;
  return { session, replaced, kept: replaced === session.caller ? callee : session.caller };
}

/** The transferred party takes the place: REFER. `session` is the referrer's. */
export async function joinReferred(referred: Leg, session: Session, place: Place): Promise<Taken> {
  if (place.session === session || place.kept === referred || place.replaced === referred)
    return { ok: false, status: 603, reason: 'The Two Are One Call' };
  // Before anything is undone: where it cannot be, all go on talking as they were.
  const fault = await apart(referred, place.kept);
  if (fault !== undefined) return fault;
  if (placeOf(place.replaced)?.kept !== place.kept) return gone;
  const from = traitsOf(session);
  const own = detach(session, referred);
  return own === undefined ? gone : connect({ session: own, leg: referred, from }, place);
}

async function apart(referred: Leg, kept: Leg): Promise<Taken | undefined> {
  if (kept.state !== 'in-progress') return undefined;
  try {
    await bringTogether(referred, kept);
    return undefined;
  } catch (fault) {
    referred.note('media.failed', { reason: messageOf(fault) });
    return noAudio;
  }
}

type Newcomer = {
  readonly session: Session;
  readonly leg: Leg;
  readonly from?: Traits;
};

/** What of a connection goes on in the one that follows it. */
type Traits = {
  readonly referHook: HookRef | undefined;
  /** Its media did not pass here. */
  readonly out: MediaPath | undefined;
};

function traitsOf({ connection }: Session): Traits {
  const path = connection?.path;
  return { referHook: connection?.referHook, out: path?.state === 'none' ? path : undefined };
}

/** Whoever came takes the place, and talks with the one who is kept. */
export async function connect(newcomer: Newcomer, place: Place): Promise<Taken> {
  const { kept, replaced } = place;
  const traits = [newcomer.from, traitsOf(place.session)].filter((each) => each !== undefined);
  // One that rings ends its dial by itself; one that talks leaves it first.
  const rings = replaced.state !== 'in-progress';
  if (rings) dismiss(replaced);
  const session = detach(place.session, kept);
  if (!rings) dismiss(replaced);
  const unanswered = kept instanceof InboundLeg && kept.unanswered;
  if (session === undefined || newcomer.leg.end !== undefined || (unanswered && !(await kept.answer()))) {
    // Whoever is left has nothing more to wait for.
    for (const each of [session, newcomer.session]) each?.script.replace([]);
    return gone;
  }
  const referHook = traits.map((each) => each.referHook).find((each) => each !== undefined);
  const joint = new Joint(newcomer, { session, leg: kept }, referHook);
  if (!(await joint.open())) return noAudio;
  const out = traits.map((each) => each.out).filter((each) => each !== undefined);
  if (out.length > 0) void Promise.all(out.map((path) => path.anchored)).then(() => joint.leaveMedia());
  return { ok: true };
}

/** Takes a leg out of its dial, still talking to nobody; the session whose first leg it is then. */
function detach(session: Session, leg: Leg): Session | undefined {
  const { connection } = session;
  if (leg.end !== undefined) return undefined;
  if (leg === session.caller) {
    connection?.replacing('callee');
    hold(session);
    return session;
  }
  if (connection?.callee !== leg) return undefined;
  connection.replacing('caller');
  // The other side of an earlier transfer has its session already.
  if (leg.identity.sessionSid !== session.sid) {
    const own = leg.services.registry.sessionOf(leg);
    if (own !== undefined) hold(own);
    return own;
  }
  const own = session.partWith(leg, openLink(session, leg));
  hold(own);
  void own.run(() => Promise.resolve({ verbs: [] }));
  return own;
}

/** Its application waits, until the joint takes its place: or it would go on, or hang up. */
function hold(session: Session): void {
  let end = (): void => {};
  const held = new Promise<void>((resolve) => (end = resolve));
  session.script.interpose('transfer', { run: () => held, stop: () => end() });
}

function dismiss(leg: Leg): void {
  const cause = { by: 'server', reason: 'replaced by another call' } as const;
  if (leg instanceof OutboundLeg && leg.state !== 'in-progress') leg.cancel(cause, answeredElsewhere);
  else leg.hangup(cause, { reason: { protocol: 'SIP', cause: 200, text: 'Replaced by another call' } });
}
