/** dub: tracks beside the main one, heard by the far end of the leg the verb runs on. A track sounds on while the verbs that
 * follow run; fetching and speaking hold nobody up. */
import { messageOf } from '../../base/index.ts';
import type { Leg } from '../../call/index.ts';
import type { Sound } from '../../ports/index.ts';
import { describeDialFault, dubFaults, type DubVerb, type SayVerb } from '../schema/schema.ts';
import type { Outcome, Task, TaskContext } from '../task.ts';
import { speak } from './say.ts';

/** What each track was last told to do: a sound that was fetched too long is not played over what came after it. */
const orders = new WeakMap<Leg, Map<string, AbortController>>();

export class DubTask implements Task {
  readonly #context: TaskContext;
  readonly #verb: DubVerb;

  constructor(context: TaskContext, verb: DubVerb) {
    this.#context = context;
    this.#verb = verb;
  }

  async run(): Promise<Outcome> {
    const faults = await this.begin();
    if (faults.length > 0) this.#alert('media-failure', faults.join('; '));
    return {};
  }

  stop(): void {}

  /** Gives the order; what is to be heard follows when it is there. Returns why it cannot be. */
  async begin(): Promise<readonly string[]> {
    const { caller } = this.#context;
    const faults = dubFaults(this.#verb).map(describeDialFault);
    if (faults.length > 0) return faults.map((each) => `dub.${each}`);
    if (caller.media === undefined || caller.end !== undefined) return ['dub: the call has no audio'];
    try {
      await this.#order(caller.media.endpoint);
      return [];
    } catch (fault) {
      return [`dub: ${messageOf(fault)}`];
    }
  }

  async #order(endpoint: string): Promise<void> {
    const { studio } = this.#context.session.services;
    const { action, track, play, say } = this.#verb;
    if (action === 'removeTrack') {
      this.#supersede();
      return studio.removeTrack(endpoint, track);
    }
    if (action === 'silenceTrack') {
      this.#supersede();
      return studio.silenceTrack(endpoint, track);
    }
    await studio.addTrack(endpoint, track);
    if (play === undefined && say === undefined) return;
    const order = this.#supersede();
    const done = play === undefined ? this.#say(endpoint, say, order) : this.#play(endpoint, play, order);
    done.catch((fault: unknown) => this.#alert('media-failure', `dub: ${messageOf(fault)}`));
  }

  /** What the track was told before is void. */
  #supersede(): AbortSignal {
    const { caller } = this.#context;
    let tracks = orders.get(caller);
    if (tracks === undefined) orders.set(caller, (tracks = new Map<string, AbortController>()));
    tracks.get(this.#verb.track)?.abort();
    const order = new AbortController();
    // A track that is gone needs no memory.
    if (this.#verb.action === 'removeTrack') tracks.delete(this.#verb.track);
    else tracks.set(this.#verb.track, order);
    return order.signal;
  }

  async #play(endpoint: string, url: string, order: AbortSignal): Promise<void> {
    const { session } = this.#context;
    const read = await session.services.sounds.get(url, session.accountSid);
    if (order.aborted) return;
    if (!read.ok) return this.#alert('play-url-notfound', `dub: ${read.fault}`, url);
    const error = await this.#sound(endpoint, { sound: read.sound, loop: this.#verb.loop, order });
    if (error !== undefined) this.#alert('play-url-notfound', `dub: ${error}`, url);
  }

  /** One text after the other, all of them as often as `loop` says. */
  async #say(endpoint: string, say: SayVerb | undefined, order: AbortSignal): Promise<void> {
    const { loop } = this.#verb;
    const texts = (say?.text ?? []).filter((text) => text.trim() !== '');
    for (let round = 0; say !== undefined && texts.length > 0 && (loop === 'forever' || round < loop); round++) {
      for (const text of texts) {
        const made = await speak(this.#context, say, { text, signal: order });
        if (!made.ok || order.aborted) return;
        await this.#sound(endpoint, { sound: made.sound, loop: 1, order });
        if (order.aborted) return;
      }
    }
  }

  /** Resolves when it was heard, with why if it was not; or when the track was told something else, or the leg is gone. */
  #sound(
    endpoint: string,
    { sound, loop, order }: { readonly sound: Sound; readonly loop: number | 'forever'; readonly order: AbortSignal },
  ): Promise<string | undefined> {
    const { caller, session } = this.#context;
    const { track, gain } = this.#verb;
    if (caller.end !== undefined) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      const settle = (error?: string): void => {
        for (const off of offs) off();
        order.removeEventListener('abort', aborted);
        resolve(error);
      };
      const aborted = (): void => settle();
      const offs = [
        caller.events.on('trackPlayed', (which, error) => (which === track ? settle(error) : undefined)),
        caller.events.on('ended', () => settle()),
      ];
      order.addEventListener('abort', aborted, { once: true });
      session.services.studio
        .playOnTrack(endpoint, track, { sound, loop, gainDb: gain })
        .catch((fault: unknown) => settle(messageOf(fault)));
    });
  }

  #alert(type: 'media-failure' | 'play-url-notfound', message: string, url?: string): void {
    const { session, caller } = this.#context;
    const where = { accountSid: session.accountSid, callSid: caller.callSid };
    session.services.alerts.raise({ ...where, type, message, ...(url === undefined ? {} : { url }) });
  }
}
