/** Pages are reached over the connection they made, and nowhere else: their Contact is a name that means nothing (RFC 7118
 * §5). One that lost its connection makes another and registers over that with the Contact it had: there its dialogs go on
 * (RFC 5626 §5.3). That Contact is as hard to guess as a key, and nobody else is told it. */
import { parseNameAddr, parseUri, type SipRequest, type SipUri } from '../message/index.ts';
import type { Hop, Source, TimerWheel } from '../transaction/index.ts';

/** A page that lost its server looks for it again after 2, 4, 8 … s; a request waits as long as an answer to it would, ms. */
const WAIT_MS = 32_000;
const MOST_CONTACTS = 4;
/** RFC 7118 §5: made up, and long enough not to be guessed. */
const nowhere = /^[\w.-]{8,120}\.invalid$/i;

type Waiting = { readonly contact: string; readonly go: (hop: Hop | undefined) => void };

/** The hop of a dialog whose connection was another process's. */
export const leftFlow = 'left';

export class ReturnedFlows {
  readonly #wheel: TimerWheel;
  readonly #flows = new Map<string, Hop>();
  readonly #waiting = new Map<string, Waiting>();
  #waits = 0;

  constructor(wheel: TimerWheel) {
    this.#wheel = wheel;
  }

  /** It registered. As long as a connection stands nobody else can have its Contact. */
  came(request: SipRequest, from: Source, stands: (connectionId: string) => boolean): void {
    const { transport, address, port, connectionId } = from;
    if (connectionId === undefined) return;
    for (const value of request.headers.all('Contact').slice(0, MOST_CONTACTS)) {
      const contact = nameOf(parseNameAddr(value)?.uri);
      const before = contact === undefined ? undefined : this.#flows.get(contact)?.connectionId;
      if (contact === undefined || (before !== undefined && before !== connectionId && stands(before))) continue;
      const hop = { transport, address, port, connectionId };
      this.#flows.set(contact, hop);
      for (const [name, each] of this.#waiting) if (each.contact === contact) this.#done(name, hop);
    }
  }

  closed(connectionId: string): void {
    for (const [contact, hop] of this.#flows) if (hop.connectionId === connectionId) this.#flows.delete(contact);
  }

  /** Where the peer with this Contact is now. */
  of(uri: string): Hop | undefined {
    const contact = nameOf(parseUri(uri));
    return contact === undefined ? undefined : this.#flows.get(contact);
  }

  /** As soon as it is back; undefined: it does not come. False: it is no page. */
  await(uri: string, go: (hop: Hop | undefined) => void): boolean {
    const contact = nameOf(parseUri(uri));
    if (contact === undefined) return false;
    const name = `page ${++this.#waits}`;
    this.#waiting.set(name, { contact, go });
    this.#wheel.after(WAIT_MS, this, name);
    return true;
  }

  onTimer(name: string): void {
    this.#done(name, undefined);
  }

  close(): void {
    this.#flows.clear();
    this.#waiting.clear();
  }

  #done(name: string, hop: Hop | undefined): void {
    const waiting = this.#waiting.get(name);
    this.#waiting.delete(name);
    waiting?.go(hop);
  }
}

function nameOf(uri: SipUri | undefined): string | undefined {
  return uri !== undefined && nowhere.test(uri.host) ? `${uri.user ?? ''}@${uri.host.toLowerCase()}` : undefined;
}
