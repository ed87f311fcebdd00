import { GraineError } from '../../base/index.ts';
import type { Clerk } from '../files/clerk.ts';
import { badRecording, recordingBusy } from './faults.ts';
import type { Command } from './protocol.ts';
import type { WorkerLink } from './worker-link.ts';

/** Ended recordings whose figures are kept for whoever stops them late. */
const MAX_ENDED = 256;

type Recording = { readonly id: number; readonly session: string; readonly path: string; readonly link: WorkerLink };
type Ended = { readonly path: string; readonly seconds: number };

/** The running recordings: sound comes from workers, goes to the file thread. */
export class Recordings {
  readonly #clerk: Clerk;
  readonly #ended: (session: string, error: string | undefined) => void;
  readonly #running = new Map<string, Recording>();
  readonly #byId = new Map<number, Recording>();
  readonly #past = new Map<string, Promise<Ended>>();
  #id = 0;

  /** `ended`: a recording ended by itself. */
  constructor(clerk: Clerk, ended: (session: string, error: string | undefined) => void) {
    this.#clerk = clerk;
    this.#ended = ended;
  }

  /** The worker listens at once, while the file is being made: the first one waits for its thread to start, and the sound
   * of those moments waits in that thread's queue. Resolves when there is a file. */
  async start({ session, path, link }: Omit<Recording, 'id'>, listen: (id: number) => Command): Promise<void> {
    if (this.#running.has(session))
      throw new GraineError(recordingBusy, { session, state: 'is being recorded already' });
    const recording: Recording = { id: ++this.#id, session, path, link };
    this.#running.set(session, recording);
    this.#byId.set(recording.id, recording);
    this.#past.delete(session);
    const made = this.#clerk.create(recording.id, path);
    link.post(listen(recording.id));
    const error = await made;
    if (error === undefined) return;
    if (this.#running.get(session) === recording) this.#running.delete(session);
    if (this.#byId.delete(recording.id)) this.#unlisten(recording);
    throw new GraineError(badRecording, { path, why: error });
  }

  async stop(session: string): Promise<Ended> {
    const recording = this.#running.get(session);
    const past = this.#past.get(session);
    if (recording === undefined && past !== undefined) {
      this.#past.delete(session);
      return past;
    }
    if (recording === undefined) throw new GraineError(recordingBusy, { session, state: 'is not being recorded' });
    this.#running.delete(session);
    try {
      await recording.link.ask((ask) => ({ do: 'stopRecord', recording: recording.id, ask }));
    } catch {
      // The worker is gone: what it gave so far is the recording.
    }
    this.#byId.delete(recording.id);
    return this.#finish(recording);
  }

  pause(session: string, pause: 'cut' | 'silence' | 'no'): void {
    const recording = this.#running.get(session);
    if (recording === undefined) throw new GraineError(recordingBusy, { session, state: 'is not being recorded' });
    recording.link.post({ do: 'pauseRecord', recording: recording.id, pause });
  }

  /** Another end is heard on the right from now on. */
  right(session: string, endpoint: number): void {
    const recording = this.#running.get(session);
    if (recording === undefined) throw new GraineError(recordingBusy, { session, state: 'is not being recorded' });
    recording.link.post({ do: 'recordRight', recording: recording.id, right: endpoint });
  }

  sound(id: number, samples: Int16Array, last: boolean): void {
    const recording = this.#byId.get(id);
    if (recording === undefined) return;
    this.#clerk.append(id, samples);
    if (last && this.#running.get(recording.session) === recording) this.#end(recording, undefined);
  }

  /** The file thread gave a recording up. */
  failed(id: number, why: string): void {
    const recording = this.#byId.get(id);
    if (recording === undefined) return;
    const running = this.#running.get(recording.session) === recording;
    if (!running) return;
    this.#unlisten(recording);
    this.#end(recording, why);
  }

  /** A worker is gone. */
  lost(link: WorkerLink, why: string): void {
    for (const recording of this.#byId.values()) {
      if (recording.link === link && this.#running.get(recording.session) === recording) this.#end(recording, why);
    }
  }

  async close(): Promise<void> {
    await Promise.all(Array.from(this.#running.keys(), (session) => this.stop(session).catch(() => {})));
    await Promise.all(this.#past.values());
    this.#past.clear();
  }

  #unlisten({ id, link }: Recording): void {
    void link.ask((ask) => ({ do: 'stopRecord', recording: id, ask })).catch(() => {});
  }

  #end(recording: Recording, error: string | undefined): void {
    this.#running.delete(recording.session);
    this.#byId.delete(recording.id);
    if (this.#past.size >= MAX_ENDED) this.#past.delete(this.#past.keys().next().value!);
    this.#past.set(recording.session, this.#finish(recording));
    this.#ended(recording.session, error);
  }

  async #finish(recording: Recording): Promise<Ended> {
    return { path: recording.path, seconds: await this.#clerk.finish(recording.id) };
  }
}
