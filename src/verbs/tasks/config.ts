/** config: settings for the rest of the call; what it does not mention stays as it was. */
import { isGain } from '../../base/index.ts';
import { setGain, steerRecording } from '../../call/index.ts';
import { whenAnswered, whenAudible } from '../when.ts';
import type { ConfigVerb } from '../schema/schema.ts';
import type { Outcome, Task, TaskContext } from '../task.ts';

/** What it mentions. */
function given(verb: ConfigVerb): ConfigVerb {
  return Object.fromEntries(Object.entries(verb).filter(([, value]) => value !== undefined)) as ConfigVerb;
}

export class ConfigTask implements Task {
  readonly #context: TaskContext;
  readonly #verb: ConfigVerb;

  constructor(context: TaskContext, verb: ConfigVerb) {
    this.#context = context;
    this.#verb = verb;
  }

  run(): Promise<Outcome> {
    const { background } = this.#context;
    const { listen, bargeIn, notifyEvents, sipRequestWithinDialogHook, transcribe, amd, onHoldMusic, referHook } =
      this.#verb;
    this.#speech();
    this.#boost();
    this.#record();
    // What happens once has happened: who answered was found out, a recording is steered by whoever began it.
    const lasting = { ...given(this.#verb), amd: undefined, record: undefined };
    background.settings = { ...background.settings, ...lasting, reset: [] };
    if (listen !== undefined) background.listen(this.#context, listen);
    if (transcribe !== undefined) background.transcribe(this.#context, transcribe);
    if (amd !== undefined) background.detect(this.#context, amd);
    if (onHoldMusic !== undefined) background.onHoldMusic = onHoldMusic === '' ? undefined : onHoldMusic;
    if (referHook !== undefined) background.takeReferrals(this.#context, referHook);
    if (bargeIn !== undefined) background.bargeIn(this.#context, bargeIn);
    background.fillWaiting(this.#verb);
    if (notifyEvents !== undefined) background.notifyEvents = notifyEvents;
    if (sipRequestWithinDialogHook !== undefined) background.takeRequests(this.#context, sipRequestWithinDialogHook);
    return Promise.resolve({});
  }

  stop(): void {}

  /** `reset` first, so that one config may start afresh. */
  #speech(): void {
    const { session } = this.#context;
    const { reset, synthesizer, recognizer, vad } = this.#verb;
    const kept = Object.entries(session.speech).filter(([name]) => !reset.includes(name));
    session.speech = {
      ...Object.fromEntries(kept),
      ...(synthesizer === undefined ? {} : { synthesizer }),
      ...(recognizer === undefined ? {} : { recognizer }),
      ...(vad === undefined ? {} : { vad }),
    };
  }

  #boost(): void {
    const { session, caller } = this.#context;
    const { boostAudioSignal: db } = this.#verb;
    if (db === undefined) return;
    if (!isGain(db)) {
      const where = { accountSid: session.accountSid, callSid: caller.callSid };
      const message = 'config.boostAudioSignal: expected -60 to 40 dB, such as "-6 dB"';
      return session.services.alerts.raise({ ...where, type: 'invalid-app-payload', message });
    }
    whenAudible(caller, () => {
      setGain(caller, db).catch((fault: unknown) => caller.note('media.failed', { reason: String(fault) }));
      return () => {};
    });
  }

  /** What cannot be done now (it is being recorded already) is told in the timeline; the call goes on. */
  #record(): void {
    const { session, caller } = this.#context;
    const { record } = this.#verb;
    if (record === undefined) return;
    whenAnswered(caller, () => {
      const done = steerRecording(session, caller, { record });
      if (!done.ok) caller.note('recording.refused', { reason: done.message });
      return () => {};
    });
  }
}
