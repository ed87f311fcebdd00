/** dtmfCapture: watches the keys both parties press and tells dtmfHook of the sequences it was given. Nobody waits for the
 * hook, and what it answers is ignored. decisions.md DTMF. */
import { callInfo, type Leg, type Session } from '../../../call/index.ts';
import type { DialVerb } from '../../schema/schema.ts';
import { DigitPatterns } from './digit-patterns.ts';

export class DtmfCapture {
  readonly #session: Session;
  readonly #dial: DialVerb;
  readonly #stops: (() => void)[] = [];

  constructor(session: Session, dial: DialVerb) {
    this.#session = session;
    this.#dial = dial;
  }

  /** Begins to listen. Without a hook or a pattern there is nothing to tell. */
  start(caller: Leg, callee: Leg): void {
    this.#watch(caller, this.#dial.dtmfCapture?.parentCall ?? []);
    this.#watch(callee, this.#dial.dtmfCapture?.childCall ?? []);
  }

  stop(): void {
    for (const each of this.#stops.splice(0)) each();
  }

  #watch(leg: Leg, patterns: readonly string[]): void {
    const { dtmfHook, id } = this.#dial;
    if (dtmfHook === undefined || patterns.length === 0) return;
    const watch = new DigitPatterns({
      clock: leg.services.clock,
      patterns,
      label: `call ${leg.callSid} dtmf capture`,
      matched: (dtmf) => {
        // Which one it was stays out of the timeline: it may be a card number.
        leg.note('dtmf.captured', { keys: dtmf.length });
        const verbId = id === undefined ? {} : { verb_id: id };
        this.#session.link.notify(dtmfHook, 'verb:hook', { ...callInfo(leg), dtmf, ...verbId });
      },
    });
    const off = leg.events.on('digit', (digit) => watch.press(digit));
    this.#stops.push(() => {
      off();
      watch.close();
    });
  }
}
