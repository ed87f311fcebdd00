/** Requests inside a dialog that this node does not have: another node may have, or have had, it. They are passed on to it;
 * where it does not answer they wait until it is known what became of it, a few seconds at most: a node that died counts as
 * living for a while. */
import type { Clock } from '../../base/index.ts';
import type { Whereabouts } from '../../ports/index.ts';
import type { SipRequest } from '../message/index.ts';
import type { Source } from '../transaction/index.ts';

export type StrayOptions = {
  readonly clock: Clock;
  readonly find: (tag: string) => Promise<Whereabouts>;
  /** The dialog is here now, or nobody has it. */
  readonly again: (request: SipRequest, from: Source) => void;
  /** To the node that has it, which is `heard` when it answers. False: that cannot be. */
  readonly pass: (request: SipRequest, from: Source, way: { node: string; heard: () => void }) => boolean;
  /** Sent again while the first waits: what was passed on may be lost. */
  readonly repeated: (request: SipRequest, from: Source) => void;
  /** A living node has it, and does not answer, or cannot be asked. */
  readonly elsewhere: (request: SipRequest, from: Source) => void;
};

const LOOK_MS = 250;
/** Longer than a dead node is believed alive. */
const LONGEST_MS = 4500;
/** A flood of made-up dialogs must not become one of questions: so many wait at once, and so many are begun in a second. */
const MOST = 500;
const MOST_A_SECOND = 500;

export class Strays {
  readonly #options: StrayOptions;
  readonly #held = new Set<string>();
  #second = 0;
  #begun = 0;

  constructor(options: StrayOptions) {
    this.#options = options;
  }

  /** False: there are too many. */
  take(request: SipRequest, from: Source, tag: string): boolean {
    const key = `${request.callId} ${request.cseq.number} ${String(request.via.params.get('branch'))}`;
    if (this.#held.has(key)) {
      this.#options.repeated(request, from);
      return true;
    }
    if (this.#held.size >= MOST || !this.#mayBegin()) return false;
    this.#held.add(key);
    void this.#look(request, from, tag).finally(() => this.#held.delete(key));
    return true;
  }

  #mayBegin(): boolean {
    const second = Math.floor(this.#options.clock.monotonic() / 1000);
    if (second !== this.#second) this.#begun = 0;
    this.#second = second;
    return this.#begun++ < MOST_A_SECOND;
  }

  async #look(request: SipRequest, from: Source, tag: string): Promise<void> {
    const { clock, find, again, pass, elsewhere } = this.#options;
    let heard = (): void => {};
    const answered = new Promise<'answered'>((resolve) => (heard = () => resolve('answered')));
    let asked: string | undefined;
    for (const end = clock.monotonic() + LONGEST_MS; ;) {
      const where = await find(tag).catch(() => 'unknown' as const);
      if (typeof where === 'string') return again(request, from);
      if (asked !== where.node && pass(request, from, { node: where.node, heard })) asked = where.node;
      if (clock.monotonic() >= end) return elsewhere(request, from);
      if ((await Promise.race([answered, this.#pause()])) === 'answered') return;
    }
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => void this.#options.clock.after(LOOK_MS, 'stray request', resolve));
  }
}
