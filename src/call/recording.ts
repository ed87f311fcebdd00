/** Records a session to stereo WAV: the caller left, whoever it is connected to right. A recording that fails ends
 * itself, never the call. */
import path from 'node:path';
import { Machine, messageOf } from '../base/index.ts';
import type { Leg } from './leg.ts';
import { type RecordingEffect, type RecordingEvent, type RecordingState, recordingTable } from './recording-state.ts';
import type { Session } from './session.ts';

/** Who wanted it: what its application wants of every call ends with the bridge, what a command wants with the call. */
export type RecordedFor = 'every call' | 'command';

export class CallRecording {
  readonly #session: Session;
  readonly #machine: Machine<RecordingState, RecordingEvent, RecordingEffect, undefined>;
  #count = 0;
  #file = '';
  #for: RecordedFor = 'command';
  /** The engine's commands, given in order. */
  #work: Promise<void> = Promise.resolve();

  constructor(session: Session) {
    this.#session = session;
    this.#machine = new Machine<RecordingState, RecordingEvent, RecordingEffect, undefined>({
      table: recordingTable,
      initial: 'idle',
      context: undefined,
      perform: (effect) => {
        this.#work = this.#work.then(() => this.#perform(effect));
      },
    });
  }

  get state(): RecordingState {
    return this.#machine.state;
  }

  /** False when it is being recorded already. `id`: the name a command gave it, for the timeline. */
  start(wantedFor: RecordedFor, id?: string): boolean {
    if (this.state !== 'idle') return false;
    const { caller } = this.#session;
    this.#for = wantedFor;
    this.#file = path.join(caller.services.settings.recordingsDir, `${caller.callSid}-${++this.#count}.wav`);
    caller.note('recording.starting', { file: this.#file, for: wantedFor, id });
    return this.#machine.handle({ type: 'start' });
  }

  /** `silence`: the pause is silence in the recording, so that its times stay those of the call; else it is cut out. */
  pause(silence: boolean): boolean {
    return this.#machine.handle({ type: 'pause', silence });
  }

  resume(): boolean {
    return this.#machine.handle({ type: 'resume' });
  }

  stop(): boolean {
    return this.#machine.handle({ type: 'stop' });
  }

  /** The caller was connected to this leg. */
  connected(callee: Leg): void {
    if (this.state === 'idle') {
      if (this.#session.application?.recordAllCalls === true) this.start('every call');
      return;
    }
    const { media } = this.#session.services;
    callee.recordingPath = this.#file;
    const right = callee.media?.endpoint;
    this.#work = this.#work.then(async () => {
      if (right !== undefined && this.state !== 'idle')
        await media.recordRight(this.#session.sid, right).catch(() => {});
    });
  }

  /** The caller is alone again. */
  disconnected(): void {
    if (this.#for === 'every call') this.stop();
  }

  /** The engine says that it ended by itself. */
  ended(error: string | undefined): void {
    if (this.#machine.handle({ type: 'ended' })) this.#told(error ?? 'it is as long as a recording may be');
  }

  /** The call is over. Resolves when the file has its name. */
  close(): Promise<void> {
    this.stop();
    return this.#work;
  }

  async #perform(effect: RecordingEffect): Promise<void> {
    const { services, caller, sid } = this.#session;
    try {
      switch (effect.do) {
        case 'begin':
          return this.#begin();
        case 'pause':
          await services.media.pauseRecording(sid, effect.silence);
          return caller.note('recording.paused', { silence: effect.silence });
        case 'resume':
          await services.media.resumeRecording(sid);
          return caller.note('recording.resumed', {});
        case 'finish': {
          const { seconds } = await services.media.stopRecording(sid);
          return caller.note('recording.stopped', { file: this.#file, seconds });
        }
      }
    } catch (fault) {
      this.#failed(fault);
    }
  }

  /** Not waited for: the engine listens from now on, and what is asked next must not wait for a disk. */
  #begin(): void {
    const { services, caller, sid } = this.#session;
    const callee = this.#session.connection?.callee;
    const file = this.#file;
    if (caller.media === undefined) return this.#failed(new Error('the call has no audio'));
    const legs = callee === undefined ? [caller] : [caller, callee];
    for (const leg of legs) leg.recordingPath = file;
    const options = { path: file, left: caller.media.endpoint, right: callee?.media?.endpoint };
    const maxSeconds = services.settings.maxRecordingSeconds;
    services.media.startRecording(sid, { ...options, maxSeconds }).then(
      () => caller.note('recording.started', { file, callee: callee?.callSid }),
      (fault: unknown) => {
        // There is no such file.
        for (const leg of legs) if (leg.recordingPath === file) leg.recordingPath = undefined;
        this.#failed(fault);
      },
    );
  }

  #failed(fault: unknown): void {
    if (this.#machine.handle({ type: 'ended' })) this.#told(messageOf(fault));
  }

  #told(reason: string): void {
    const { caller, services } = this.#session;
    caller.note('recording.failed', { file: this.#file, reason });
    services.log.warn({ callSid: caller.callSid, file: this.#file, reason }, 'a recording ended by itself');
  }
}
