/** The demo's call, from the INVITE to the actionHook, and what was measured on the way. */
import { after, at, type IncomingPhoneCall, now, type OutgoingPhoneCall } from '../testing/index.ts';
import { number, realm } from './config.ts';
import type { Screen } from './screen.ts';
import { calleeTone, callerTone, type Stage } from './stage.ts';

export type Check = { readonly ok: boolean; readonly what: string; readonly detail: string };

export type DemoCall = {
  readonly call: OutgoingPhoneCall;
  readonly winner: IncomingPhoneCall;
  readonly action: Readonly<Record<string, unknown>>;
  readonly checks: readonly Check[];
};

/** How long the two talk, ms. */
const talk = 2500;
/** Below this a tone counts as not heard, dB under full scale. */
const quiet = -45;

export async function placeCall(stage: Stage, screen: Screen): Promise<DemoCall> {
  const registered = await stage.bob.register(stage.sip, { username: 'bob', password: 'secret', realm });
  const call = stage.caller.invites(at(number, stage.sip), {
    from: '+15557650001',
    fromName: 'Demo',
    tone: callerTone,
  });
  await call.rings();
  const [winner, ...losers] = await Promise.all(
    [stage.bob, stage.carrier, stage.desk].map((phone) => phone.nextCall()),
  );
  if (winner === undefined) throw new Error('nobody rang');
  await call.answered();
  screen.note(now(), 'graine', { text: '★ bob answered first and wins; the others are cancelled', tint: 'result' });
  const cancels = await Promise.all(losers.map((loser) => loser.cancelled()));
  const since = performance.now();
  await Promise.all([call.hears(calleeTone), winner.hears(callerTone)]);
  screen.note(now(), 'graine', { text: '♪ both hear each other', tint: 'audio' });
  await after(talk);
  const toCaller = call.media?.ears.heard(calleeTone, { since }) ?? -Infinity;
  const toCallee = winner.media?.ears.heard(callerTone, { since }) ?? -Infinity;
  const echo = call.media?.ears.heard(callerTone, { since }) ?? -Infinity;
  screen.note(now(), 'caller', { text: `♪ caller hears ${calleeTone} Hz at ${level(toCaller)}`, tint: 'audio' });
  screen.note(now(), 'bob', { text: `♪ bob hears ${callerTone} Hz at ${level(toCallee)}`, tint: 'audio' });
  await call.hangsUp();
  await winner.byed();
  const action = (await stage.app.requests.until((each) => each.path === '/action', { what: 'the actionHook' })).body;
  screen.note(now(), 'graine', {
    text: `■ the caller hung up; ${String(action['dial_duration'])} s of talk`,
    tint: 'result',
  });
  const reasons = cancels.map((cancel) => cancel.get('reason') ?? '');
  const overheard = losers.filter((loser) => loser.media?.ears.firstAudioAt !== undefined).length;
  return {
    call,
    winner,
    action,
    checks: [
      { ok: registered.status === 200, what: 'bob registered with digest', detail: registered.title },
      { ok: toCaller > quiet, what: `caller heard ${calleeTone} Hz of the winner`, detail: level(toCaller) },
      { ok: toCallee > quiet, what: `winner heard ${callerTone} Hz of the caller`, detail: level(toCallee) },
      { ok: echo < quiet, what: 'no echo of the caller to the caller', detail: level(echo) },
      {
        ok: reasons.every((each) => each.includes('Call completed elsewhere')),
        what: 'two losers cancelled with the reason',
        detail: reasons[0] ?? '',
      },
      { ok: overheard === 0, what: 'no audio leaked to a loser', detail: `${overheard} overheard` },
      {
        ok: action['dial_call_status'] === 'completed',
        what: 'the actionHook came, once, completed',
        detail: `${String(action['dial_call_status'])} ${String(action['dial_sip_status'])}`,
      },
    ],
  };
}

function level(db: number): string {
  return db === -Infinity ? 'silence' : `${db.toFixed(1)} dB`;
}
