/** A leg's sound on its way to a listener: tap and feed of the studio joined to a stream. Ends once. */
import type {
  HookTarget,
  StreamEnd,
  StreamFigures,
  StreamFlow,
  StreamOptions,
  TapRate,
  TapSource,
} from '../ports/index.ts';
import type { Leg } from './leg.ts';
import type { Services } from './services.ts';

export type ListenPlan = {
  readonly url: string;
  readonly auth: { readonly username: string; readonly password: string } | undefined;
  /** Relative URLs resolve against it. */
  readonly base: HookTarget | undefined;
  readonly source: TapSource;
  readonly rate: TapRate;
  /** The listener's first frame. */
  readonly hello: Readonly<Record<string, unknown>>;
  readonly back: StreamOptions['back'];
  readonly silenceMs: number | undefined;
};
export type ListenEnd = StreamEnd | 'failed';

/** How much sound waits for a listener that is slow or away, seconds. */
const WAITING_SECONDS = 2;
/** The feed holds little: the streams thread fills it just ahead of time. */
const FEED_SECONDS = 1;

/** Ends that the application should hear of. */
const alarming: ReadonlySet<ListenEnd> = new Set(['refused', 'unreachable', 'abusive', 'lost', 'failed']);

let listens = 0;

export class Listening {
  readonly leg: Leg;
  /** Never rejects. */
  readonly ended: Promise<ListenEnd>;
  readonly #plan: ListenPlan;
  readonly #stream: string;
  readonly #feeds = new Set<string>();
  #state: 'starting' | 'open' | 'over' = 'starting';
  #url = '';
  #settle: (end: ListenEnd) => void = () => {};

  /** Begins at once; failure is an end like others. */
  constructor(leg: Leg, plan: ListenPlan) {
    this.leg = leg;
    this.#plan = plan;
    this.#stream = `listen-${++listens}`;
    this.ended = new Promise((resolve) => (this.#settle = resolve));
    this.#services.registry.listenings.set(this.#stream, this);
    void this.#start();
  }

  get #services(): Services {
    return this.leg.services;
  }

  setFlow(flow: StreamFlow): void {
    if (this.#state !== 'over') this.#services.streams.setFlow(this.#stream, flow);
  }

  sendText(text: string): void {
    if (this.#state === 'open') this.#services.streams.sendText(this.#stream, text);
  }

  stop(): void {
    if (this.#state === 'open') this.#services.streams.close(this.#stream);
    else this.#over('stopped');
  }

  async #start(): Promise<void> {
    const { findStream, studio, streams } = this.#services;
    const { url, auth, base, source, rate, hello, back, silenceMs } = this.#plan;
    const place = await findStream(url, auth, base?.url);
    // Query and credentials of the URL stay out of timelines and alerts.
    this.#url = place.url.split('?')[0] ?? '';
    if ('refused' in place) return this.#over('failed', place.refused);
    const endpoint = this.leg.media?.endpoint;
    if (this.#state === 'over') return;
    if (endpoint === undefined || this.leg.end !== undefined)
      return this.#over('source-ended', 'the call has no audio');
    try {
      const tap = await studio.openTap(endpoint, this.#stream, { source, rate, seconds: WAITING_SECONDS });
      if (this.#isOver) return this.#closeTap(endpoint);
      const options = { place, hello: JSON.stringify(hello), tap, back };
      streams.open(this.#stream, silenceMs === undefined ? options : { ...options, silenceMs });
      this.#state = 'open';
      this.leg.note('listen.started', { url: this.#url, source, rate });
    } catch (fault) {
      this.#over('failed', fault instanceof Error ? fault.message : String(fault));
    }
  }

  get #isOver(): boolean {
    return this.#state === 'over';
  }

  /** The listener sends sound. */
  async openFeed(rate: TapRate): Promise<void> {
    const { studio, streams } = this.#services;
    const endpoint = this.leg.media?.endpoint;
    const feed = `${this.#stream}-${rate}`;
    let memory: SharedArrayBuffer | undefined;
    try {
      if (endpoint !== undefined && this.leg.end === undefined) {
        memory = await studio.openFeed(endpoint, feed, { rate, seconds: FEED_SECONDS, mode: 'mix' });
        this.#feeds.add(feed);
      }
    } catch (fault) {
      this.leg.note('listen.refused', { why: `no way back into the call: ${String(fault)}` });
    }
    if (this.#isOver) this.#closeFeeds();
    else streams.feed(this.#stream, rate, memory);
  }

  /** The stream is over; `figures` of what it did. */
  streamEnded(end: StreamEnd, why: string, figures: StreamFigures): void {
    this.#over(end, why, figures);
  }

  #over(end: ListenEnd, why = '', figures?: StreamFigures): void {
    if (this.#state === 'over') return;
    const wasOpen = this.#state === 'open';
    this.#state = 'over';
    this.#services.registry.listenings.delete(this.#stream);
    const endpoint = this.leg.media?.endpoint;
    if (wasOpen && endpoint !== undefined) this.#closeTap(endpoint);
    this.#closeFeeds();
    this.leg.note('listen.ended', { end, why, ...figures });
    if (alarming.has(end)) this.#alert(why);
    this.#settle(end);
  }

  #closeTap(endpoint: string): void {
    // A released endpoint has closed it already.
    this.#services.studio.closeTap(endpoint, this.#stream).catch(() => {});
  }

  #closeFeeds(): void {
    const endpoint = this.leg.media?.endpoint;
    for (const feed of this.#feeds)
      if (endpoint !== undefined) this.#services.studio.closeFeed(endpoint, feed).catch(() => {});
    this.#feeds.clear();
  }

  #alert(why: string): void {
    const { identity, services } = this.leg;
    services.alerts.raise({
      accountSid: identity.accountSid,
      callSid: identity.callSid,
      type: 'webhook-connection-failure',
      message: `listen: ${why}`,
      url: this.#url,
    });
  }
}

/** What the streams thread says goes to the listening it is about. Returns the function that stops it. */
export function followStreams({ streams, registry }: Services): () => void {
  const of = (stream: string): Listening | undefined => registry.listenings.get(stream);
  const note = (stream: string, what: string, detail: Readonly<Record<string, unknown>>): void =>
    of(stream)?.leg.note(what, detail);
  const off = [
    streams.events.on('connected', (stream, connection) => note(stream, 'listen.connected', { connection })),
    streams.events.on('interrupted', (stream, why, retryMs) => note(stream, 'listen.interrupted', { why, retryMs })),
    streams.events.on('dropping', (stream, droppedMs) => note(stream, 'listen.dropping', { droppedMs })),
    streams.events.on('refused', (stream, why) => note(stream, 'listen.refused', { why })),
    streams.events.on('feedWanted', (stream, rate) => void of(stream)?.openFeed(rate)),
    streams.events.on('ended', (stream, end, why, figures) => of(stream)?.streamEnded(end, why, figures)),
  ];
  return () => {
    for (const each of off) each();
  };
}
