/** A listener of `/v1/Live`, as a browser's EventSource is one. */
export type LiveEvent = { readonly event: string; readonly data: Record<string, unknown> };

export class LiveEvents {
  readonly events: LiveEvent[] = [];
  readonly #abort = new AbortController();
  #wake: () => void = () => {};
  /** Resolves when the server ended the stream, or we did. */
  ended: Promise<void> = Promise.resolve();

  static async open(url: string, headers: Record<string, string>): Promise<LiveEvents> {
    const live = new LiveEvents();
    const response = await fetch(url, { headers, signal: live.#abort.signal });
    if (response.status !== 200) throw new Error(`${response.status}: ${await response.text()}`);
    const { body } = response;
    if (body === null) throw new Error('no body');
    live.ended = live.#read(body).catch(() => {});
    return live;
  }

  /** The first event, from the one at index `from` on, that fits; waits for it. */
  async next(event: string, fits: (data: LiveEvent['data']) => boolean = () => true, from = 0): Promise<LiveEvent> {
    for (const end = performance.now() + 15_000; performance.now() < end;) {
      const found = this.events.slice(from).find((each) => each.event === event && fits(each.data));
      if (found !== undefined) return found;
      await new Promise<void>((wake) => {
        this.#wake = wake;
        setTimeout(wake, 200);
      });
    }
    const seen = this.events.map((each) => `${each.event} ${JSON.stringify(each.data)}`).join('\n');
    throw new Error(`no such ${event}; there were:\n${seen}`);
  }

  async close(): Promise<void> {
    this.#abort.abort();
    await this.ended;
  }

  async #read(body: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    let text = '';
    for await (const chunk of body) {
      text += decoder.decode(chunk, { stream: true });
      for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
        this.#take(text.slice(0, end));
        text = text.slice(end + 2);
      }
    }
  }

  #take(block: string): void {
    const field = (name: string) => block.match(new RegExp(`^${name}: (.*)$`, 'm'))?.[1] ?? '';
    this.events.push({ event: field('event'), data: JSON.parse(field('data')) as LiveEvent['data'] });
    this.#wake();
  }
}
