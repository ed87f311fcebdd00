/** Sound to text: vendor, fallback vendor, alert. */
import { type Clock, Emitter, type Timer } from '../base/index.ts';
import type { Alerts, HearingChoice, Recogniser, Recognition, RecognitionOptions } from '../ports/index.ts';
import { GatedEar } from './stt/gated-ear.ts';
import { type Ear, type EarVendor, VendorFault } from './vendor.ts';

/** Finds who hears for an account. Throws a VendorFault when nobody does. */
export type FindEar = (accountSid: string, choice: HearingChoice) => EarVendor;

type Parts = {
  readonly clock: Clock;
  readonly alerts: Alerts;
  readonly find: FindEar;
  /** The vendor the configuration names for all. */
  readonly preferred: string | undefined;
};

const RATE = 16_000;
/** What was said since the last final result, for the vendor that takes over: at most so many samples. */
const MOST_KEPT = 15 * RATE;
/** A vendor that worked so long and then broke off is tried again before the fallback, ms. */
const WORKED = 30_000;
/** After the end the last words may take so long, ms. */
const LAST_WORDS = 5000;

export class Listening implements Recogniser {
  readonly #parts: Parts;
  readonly #open = new Set<Listener>();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  hearsUnasked(accountSid: string): boolean {
    const { preferred, find } = this.#parts;
    if (preferred === undefined) return false;
    try {
      find(accountSid, {});
      return true;
    } catch {
      return false;
    }
  }

  open(options: RecognitionOptions): Recognition {
    const listener = new Listener(this.#parts, options, () => this.#open.delete(listener));
    this.#open.add(listener);
    return listener;
  }

  async stop(): Promise<void> {
    await Promise.all(Array.from(this.#open, (listener) => listener.close()));
  }
}

class Listener implements Recognition {
  readonly events: Recognition['events'] = new Emitter();
  readonly rate = RATE;
  readonly #parts: Parts;
  readonly #options: RecognitionOptions;
  readonly #gone: () => void;
  #ear: Ear | undefined;
  #state: 'opening' | 'open' | 'closing' | 'closed' = 'opening';
  #choice: HearingChoice;
  #openedAt = 0;
  #kept: Int16Array[] = [];
  #keptLength = 0;

  constructor(parts: Parts, options: RecognitionOptions, gone: () => void) {
    this.#parts = parts;
    this.#options = options;
    this.#gone = gone;
    this.#choice = options.hearing;
    // The caller must have the chance to subscribe before the first event.
    queueMicrotask(() => this.#state === 'opening' && this.#connect());
  }

  write(pcm: Int16Array): void {
    if (this.#state === 'closing' || this.#state === 'closed') return;
    this.#kept.push(pcm);
    this.#keptLength += pcm.length;
    while (this.#keptLength > MOST_KEPT) this.#keptLength -= this.#kept.shift()!.length;
    this.#ear?.write(pcm);
  }

  async close(): Promise<void> {
    if (this.#state === 'closing' || this.#state === 'closed') return;
    this.#state = 'closing';
    let timer: Timer | undefined;
    const { clock } = this.#parts;
    const late = new Promise<void>((resolve) => (timer = clock.after(LAST_WORDS, 'stt last words', resolve)));
    await Promise.race([this.#ear?.finish(), late]);
    timer?.cancel();
    this.#end();
  }

  #connect(): void {
    try {
      const ear = this.#open();
      this.#ear = ear;
      this.#state = 'open';
      this.#openedAt = this.#parts.clock.monotonic();
      ear.events.on('speaking', () => this.events.emit('speaking'));
      ear.events.on('result', (transcript) => {
        if (transcript.final) this.#forget();
        this.events.emit('result', transcript);
      });
      ear.events.on('failed', (fault) => this.#broken(ear, fault));
      for (const pcm of this.#kept) ear.write(pcm);
    } catch (fault) {
      this.#broken(undefined, fault instanceof VendorFault ? fault : new VendorFault('garbage', String(fault)));
    }
  }

  #open(): Ear {
    const { accountSid, gate } = this.#options;
    const choice = this.#choice;
    const vendor = this.#parts.find(accountSid, choice);
    return gate === undefined ? vendor.open(choice) : new GatedEar(() => vendor.open(choice), gate);
  }

  #forget(): void {
    this.#kept = [];
    this.#keptLength = 0;
  }

  #broken(ear: Ear | undefined, fault: VendorFault): void {
    if (this.#state === 'closed' || this.#ear !== ear) return;
    this.#ear = undefined;
    this.#alarm(fault);
    const worked = ear !== undefined && this.#parts.clock.monotonic() - this.#openedAt > WORKED;
    const { fallback } = this.#options;
    const next = worked ? this.#choice : this.#choice === fallback ? undefined : fallback;
    if (this.#state === 'closing' || next === undefined) {
      this.#end();
      this.events.emit('failed', fault.message);
      return;
    }
    this.#choice = next;
    this.#connect();
  }

  #alarm(fault: VendorFault): void {
    const { accountSid, callSid } = this.#options;
    const type = fault.kind === 'unusable' ? 'no-stt' : 'stt-failure';
    const detail = `vendor ${this.#choice.vendor ?? 'default'}`;
    this.#parts.alerts.raise({ accountSid, callSid, type, message: fault.message, detail });
  }

  #end(): void {
    this.#state = 'closed';
    this.#forget();
    this.#gone();
  }
}
