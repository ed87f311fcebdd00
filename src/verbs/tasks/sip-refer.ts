/** sip:refer: asks the caller's own phone or carrier to call somebody else, and waits for word of it. RFC 3515. */
import { ignore, Machine, type Step, type Table, type Timer } from '../../base/index.ts';
import { answerUnasked, callInfo } from '../../call/index.ts';
import { describeDialFault, headerFaults, type SipReferVerb } from '../schema/schema.ts';
import { askNext, type Outcome, type Task, type TaskContext } from '../task.ts';

type State = 'asking' | 'waiting' | 'over';
type Event =
  | { type: 'answered'; status: number; told: boolean }
  /** A NOTIFY told the status of the call the far end made. */
  | { type: 'told'; status: number }
  /** Nothing more will come: time is up, the call ended, the verb was stopped. */
  | { type: 'gaveUp' };
type Effect = { type: 'event'; status: number } | { type: 'finish' };
type Facts = { refer: number | undefined; final: number | undefined };

const finish: Effect = { type: 'finish' };
const told = (e: { status: number }): Step<State, Effect> => ({
  to: e.status < 200 ? 'waiting' : 'over',
  effects: [{ type: 'event', status: e.status }, ...(e.status < 200 ? [] : [finish])],
});
const giveUp = (): Step<State, Effect> => ({ to: 'over', effects: [finish] });

/** A NOTIFY may overtake the answer to the REFER: RFC 3515 §2.4.4. */
const table: Table<State, Event, Effect, undefined> = {
  asking: {
    // Accepted without a subscription (Refer-Sub: false): nothing more will be told. RFC 4488 §4.
    answered: (e) => (e.status < 300 && e.told ? { to: 'waiting' } : giveUp()),
    told,
    gaveUp: giveUp,
  },
  waiting: { answered: ignore, told, gaveUp: giveUp },
  over: { answered: ignore, told: ignore, gaveUp: ignore },
};

/** How long word of the other call is waited for, ms: reference.md 5. */
const WAIT_MS = 15_000;

export class SipReferTask implements Task {
  readonly #context: TaskContext;
  readonly #verb: SipReferVerb;
  readonly #facts: Facts = { refer: undefined, final: undefined };
  readonly #done: Promise<void>;
  readonly #machine: Machine<State, Event, Effect, undefined>;
  #settle: () => void = () => {};
  #timer: Timer | undefined;

  constructor(context: TaskContext, verb: SipReferVerb) {
    this.#context = context;
    this.#verb = verb;
    this.#done = new Promise((resolve) => (this.#settle = resolve));
    this.#machine = new Machine({
      table,
      initial: 'asking',
      context: undefined,
      perform: (effect) => this.#perform(effect),
    });
  }

  async run(): Promise<Outcome> {
    const { caller, session } = this.#context;
    const fault = faultOf(this.#verb);
    if (fault !== undefined) return this.#refused(fault);
    const off = [
      caller.claim('NOTIFY', (request) => {
        const { headers, body } = request.request;
        if (!isOfRefer(headers.get('Event'))) return answerUnasked(request);
        request.reply({ status: 200 });
        const status = fragmentStatus(body);
        if (status !== undefined) this.#machine.handle({ type: 'told', status });
        // The subscription may end without a last word. RFC 3515 §2.4.7.
        if (/^terminated/i.test(headers.get('Subscription-State') ?? '')) this.#machine.handle({ type: 'gaveUp' });
      }),
      caller.events.on('ended', () => this.#machine.handle({ type: 'gaveUp' })),
    ];
    this.#timer = session.services.clock.after(WAIT_MS, `call ${caller.callSid} sip:refer`, () =>
      this.#machine.handle({ type: 'gaveUp' }),
    );
    void this.#send();
    await this.#done;
    for (const each of off) each();
    return this.#report();
  }

  stop(): void {
    this.#machine.handle({ type: 'gaveUp' });
  }

  async #send(): Promise<void> {
    const { dialog } = this.#context.caller;
    if (dialog === undefined) return void this.#machine.handle({ type: 'gaveUp' });
    const response = await dialog.request('REFER', { ownUsage: true, headers: this.#headers() });
    this.#facts.refer = response.status;
    this.#context.caller.note('refer.sent', { status: response.status });
    const told = response.headers.get('Refer-Sub')?.trim().toLowerCase() !== 'false';
    this.#machine.handle({ type: 'answered', status: response.status, told });
  }

  #headers(): (readonly [string, string])[] {
    const { referTo, referredBy, referredByDisplayName, headers } = this.#verb;
    const { caller } = this.#context;
    const { domain } = caller.services.settings;
    const by = uriOf(referredBy ?? caller.identity.to, domain);
    const name =
      referredByDisplayName === undefined
        ? ''
        : `"${referredByDisplayName.replace(/["\\\p{Cc}]/gu, '').slice(0, 100)}" `;
    return [
      ['Refer-To', `<${uriOf(referTo, caller.remoteHost === '' ? domain : caller.remoteHost)}>`],
      ['Referred-By', `${name}<${by}>`],
      ...Object.entries(headers),
    ];
  }

  #perform(effect: Effect): void {
    if (effect.type === 'finish') {
      this.#timer?.cancel();
      return this.#settle();
    }
    const { eventHook, id } = this.#verb;
    if (effect.status >= 200) this.#facts.final = effect.status;
    this.#context.caller.note('refer.told', { status: effect.status });
    if (eventHook === undefined) return;
    const verbId = id === undefined ? {} : { verb_id: id };
    this.#context.session.link.notify(eventHook, 'verb:hook', {
      ...callInfo(this.#context.caller),
      event: 'transfer-status',
      call_status: effect.status,
      ...verbId,
    });
  }

  #refused(fault: string): Promise<Outcome> | Outcome {
    const { actionHook } = this.#verb;
    this.#context.caller.note('verb.failed', { verb: 'sip:refer', reason: fault });
    return actionHook === undefined ? {} : askNext(this.#context, actionHook, { err: fault }, this.#verb);
  }

  async #report(): Promise<Outcome> {
    const { actionHook } = this.#verb;
    const { refer, final } = this.#facts;
    if (actionHook === undefined) return {};
    const body = {
      ...(refer === undefined ? {} : { refer_status: refer }),
      ...(final === undefined ? {} : { final_referred_call_status: final }),
    };
    return askNext(this.#context, actionHook, body, this.#verb);
  }
}

/** Nothing of an application's may end the header it is put in. */
function faultOf({ referTo, referredBy, headers }: SipReferVerb): string | undefined {
  const unsafe = (uri: string | undefined) =>
    uri !== undefined && (!/^[\x21-\x7e]{1,512}$/.test(uri) || /[<>"]/.test(uri));
  if (unsafe(referTo)) return 'referTo: expected a SIP or tel URI, a number, or user@host';
  if (unsafe(referredBy)) return 'referredBy: expected a SIP or tel URI, a number, or user@host';
  const [fault] = headerFaults(headers);
  return fault === undefined ? undefined : describeDialFault(fault);
}

/** A URI as it is; a user, number or user@host becomes one. */
function uriOf(text: string, host: string): string {
  if (/^(sips?|tel):/i.test(text)) return text;
  return text.includes('@') ? `sip:${text}` : `sip:${text}@${host.includes(':') ? `[${host}]` : host}`;
}

function isOfRefer(event: string | undefined): boolean {
  return event !== undefined && /^refer\s*(;|$)/i.test(event);
}

/** The status line of a message/sipfrag; undefined when it has none. */
function fragmentStatus(body: Buffer): number | undefined {
  const status = /^SIP\/2\.0 (\d{3})(?: |\r|\n|$)/.exec(body.toString('latin1', 0, 64))?.[1];
  return status === undefined ? undefined : Number(status);
}
