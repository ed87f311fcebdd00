/** Tells the sender of a REFER what becomes of it: the subscription that a REFER makes. RFC 3515 §2.4, RFC 6665. */
import { ignore, Machine, type Step, type Table } from '../base/index.ts';
import type { Dialog } from '../sip/agent/index.ts';

/** telling: a NOTIFY is on its way, and what comes next waits for its answer, so that no provisional overtakes another. */
export type NotifierState = 'active' | 'telling' | 'over';
export type NotifierEvent =
  | { type: 'progress'; status: number; reason: string }
  /** The NOTIFY was answered. */
  | { type: 'answered' }
  /** The referrer no longer wants to know, or is gone. */
  | { type: 'closed' };
type Progress = { readonly status: number; readonly reason: string };
type Effect = ({ type: 'notify' } & Progress) | ({ type: 'later' } & Progress) | { type: 'next' };

const told = (e: Progress): Step<NotifierState, Effect> => ({
  to: e.status >= 200 ? 'over' : 'telling',
  effects: [{ type: 'notify', status: e.status, reason: e.reason }],
});

export const notifierTable: Table<NotifierState, NotifierEvent, Effect, undefined> = {
  active: { progress: told, answered: ignore, closed: () => ({ to: 'over' }) },
  telling: {
    // The last word waits for nothing: a BYE may follow it.
    progress: (e) =>
      e.status >= 200 ? told(e) : { to: 'telling', effects: [{ type: 'later', status: e.status, reason: e.reason }] },
    answered: () => ({ to: 'active', effects: [{ type: 'next' }] }),
    closed: () => ({ to: 'over' }),
  },
  over: { progress: ignore, answered: ignore, closed: ignore },
};

/** Seconds the subscription is said to last; a dial rings shorter than this. */
const EXPIRES = 300;

export class ReferNotifier {
  readonly #dialog: Dialog;
  readonly #event: string;
  /** What became of it meanwhile; only the latest. */
  #later: Progress | undefined;
  readonly #machine: Machine<NotifierState, NotifierEvent, Effect, undefined>;

  /** `id`: CSeq of the REFER, told from the second one in a dialog on (RFC 3515 §2.4.6). */
  constructor(dialog: Dialog, id: number | undefined) {
    this.#dialog = dialog;
    this.#event = id === undefined ? 'refer' : `refer;id=${id}`;
    this.#machine = new Machine<NotifierState, NotifierEvent, Effect, undefined>({
      table: notifierTable,
      initial: 'active',
      context: undefined,
      perform: (effect) => this.#perform(effect),
    });
  }

  /** A status under 200 goes on, any other is the last. */
  tell(status: number, reason: string): void {
    this.#machine.handle({ type: 'progress', status, reason });
  }

  close(): void {
    this.#machine.handle({ type: 'closed' });
  }

  #perform(effect: Effect): void {
    if (effect.type === 'notify') return this.#send(effect.status, effect.reason);
    if (effect.type === 'later') {
      this.#later = { status: effect.status, reason: effect.reason };
      return;
    }
    const later = this.#later;
    this.#later = undefined;
    if (later !== undefined) this.tell(later.status, later.reason);
  }

  #send(status: number, reason: string): void {
    const state = status >= 200 ? 'terminated;reason=noresource' : `active;expires=${EXPIRES}`;
    const text = reason.replaceAll(/[\r\n]/g, ' ');
    void this.#dialog
      .request('NOTIFY', {
        ownUsage: true,
        headers: [
          ['Event', this.#event],
          ['Subscription-State', state],
        ],
        contentType: 'message/sipfrag;version=2.0',
        body: Buffer.from(`SIP/2.0 ${status} ${text}\r\n`),
      })
      .then((answer) => {
        if (answer.status >= 300) this.close();
        else this.#machine.handle({ type: 'answered' });
      });
  }
}
