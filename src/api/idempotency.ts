/** Idempotency-Key: a request that is sent again with the same key and body gets the first one's answer; nothing is done
 * twice. Bounded; kept for a day. */
import { createHash } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import type { Clock } from '../base/index.ts';
import type { ControlResult } from '../ports/index.ts';

const keepMs = 86_400_000;
const most = 10_000;
const longestKey = 255;

type Kept = { readonly body: string; readonly at: number; readonly result: Promise<ControlResult> };

export class Idempotency {
  readonly #clock: Clock;
  /** In the order they came. */
  readonly #kept = new Map<string, Kept>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Does what the request asks, unless it was done before. */
  once(request: FastifyRequest, owner: string, work: () => Promise<ControlResult>): Promise<ControlResult> {
    const given = request.headers['idempotency-key'];
    if (given === undefined) return work();
    const key = String(given);
    if (key === '' || key.length > longestKey)
      return refused(400, `Idempotency-Key: expected 1 to ${longestKey} characters`);
    const id = JSON.stringify([owner, request.url, key]);
    const body = createHash('sha256')
      .update(JSON.stringify(request.body) ?? '')
      .digest('base64');
    this.#forget();
    const before = this.#kept.get(id);
    if (before === undefined) return this.#first(id, body, work);
    return before.body === body
      ? before.result
      : refused(422, 'Idempotency-Key: it was used before with another body; use a new key for a new command');
  }

  #first(id: string, body: string, work: () => Promise<ControlResult>): Promise<ControlResult> {
    const result = work();
    this.#kept.set(id, { body, at: this.#clock.now(), result });
    const forget = () => void this.#kept.delete(id);
    // Our own failure is no answer to keep: the next try may succeed.
    void result.then((done) => (done.status >= 500 ? forget() : undefined), forget);
    return result;
  }

  #forget(): void {
    const oldest = this.#clock.now() - keepMs;
    for (const [id, { at }] of this.#kept) {
      if (at > oldest && this.#kept.size < most) return;
      this.#kept.delete(id);
    }
  }
}

function refused(status: 400 | 422, message: string): Promise<ControlResult> {
  return Promise.resolve({ ok: false, status, message });
}
