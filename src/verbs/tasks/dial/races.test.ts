/** Whatever crosses whatever in a dial: thousands of random runs on the fake clock, and what must hold after each. The edges
 * are dial-fixture.test.ts and dial-peers.test.ts; session, legs, verbs and dial are the real ones. A failure prints its script: add it to
 * races.corpus.json, which runs first. Other runs: GRAINE_RACE_SEED=n GRAINE_RACES=count. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { setListenerFault, type CallTrace } from '../../../base/index.ts';
import { createControl, handleInvitation, type Leg, type Session } from '../../../call/index.ts';
import { Interpreter } from '../../interpreter.ts';
import { carrier, World } from './dial-fixture.test.ts';
import { accountSid, type FakeCall, type FakeDialog } from './dial-peers.test.ts';
import { type Act, type Script, scripts } from './races-script.test.ts';

/** By then every script has run out, and who is still on the line hangs up. */
const LATEST = 60_000;
const drained = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

class Run {
  readonly world: World;
  readonly notes: CallTrace[] = [];
  readonly #legOfCall = new Map<string, string>();
  /** The latest dial of each caller: its first INVITE, and who won. */
  readonly #dials = new Map<string, { readonly from: number; winner: string | undefined }>();
  #session: Session | undefined;

  constructor(script: Script) {
    this.world = new World(script);
    const { faults, services } = this.world;
    setListenerFault((event, fault) => faults.push(`a listener of ${event} threw: ${String(fault)}`));
    services.trace.on('event', (event) => {
      if (event.kind === 'link') this.#linked(event.callId, event.callSid);
      if (event.kind === 'end') this.#sessionOver(event.sessionSid);
      if (event.kind !== 'call') return;
      this.notes.push(event);
      this.#noted(event);
    });
  }

  async play(): Promise<string[]> {
    const { services, invitation, script, clock, faults } = this.world;
    const scriptOf = (session: Session) => new Interpreter((this.#session ??= session) && session);
    const control = createControl(services, scriptOf);
    handleInvitation(services, scriptOf, invitation);
    for (const { at, does } of script.acts) this.world.at(at, () => this.#act(does, control));
    this.world.at(LATEST, () => invitation.hangUp());
    this.world.at(4 * LATEST, () => this.#callsOfTheirOwn());
    const begun = clock.now();
    do await drained();
    while (clock.step() && clock.now() - begun < 10 * LATEST);
    this.#atRest();
    return faults;
  }

  #noted(note: CallTrace): void {
    const { callSid, what, detail } = note;
    if (what === 'verb.started' && detail['verb'] === 'dial')
      this.#dials.set(callSid, { from: this.world.calls.length, winner: undefined });
    if (what === 'dial.winner') this.#won(callSid);
    if (what === 'media.bridged') this.#bridged(callSid, String(detail['with']));
    if (what === 'leg.in-progress') this.#answered(callSid);
    if (what === 'verb.finished' && detail['verb'] === 'dial') this.#dialOver(note);
  }

  /** Callees that were let go, and whoever they talk to: as long as they like. */
  #callsOfTheirOwn(): void {
    for (const leg of this.world.services.registry.legs())
      if (leg.identity.direction === 'outbound' && leg.identity.sessionSid === leg.callSid)
        for (const { dialog } of this.#callsOf(leg.callSid)) dialog?.hangUp();
  }

  get #caller(): Leg {
    return this.#session!.caller;
  }

  #act(does: Act['does'], control: ReturnType<typeof createControl>): void {
    const { invitation, services } = this.world;
    const child =
      this.#session?.connection?.callee ?? [...services.registry.legs()].find((leg) => leg !== this.#caller);
    const update = (leg: Leg | undefined, body: object): void => {
      if (leg !== undefined) void control.update(accountSid, leg.callSid, body as Record<string, unknown>);
    };
    const ended = (leg: Leg | undefined) => ({ call_status: leg?.state === 'in-progress' ? 'completed' : 'no-answer' });
    switch (does) {
      case 'caller hangs up':
        return invitation.hangUp();
      case 'caller refers':
        return invitation.dialog?.refer();
      case 'redirect':
        return update(this.#caller, { call_hook: '/redirect' });
      case 'let go':
        return update(this.#caller, { child_call_hook: '/child' });
      case 'end caller':
        return update(this.#caller, ended(this.#caller));
      case 'end child':
        return update(child, ended(child));
    }
  }

  #expect(holds: boolean, otherwise: string): void {
    if (!holds) this.world.faults.push(otherwise);
  }

  #dialOf(callee: string): { readonly from: number; winner: string | undefined } | undefined {
    return this.#dials.get(this.world.services.registry.leg(callee)?.identity.parentCallSid ?? '');
  }

  #linked(callId: string, callSid: string): void {
    if (this.#legOfCall.has(callId)) return;
    this.#legOfCall.set(callId, callSid);
    this.#expect(this.#dialOf(callSid)?.winner === undefined, `${callId} was sent when another had won`);
  }

  /** The only one of its dial; at that moment all others are told. */
  #won(callSid: string): void {
    const dial = this.#dialOf(callSid)!;
    this.#expect(dial.winner === undefined, `${callSid} is a second winner`);
    dial.winner = callSid;
    for (const call of this.world.calls.slice(dial.from)) {
      const other = this.#legOfCall.get(call.callId) ?? '';
      if (other === callSid || this.#dialOf(other) !== dial) continue;
      this.#expect(!call.alive, `${call.callId} goes on although ${callSid} has won`);
    }
  }

  #bridged(caller: string, callee: string): void {
    const winner = this.#dials.get(caller)?.winner;
    this.#expect(winner === undefined || winner === callee, `the caller hears ${callee}, but ${winner} has won`);
  }

  /** One device of a target has answered: its other devices are told. */
  #answered(callSid: string): void {
    const others = this.#callsOf(callSid).filter((call) => call.state !== 'answered');
    for (const call of others) {
      this.#expect(!call.alive, `${call.callId} goes on although another device has answered`);
      this.#toldElsewhere(call, callSid);
    }
  }

  #callsOf(callSid: string): FakeCall[] {
    return this.world.calls.filter((call) => this.#legOfCall.get(call.callId) === callSid);
  }

  #toldElsewhere(call: FakeCall, callSid: string): void {
    if (call.dialog === undefined && !call.cancelled) return;
    // A gateway that said nothing was passed over for the next: nobody had answered then.
    const passedOver = this.notes.some((note) => note.callSid === callSid && note.what === 'leg.failover');
    if (passedOver && call !== this.#callsOf(callSid).at(-1)) return;
    const reason = call.dialog === undefined ? call.cancelReason : call.dialog.byeReason;
    this.#expect(reason?.cause === 200, `${call.callId} was not told that another answered`);
  }

  /** The caller goes on without it: nothing of it is left on the caller. */
  #dialOver({ callSid, detail }: CallTrace): void {
    const session = this.world.services.registry.session(callSid);
    if (session === undefined || session.caller.end !== undefined) return;
    const { caller, connection } = session;
    const held = { connection, bridge: caller.bridge };
    for (const [name, value] of Object.entries(held))
      this.#expect(value === undefined, `${name} is left of dial ${String(detail['id'])}`);
    const timers = this.#timers().filter((label) => label.startsWith(`dial ${callSid}`) || /confirm|music/.test(label));
    this.#expect(timers.length === 0, `the dial is over, but not ${timers.join(', ')}`);
    for (const event of ['digit', 'direction', 'played'] as const)
      this.#expect(!caller.events.listening(event), `dial ${String(detail['id'])} still listens to ${event}`);
  }

  /** Of the product. */
  #timers(): string[] {
    return this.world.clock.pending().filter((label) => label !== 'edge');
  }

  /** What the caller's hanging up, last of all, would hide. */
  #sessionOver(sid: string): void {
    const { final, dialog } = this.world.invitation;
    const told = final !== undefined && (dialog === undefined || dialog.end !== undefined);
    this.#expect(told || sid !== this.#caller.callSid, 'the session is over, and the caller was not told');
    if (this.world.services.registry.size.sessions > 0) return;
    this.#expect(this.#timers().length === 0, `all is over, but not ${this.#timers().join(', ')}`);
  }

  #atRest(): void {
    this.#oneActionHook();
    this.#oneFinalStatus();
    this.#everyoneTold();
    this.#nothingLeft();
  }

  #oneActionHook(): void {
    const begun = this.notes.filter(({ what, detail }) => what === 'verb.started' && detail['verb'] === 'dial');
    const asked = this.world.asked.filter(({ hook }) => hook === '/action');
    const dials = begun.map(({ callSid, detail }) => `${String(detail['id'])} of ${callSid}`).sort();
    const told = asked.map(({ payload }) => `${String(payload['verb_id'])} of ${String(payload['call_sid'])}`).sort();
    this.#expect(dials.join() === told.join(), `dials ${dials.join(', ')}, but action hooks ${told.join(', ')}`);
  }

  #oneFinalStatus(): void {
    const { notified, cdrs } = this.world;
    const states = new Map<string, string[]>();
    for (const { type, payload } of notified) {
      if (type !== 'call:status') continue;
      const sid = String(payload['call_sid']);
      states.set(sid, [...(states.get(sid) ?? []), String(payload['call_status'])]);
    }
    const isFinal = (state: string) => ['completed', 'failed', 'busy', 'no-answer'].includes(state);
    for (const [sid, list] of states) {
      const finals = list.filter(isFinal).length;
      const last = list.at(-1) ?? '';
      const queued = last === 'queued' && finals === 0;
      this.#expect(queued || (finals === 1 && isFinal(last)), `${sid} was told as ${list.join(', ')}`);
      this.#expect(cdrs.filter((cdr) => cdr.callSid === sid).length === 1, `${sid} has not one record`);
    }
    this.#expect(cdrs.length === states.size, `${cdrs.length} records of ${states.size} calls`);
  }

  #everyoneTold(): void {
    const { calls, invitation, cdrs } = this.world;
    for (const call of calls) {
      const over = call.state === 'failed' || call.dialog?.end !== undefined;
      this.#expect(over, `${call.callId} is left ${call.state}`);
    }
    const dialogs = [invitation, ...calls].flatMap(({ dialog }) => (dialog === undefined ? [] : [dialog]));
    for (const dialog of dialogs) this.#dialogTold(dialog);
    for (const cdr of cdrs) {
      if (cdr.terminationReason !== 'answered elsewhere') continue;
      for (const call of this.#callsOf(cdr.callSid)) this.#toldElsewhere(call, cdr.callSid);
    }
  }

  #dialogTold(dialog: FakeDialog): void {
    this.#expect(dialog.end !== undefined, `the dialog of ${dialog.callId} is left`);
    for (const replies of dialog.referred)
      this.#expect(replies.length === 1, `a REFER of ${dialog.callId} was answered ${replies.length} times`);
    const open = dialog.notified.length > 0 && !/^SIP\/2.0 [2-6]/.test(dialog.notified.at(-1) ?? '');
    this.#expect(!open || dialog.end === 'remote', `${dialog.callId} was not told how its transfer went`);
  }

  #nothingLeft(): void {
    const { services, clock, media, links } = this.world;
    const { registry, pacers } = services;
    this.#expect(clock.pending().length === 0, `timers are left: ${clock.pending().join(', ')}`);
    const left = {
      ...registry.size,
      unwritten: registry.unwritten.size,
      links,
      ports: media.endpoints.size,
      bridges: media.bridges.size,
      waiting: pacers.waiting(carrier.sid),
    };
    for (const [name, count] of Object.entries(left)) this.#expect(count === 0, `${count} ${name} left`);
    let granted = false;
    pacers
      .acquire(carrier.sid, { maxCalls: carrier.maxCalls, maxCps: undefined }, { grant: () => (granted = true) })
      .release();
    this.#expect(granted, "the carrier's capacity is not given back");
  }
}

const corpus = JSON.parse(readFileSync(new URL('races.corpus.json', import.meta.url), 'utf8')) as Script[];

async function holds(script: Script): Promise<void> {
  const run = new Run(script);
  const faults = await run.play();
  assert.deepEqual(faults, [], `this script failed; add it to races.corpus.json:\n${JSON.stringify(script)}`);
}

for (const [at, script] of corpus.entries()) test(`script ${at} of the corpus, which failed once`, () => holds(script));

test('whatever crosses whatever, a dial has one winner and one end, and leaves nothing behind', async () => {
  const { GRAINE_RACE_SEED: seed = '1', GRAINE_RACES: runs = '2500' } = process.env;
  await fc.assert(fc.asyncProperty(scripts, holds), {
    numRuns: Number(runs),
    seed: Number(seed),
    includeErrorInReport: true,
  });
});
