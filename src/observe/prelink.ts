/** SIP messages whose session is not known yet: the INVITE is traced before call control has seen it. Small and bounded,
 * because anybody may send INVITEs: the oldest Call-ID is forgotten first. */
import type { SipTrace } from '../base/index.ts';

const maxCallIds = 1000;
const maxMessages = 24;
const maxBytes = 4 * 1024 * 1024;

type Waiting = { readonly messages: SipTrace[]; bytes: number };

/** A copy that outlives the socket's buffer. */
function keepSip(event: SipTrace): SipTrace {
  return {
    kind: 'sip',
    at: event.at,
    direction: event.direction,
    transport: event.transport,
    local: event.local,
    remote: event.remote,
    bytes: Buffer.from(event.bytes),
    callId: event.callId,
    title: event.title,
  };
}

export class PreLink {
  readonly #waiting = new Map<string, Waiting>();
  #bytes = 0;

  /** Only an INVITE opens an entry: REGISTER and OPTIONS never belong to a session. */
  keep(event: SipTrace): void {
    let waiting = this.#waiting.get(event.callId);
    if (waiting === undefined) {
      if (!event.title.startsWith('INVITE')) return;
      waiting = { messages: [], bytes: 0 };
      this.#waiting.set(event.callId, waiting);
    }
    if (waiting.messages.length >= maxMessages) return;
    waiting.messages.push(keepSip(event));
    waiting.bytes += event.bytes.length;
    this.#bytes += event.bytes.length;
    if (this.#waiting.size > maxCallIds || this.#bytes > maxBytes) this.#shrink();
  }

  /** Hands over what was kept for this Call-ID, and forgets it. */
  take(callId: string): readonly SipTrace[] {
    const waiting = this.#waiting.get(callId);
    if (waiting === undefined) return [];
    this.#forget(callId, waiting);
    return waiting.messages;
  }

  get size(): number {
    return this.#waiting.size;
  }

  clear(): void {
    this.#waiting.clear();
    this.#bytes = 0;
  }

  #shrink(): void {
    for (const [callId, waiting] of this.#waiting) {
      if (this.#waiting.size <= maxCallIds && this.#bytes <= maxBytes) return;
      this.#forget(callId, waiting);
    }
  }

  #forget(callId: string, waiting: Waiting): void {
    this.#waiting.delete(callId);
    this.#bytes -= waiting.bytes;
  }
}
