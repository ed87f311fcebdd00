/** Timelines of calls: joins the recorder (call path), the segments (disk or memory) and the renders (when asked). */
import type { Clock, Log, TraceChannel } from '../base/index.ts';
import { messageOf, silentLog } from '../base/index.ts';
import type { Timelines } from '../ports/index.ts';
import { describe, type Story, tell } from './describe.ts';
import { eventsOf, ownerOf, records, type StoredEvent } from './events.ts';
import { Journal } from './journal.ts';
import { ladderPage } from './ladder.ts';
import { capture } from './pcap.ts';
import { Recorder, type Session } from './recorder.ts';
import { DiskSegments, MemorySegments, type Segments } from './segments.ts';

export type TimelinesOptions = {
  readonly trace: TraceChannel;
  readonly clock: Clock;
  readonly log?: Log;
  /** Folder of the segment files; undefined keeps a bounded ring in memory. */
  readonly dir?: string;
  /** Most bytes kept; the oldest go first. Default 64 MiB on disk, 16 MiB in memory. */
  readonly maxBytes?: number;
  /** Most finished sessions in the index. Default 20,000. */
  readonly maxSessions?: number;
};

export interface ClosableTimelines extends Timelines {
  /** Resolves when everything taken so far can be read back after a restart. */
  flush(): Promise<void>;
  /** Figures for /metrics and leak tests. */
  dump(): {
    readonly sessions: number;
    readonly calls: number;
    readonly unlinked: number;
    readonly linked: number;
    readonly writeFailures: number;
  };
  close(): Promise<void>;
}

const mebi = 1024 * 1024;

class Archive implements ClosableTimelines {
  readonly #recorder: Recorder;
  readonly #journal: Journal;
  readonly #segments: Segments;
  readonly #log: Log;
  readonly #maxSessions: number;
  readonly #finished = new Set<Session>();
  readonly #trace: TraceChannel;
  readonly #stopListening: () => void;
  readonly #restored: Promise<void>;
  #writeFailures = 0;
  #closed: Promise<void> | undefined;

  constructor(options: TimelinesOptions) {
    const { clock } = options;
    this.#log = options.log ?? silentLog;
    this.#maxSessions = options.maxSessions ?? 20_000;
    const onDrop = (segment: number) => this.#dropped(segment);
    this.#segments =
      options.dir === undefined
        ? new MemorySegments({ maxBytes: options.maxBytes ?? 16 * mebi, onDrop })
        : new DiskSegments(options.dir, { maxBytes: options.maxBytes ?? 64 * mebi, onDrop });
    this.#journal = new Journal({ clock, segments: this.#segments, onFailure: (fault) => this.#failed(fault) });
    this.#recorder = new Recorder({ clock, journal: this.#journal, finished: (session) => this.#keep(session) });
    this.#restored = this.#restore();
    this.#trace = options.trace;
    this.#stopListening = options.trace.on('event', (event) => this.#recorder.handle(event));
  }

  async timeline(
    accountSid: string,
    callSid: string,
  ): Promise<readonly Readonly<Record<string, unknown>>[] | undefined> {
    const story = await this.#story(accountSid, callSid);
    return story === undefined ? undefined : describe(story);
  }

  async pcap(accountSid: string, callSid: string): Promise<Buffer | undefined> {
    const story = await this.#story(accountSid, callSid);
    return story === undefined ? undefined : capture(story.events);
  }

  async page(accountSid: string, callSid: string): Promise<string | undefined> {
    const story = await this.#story(accountSid, callSid);
    return story === undefined ? undefined : ladderPage(story);
  }

  async flush(): Promise<void> {
    this.#trace.flush();
    await this.#restored;
    await this.#journal.flush();
  }

  dump(): { sessions: number; calls: number; unlinked: number; linked: number; writeFailures: number } {
    const { sessions, byCallSid, unlinked, linked } = this.#recorder;
    return { sessions, calls: byCallSid.size, unlinked, linked, writeFailures: this.#writeFailures };
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#trace.flush();
    this.#stopListening();
    this.#recorder.close();
    await this.flush();
    await this.#segments.close();
  }

  async #story(accountSid: string, callSid: string): Promise<Story | undefined> {
    this.#trace.flush();
    await this.#restored;
    const session = this.#recorder.byCallSid.get(callSid);
    // The tenant wall: another account's call is as unknown as one that never was.
    if (session === undefined || session.accountSid !== accountSid) return undefined;
    const events: StoredEvent[] = [];
    for (const block of session.blocks) {
      const bytes = await this.#journal.read(block);
      if (bytes !== undefined) events.push(...eventsOf(bytes, session.sid));
    }
    if (events.length === 0) return undefined;
    return tell({ sessionSid: session.sid, callSids: session.callSids, lost: session.lost, events });
  }

  #failed(fault: unknown): void {
    this.#writeFailures++;
    // Once is enough: a full disk would repeat it many times a second.
    if (this.#writeFailures === 1) this.#log.warn({ error: messageOf(fault) }, 'timelines cannot be written');
  }

  #keep(session: Session): void {
    this.#finished.add(session);
    for (const oldest of this.#finished) {
      if (this.#finished.size <= this.#maxSessions) break;
      this.#forget(oldest);
    }
  }

  /** The oldest segment goes; so do the sessions of which nothing is left. */
  #dropped(segment: number): void {
    const first = this.#journal.dropped(segment);
    for (const session of this.#finished) if ((session.blocks.at(-1) ?? 0) < first) this.#forget(session);
  }

  #forget(session: Session): void {
    this.#finished.delete(session);
    this.#recorder.forget(session);
  }

  async #restore(): Promise<void> {
    try {
      for (const { segment, bytes } of await this.#segments.existing()) this.#restoreSegment(segment, bytes);
    } catch (fault) {
      this.#log.warn({ error: messageOf(fault) }, 'timelines of earlier runs cannot be read');
    }
  }

  /** A whole segment of an earlier run is taken in as one block. Its numbers of sessions are of that run, and its own. */
  #restoreSegment(segment: number, bytes: Buffer): void {
    const block = this.#journal.adopt({ segment, offset: 0, length: bytes.length });
    for (const found of records(bytes)) {
      const owner = ownerOf(found);
      if (owner === undefined) continue;
      const session = this.#recorder.restore(owner.sessionSid, owner.accountSid, owner.callSids);
      session.lost = Math.max(session.lost, owner.lost);
      if (session.blocks.at(-1) !== block) session.blocks.push(block);
      this.#keep(session);
    }
  }
}

export function createTimelines(options: TimelinesOptions): ClosableTimelines {
  return new Archive(options);
}
