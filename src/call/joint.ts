/** Two legs, each the first of a session of its own, that talk with each other: what a transfer with Replaces leaves.
 * It holds both applications where they are until one party leaves or its application is given something else to do.
 *
 *   opening ──bridged──▶ joined ──closed──▶ over        RFC 3891 §3, RFC 5589 §7
 *      └──closed, no audio───────────────────▲
 */
import { ignore, Machine, messageOf, type Table } from '../base/index.ts';
import type { HookRef } from '../ports/index.ts';
import { Bridge } from './bridge.ts';
import type { Leg } from './leg.ts';
import { MediaPath } from './media-path.ts';
import { bringTogether } from './move-media.ts';
import type { OwnTask } from './script.ts';
import type { Connection, Session } from './session.ts';

export type JointState = 'opening' | 'joined' | 'over';
export type JointEvent = { type: 'bridged' | 'closed' };
type Effect = { type: 'connect' | 'part' };

export const jointTable: Table<JointState, JointEvent, Effect, undefined> = {
  opening: {
    bridged: () => ({ to: 'joined', effects: [{ type: 'connect' }] }),
    closed: () => ({ to: 'over', effects: [{ type: 'part' }] }),
  },
  joined: { bridged: ignore, closed: () => ({ to: 'over', effects: [{ type: 'part' }] }) },
  over: { bridged: ignore, closed: ignore },
};

type Side = { readonly leg: Leg; readonly session: Session };

export class Joint {
  readonly #a: Side;
  readonly #b: Side;
  readonly #referHook: HookRef | undefined;
  readonly #bridge: Bridge;
  readonly #path: MediaPath;
  readonly #machine: Machine<JointState, JointEvent, Effect, undefined>;
  readonly #off: (() => void)[];
  readonly #over: Promise<void>;
  #settle: () => void = () => {};

  /** `referHook`: that of the dial they come from. */
  constructor(a: Side, b: Side, referHook: HookRef | undefined) {
    this.#referHook = referHook;
    this.#a = a;
    this.#b = b;
    this.#bridge = new Bridge(a.leg, b.leg);
    this.#path = new MediaPath(a.leg, b.leg, () => {
      const recorded = [a, b].some(({ session }) => session.recording.state !== 'idle');
      return recorded ? 'the recording' : (a.session.script.anchor ?? b.session.script.anchor);
    });
    this.#over = new Promise((resolve) => (this.#settle = resolve));
    this.#machine = new Machine<JointState, JointEvent, Effect, undefined>({
      table: jointTable,
      initial: 'opening',
      context: undefined,
      perform: (effect) => (effect.type === 'connect' ? this.#connect() : this.#part()),
    });
    this.#off = [a, b].map(({ leg }) => leg.events.on('ended', () => this.close()));
  }

  /** Gives both applications the joint to wait for, then lets the two hear each other. False: they cannot, and both are
   * free again. */
  async open(): Promise<boolean> {
    for (const { session } of [this.#a, this.#b]) session.script.interpose('joint', this.#task());
    const [a, b] = [this.#a.leg, this.#b.leg];
    try {
      await bringTogether(a, b);
      if (this.#machine.state !== 'opening') return false;
      await this.#bridge.open();
      this.#machine.handle({ type: 'bridged' });
    } catch (fault) {
      a.note('media.failed', { reason: messageOf(fault) });
      this.close();
    }
    // Read anew: much may have happened.
    return (this.#machine.state as JointState) === 'joined';
  }

  /** Where the media of either did not pass here before, it shall not now. Failure is an alert. */
  async leaveMedia(): Promise<void> {
    const moved = await this.#path.leave();
    if (moved.ok || this.#machine.state !== 'joined') return;
    const { leg, session } = this.#a;
    leg.note('media.stays', { reason: moved.reason });
    const message = `exitMediaPath: ${moved.reason}`;
    const { accountSid } = session;
    session.services.alerts.raise({ accountSid, callSid: leg.callSid, type: 'media-failure', message });
  }

  close(): void {
    this.#machine.handle({ type: 'closed' });
  }

  #task(): OwnTask {
    return { run: () => this.#over, stop: () => this.close(), referHook: this.#referHook };
  }

  #connect(): void {
    for (const [side, other] of [
      [this.#a, this.#b],
      [this.#b, this.#a],
    ] as const) {
      const connection: Connection = {
        callee: other.leg,
        path: this.#path,
        letGo: () => this.close(),
        replacing: () => this.close(),
        referHook: this.#referHook,
      };
      side.session.connection = connection;
      this.#off.push(() => {
        if (side.session.connection === connection) side.session.connection = undefined;
      });
      side.session.recording.connected(other.leg);
    }
    this.#a.leg.note('call.joined', { with: this.#b.leg.callSid });
    this.#b.leg.note('call.joined', { with: this.#a.leg.callSid });
  }

  #part(): void {
    for (const off of this.#off.splice(0)) off();
    this.#bridge.close();
    this.#path.close();
    for (const { session } of [this.#a, this.#b]) session.recording.disconnected();
    this.#settle();
  }
}
