/** Reads server-sent events (WHATWG HTML §9.2.6) as this server writes them: one `event` and one `data` line each. Bounded. */

export type ServerEvent = { readonly event: string; readonly data: unknown };

export class EventReader {
  readonly #most: number;
  readonly #decoder = new TextDecoder();
  #text = '';

  /** `most`: characters of one event. */
  constructor(most: number) {
    this.#most = most;
  }

  /** The events that are complete now. Throws when one is too long, or is no JSON. */
  read(chunk: Uint8Array): ServerEvent[] {
    const from = Math.max(0, this.#text.length - 1);
    this.#text += this.#decoder.decode(chunk, { stream: true });
    const found: ServerEvent[] = [];
    let start = 0;
    for (let end = this.#text.indexOf('\n\n', from); end >= 0; end = this.#text.indexOf('\n\n', start)) {
      found.push(eventOf(this.#text.slice(start, end)));
      start = end + 2;
    }
    if (start > 0) this.#text = this.#text.slice(start);
    if (this.#text.length > this.#most) throw new Error(`an event is longer than ${this.#most} characters`);
    return found;
  }
}

function eventOf(block: string): ServerEvent {
  const [, event = '', data = 'null'] = /^event: (\w{1,32})\ndata: (.*)$/.exec(block) ?? [];
  return { event, data: JSON.parse(data) as unknown };
}
