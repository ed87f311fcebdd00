/** Counts SIP messages by method and status. Two array writes a message; labels are made when somebody scrapes. */
import type { SipTrace } from '../base/index.ts';

const methods = 'INVITE ACK BYE CANCEL OPTIONS REGISTER PRACK UPDATE INFO REFER NOTIFY SUBSCRIBE MESSAGE PUBLISH'.split(
  ' ',
);
const slots = new Map(methods.map((method, index) => [method, index]));

class Counts {
  /** Methods, then one slot for all others: names from the network must not become labels. */
  readonly requests = new Float64Array(methods.length + 1);
  /** By status, 100 to 699; slot 0 for what is none. */
  readonly responses = new Float64Array(700);
}

export class SipCounters {
  readonly #in = new Counts();
  readonly #out = new Counts();

  count(event: SipTrace): void {
    const counts = event.direction === 'in' ? this.#in : this.#out;
    const { title } = event;
    const first = title.charCodeAt(0) - 0x30;
    if (first >= 1 && first <= 6) {
      const status = first * 100 + (title.charCodeAt(1) - 0x30) * 10 + (title.charCodeAt(2) - 0x30);
      const slot = status >= 100 && status < 700 ? status : 0;
      counts.responses[slot] = (counts.responses[slot] ?? 0) + 1;
      return;
    }
    const blank = title.indexOf(' ');
    const slot = slots.get(blank < 0 ? title : title.slice(0, blank)) ?? methods.length;
    counts.requests[slot] = (counts.requests[slot] ?? 0) + 1;
  }

  /** What was counted, without zeros. */
  *requests(): Generator<{ direction: string; method: string; count: number }> {
    for (const [direction, counts] of [['in', this.#in] as const, ['out', this.#out] as const]) {
      for (const [slot, count] of counts.requests.entries()) {
        if (count > 0) yield { direction, method: methods[slot] ?? 'other', count };
      }
    }
  }

  *responses(): Generator<{ direction: string; status: string; count: number }> {
    for (const [direction, counts] of [['in', this.#in] as const, ['out', this.#out] as const]) {
      for (const [status, count] of counts.responses.entries()) {
        if (count > 0) yield { direction, status: status === 0 ? 'other' : String(status), count };
      }
    }
  }
}
