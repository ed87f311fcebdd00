/** Commands of a call's application that had an idempotencyKey: sent again, after a lost connection say, they are not done
 * again, and get the first one's answer. Bounded: the oldest are forgotten. */
import { createHash } from 'node:crypto';
import type { AppCommand, ControlResult } from '../ports/index.ts';

type Known = { readonly digest: string; readonly result: Promise<ControlResult> };

/** Most that are remembered. */
const MOST = 200;

export class KnownCommands {
  readonly #known = new Map<string, Known>();

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
      return result;
    }
    if (known.digest === digest) return known.result;
    return { ok: false, status: 422, message: 'idempotencyKey: it was used for another command' };
  }
}
