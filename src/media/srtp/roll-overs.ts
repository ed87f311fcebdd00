/** Which rollover counters a stream may have reached that was under way before we came to know of it: RFC 3711 §3.3.1 wants
 * them told, but nobody could. The right one is found by the tag of its packets: a few are tried with each packet, so that
 * a forged one costs little. */

/** The fastest audio: a packet each 5 ms. Usual is one each 20 ms. */
const MOST_A_SECOND = 200;
const USUAL_A_SECOND = 50;
const ROLL = 65_536;
/** Four days of the fastest. */
const MOST = 1024;
const A_PACKET = 4;

export class RollOvers {
  /** The likeliest first. */
  readonly #all: readonly number[];
  #next = 0;

  constructor(underWayMs: number) {
    const seconds = Math.max(0, underWayMs) / 1000;
    const likely = (seconds * USUAL_A_SECOND) / ROLL;
    const most = Math.min(MOST, Math.ceil((seconds * MOST_A_SECOND) / ROLL) + 1);
    const all = Array.from({ length: most + 1 }, (_, roc) => roc);
    this.#all = all.toSorted((a, b) => Math.abs(a - likely) - Math.abs(b - likely));
  }

  /** The first of the next few that `fits`; -1: none of them. */
  find(fits: (roc: number) => boolean): number {
    for (let tries = Math.min(A_PACKET, this.#all.length); tries > 0; tries--) {
      const roc = this.#all[this.#next]!;
      if (fits(roc)) return roc;
      this.#next = (this.#next + 1) % this.#all.length;
    }
    return -1;
  }
}
