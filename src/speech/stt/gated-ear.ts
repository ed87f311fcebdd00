/** An ear that is open only while somebody speaks: a vendor over the network is sent, and paid for, speech and no silence. What
 * was said just before the voice was sure of itself goes along.
 *
 *   quiet ──voice──▶ passing ──pause──▶ quiet …      each `passing` is a stream of its own at the vendor
 */
import { Emitter } from '../../base/index.ts';
import type { VoiceGate } from '../../ports/index.ts';
import type { Ear, VendorFault } from '../vendor.ts';
import { FRAME, VoiceActivity } from './voice-activity.ts';

const FRAME_MS = 20;
/** Streams that were told to end and still owe their last words; more at once are not waited for. */
const MOST_FINISHING = 4;

export class GatedEar implements Ear {
  readonly events: Ear['events'] = new Emitter();
  readonly rate = 16_000;
  readonly #open: () => Ear;
  readonly #gate: VoiceGate;
  readonly #activity: VoiceActivity;
  readonly #before: Int16Array[] = [];
  readonly #most: number;
  readonly #rest = new Int16Array(FRAME);
  #filled = 0;
  #voiced = 0;
  #state: 'quiet' | 'passing' | 'ended' = 'quiet';
  #ear: Ear | undefined;
  readonly #finishing = new Map<Ear, Promise<void>>();

  /** `open` may throw a VendorFault, as a vendor's own. */
  constructor(open: () => Ear, gate: VoiceGate) {
    this.#open = open;
    this.#gate = gate;
    this.#activity = new VoiceActivity(gate.aboveDb);
    this.#most = Math.ceil((gate.padMs + gate.voiceMs) / FRAME_MS) + 1;
  }

  write(pcm: Int16Array): void {
    for (let at = 0; at < pcm.length && this.#state !== 'ended';) {
      const count = Math.min(FRAME - this.#filled, pcm.length - at);
      this.#rest.set(pcm.subarray(at, at + count), this.#filled);
      this.#filled += count;
      at += count;
      if (this.#filled < FRAME) return;
      this.#filled = 0;
      this.#frame(this.#rest.slice());
    }
  }

  async finish(): Promise<void> {
    if (this.#state === 'ended') return;
    this.#shut();
    this.#state = 'ended';
    await Promise.all(this.#finishing.values());
  }

  #frame(frame: Int16Array): void {
    const voiced = this.#activity.frame(frame);
    if (this.#state === 'passing') {
      this.#ear?.write(frame);
      const pause = this.#activity.quietFrames * FRAME_MS >= this.#gate.silenceMs;
      if (pause && this.#gate.strategy === 'continuous') this.#shut();
      return;
    }
    this.#before.push(frame);
    if (this.#before.length > this.#most) this.#before.shift();
    this.#voiced = voiced ? this.#voiced + 1 : 0;
    if (voiced && this.#voiced * FRAME_MS >= this.#gate.voiceMs) this.#begin();
  }

  #begin(): void {
    this.#state = 'passing';
    this.events.emit('speaking');
    let ear: Ear;
    try {
      ear = this.#open();
    } catch (fault) {
      return this.#fail(fault as VendorFault);
    }
    this.#ear = ear;
    ear.events.on('result', (transcript) => this.events.emit('result', transcript));
    ear.events.on('failed', (fault) => this.#fail(fault));
    for (const frame of this.#before.splice(0)) ear.write(frame);
  }

  /** The stream ends; its last words are still told. */
  #shut(): void {
    const ear = this.#ear;
    if (this.#state === 'passing') this.#state = 'quiet';
    this.#ear = undefined;
    this.#voiced = 0;
    if (ear === undefined) return;
    const [oldest] = this.#finishing.keys();
    if (this.#finishing.size >= MOST_FINISHING && oldest !== undefined) this.#finishing.delete(oldest);
    this.#finishing.set(
      ear,
      ear.finish().finally(() => this.#finishing.delete(ear)),
    );
  }

  #fail(fault: VendorFault): void {
    if (this.#state === 'ended') return;
    this.#shut();
    this.#state = 'ended';
    this.events.emit('failed', fault);
  }
}
