/** whisper: one leg of a bridge hears something that the other does not. The two do not hear each other meanwhile. */
import type { Leg } from '../call/index.ts';
import { describeFaults, parseApplication, unsupported, type PlayVerb, type SayVerb } from './schema/schema.ts';
import type { Task, TaskContext } from './task.ts';
import { makeTask } from './tasks/all.ts';

type WhisperVerb = PlayVerb | SayVerb;
type Read = { ok: true; verbs: readonly WhisperVerb[] } | { ok: false; faults: readonly string[] };

/** One play or say, or an array of them. Each is heard once, and asks no hook. */
export function whisperVerbs(payload: unknown): Read {
  const parsed = parseApplication(Array.isArray(payload) ? payload : [payload]);
  if (!parsed.ok) return { ok: false, faults: parsed.faults.map((fault) => describeFaults([fault])) };
  const verbs: WhisperVerb[] = [];
  for (const verb of parsed.verbs) {
    if (verb.verb === 'play') verbs.push({ ...verb, loop: 1, actionHook: undefined });
    else if (verb.verb === 'say') verbs.push({ ...verb, loop: 1 });
    else return { ok: false, faults: [`${verb.verb} cannot be whispered; play and say can`] };
  }
  if (verbs.length === 0) return { ok: false, faults: ['nothing to whisper: give a play or a say'] };
  const [cannot] = unsupported(verbs);
  return cannot === undefined
    ? { ok: true, verbs }
    : { ok: false, faults: [`${cannot.path}: this version cannot run it`] };
}

export class Whisper {
  readonly #context: TaskContext;
  readonly #verbs: readonly WhisperVerb[];
  #task: Task | undefined;
  #over = false;

  /** The context's caller is the leg that hears it. */
  constructor(context: TaskContext, verbs: readonly WhisperVerb[]) {
    this.#context = context;
    this.#verbs = verbs;
  }

  /** Resolves when the two hear each other again. Never rejects. */
  async run(): Promise<void> {
    const leg = this.#context.caller;
    const off = leg.events.on('ended', () => this.#stop());
    leg.note('whisper.started', {});
    try {
      await this.#say(leg);
    } catch (fault) {
      leg.note('whisper.failed', { reason: String(fault) });
    }
    off();
    leg.note('whisper.ended', {});
  }

  async #say(leg: Leg): Promise<void> {
    const { bridge } = leg;
    const apart = (await bridge?.part(() => this.#stop())) === true;
    try {
      for (const verb of this.#verbs) {
        if (this.#over) break;
        this.#task = makeTask(this.#context, verb);
        await this.#task.run();
      }
    } finally {
      if (apart) await bridge?.rejoin();
    }
  }

  #stop(): void {
    this.#over = true;
    this.#task?.stop();
  }
}
