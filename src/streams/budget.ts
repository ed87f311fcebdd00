/** What a listener may send us: a bucket that fills with every beat. While it is empty the socket is not read, so that
 * the flood waits at its sender. */
import { limits } from './limits.ts';

export class Budget {
  #messages: number = limits.burstMessages;
  #bytes: number = limits.burstBytes;

  /** True: enough for now. */
  spend(bytes: number): boolean {
    this.#messages--;
    this.#bytes -= bytes;
    return this.spent;
  }

  get spent(): boolean {
    return this.#messages <= 0 || this.#bytes <= 0;
  }

  /** Of `beats` beats. */
  fill(beats: number): void {
    this.#messages = Math.min(limits.burstMessages, this.#messages + beats * limits.messagesPerBeat);
    this.#bytes = Math.min(limits.burstBytes, this.#bytes + beats * limits.bytesPerBeat);
  }
}
