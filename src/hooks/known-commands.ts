/** Commands of a call's application that had an idempotencyKey: sent again, after a lost connection say, they are not done
 * again, and get the first one's answer. Bounded: the oldest are forgotten. */
import { createHash } from 'node:crypto';
import type { AppCommand, ControlResult, DoneCommand } from '../ports/index.ts';

type Known = { readonly digest: string; readonly result: Promise<ControlResult> };

/** Most that are remembered, and most that another process is told of. */
const MOST = 200;
const MOST_TOLD = 50;

export class KnownCommands {
  readonly #known = new Map<string, Known>();
  readonly #done: DoneCommand[] = [];

  /** `done`: by a process before this one. */
  constructor(done: readonly DoneCommand[] = []) {
    for (const each of done) {
      this.#known.set(each.key, { digest: each.digest, result: Promise.resolve(each.result) });
      this.#done.push(each);
    }
  }

  /** The newest, with what came of them. */
  get done(): readonly DoneCommand[] {
    return this.#done;
  }

  once(
    command: AppCommand,
    perform: () => ControlResult | Promise<ControlResult>,
  ): ControlResult | Promise<ControlResult> {
    const { key } = command;
    if (key === undefined) return perform();
    const digest = createHash('sha256').update(JSON.stringify(command)).digest('base64');
    const known = this.#known.get(key);
    if (known === undefined) {
      const result = Promise.resolve(perform());
      this.#known.set(key, { digest, result });
      if (this.#known.size > MOST) this.#known.delete(this.#known.keys().next().value ?? '');
      void result.then((came) => this.#remember({ key, digest, result: came })).catch(() => {});
      return result;
    }
    if (known.digest === digest) return known.result;
    return { ok: false, status: 422, message: 'idempotencyKey: it was used for another command' };
  }

  #remember(done: DoneCommand): void {
    this.#done.push(done);
    if (this.#done.length > MOST_TOLD) this.#done.shift();
  }
}
