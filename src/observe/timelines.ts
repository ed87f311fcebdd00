/** Timelines of calls: joins the recorder (call path), the segments (disk or memory) and the renders (when asked). */
import path from 'node:path';
import type { Clock, Log, TraceChannel } from '../base/index.ts';
import { messageOf, silentLog } from '../base/index.ts';
import type { Timelines } from '../ports/index.ts';
import { describe, type Story, tell } from './describe.ts';
import { decodeEvents, decodeOwner, type StoredEvent } from './events.ts';
import { ladderPage } from './ladder.ts';
import { capture } from './pcap.ts';
import { Recorder, type Session } from './recorder.ts';
import { DiskSegments, MemorySegments, type Segments } from './segments.ts';

export type TimelinesOptions = {
  readonly trace: TraceChannel;
  readonly clock: Clock;
  readonly log?: Log;
  /** Data folder; undefined keeps a bounded ring in memory. */
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
    readonly writeFailures: number;
  };
  close(): Promise<void>;
}

const mebi = 1024 * 1024;

class Archive implements ClosableTimelines {
  readonly #recorder: Recorder;
  readonly #segments: Segments;
  readonly #log: Log;
  readonly #maxSessions: number;
  readonly #bySegment = new Map<number, Set<Session>>();
  readonly #finished = new Set<Session>();
  readonly #stopListening: () => void;
  #writing: Promise<void>;
  #writeFailures = 0;
  #closed: Promise<void> | undefined;

  constructor(options: TimelinesOptions) {
    this.#log = options.log ?? silentLog;
    this.#maxSessions = options.maxSessions ?? 20_000;
    const onDrop = (segment: number) => this.#dropped(segment);
    this.#segments =
      options.dir === undefined
        ? new MemorySegments({ maxBytes: options.maxBytes ?? 16 * mebi, onDrop })
        : new DiskSegments(path.join(options.dir, 'timelines'), { maxBytes: options.maxBytes ?? 64 * mebi, onDrop });
    this.#recorder = new Recorder({
      clock: options.clock,
      write: (chunks) => this.#write(chunks),
      finished: (session) => this.#keep(session),
    });
    this.#writing = this.#restore();
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

  flush(): Promise<void> {
    this.#recorder.settleAll();
    return this.#writing;
  }

  dump(): { sessions: number; calls: number; unlinked: number; writeFailures: number } {
    const { sessions, byCallSid, unlinked } = this.#recorder;
    return { sessions: sessions.size, calls: byCallSid.size, unlinked, writeFailures: this.#writeFailures };
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#stopListening();
    await this.flush();
    await this.#segments.close();
  }

  async #story(accountSid: string, callSid: string): Promise<Story | undefined> {
    await this.#writing;
    const session = this.#recorder.byCallSid.get(callSid);
    // The tenant wall: another account's call is as unknown as one that never was.
    if (session === undefined || session.accountSid !== accountSid) return undefined;
    this.#recorder.settle(session);
    await this.#writing;
    const events: StoredEvent[] = [];
    for (const extent of session.extents) {
      const bytes = await this.#segments.read(extent.segment, extent.offset, extent.length);
      if (bytes !== undefined) events.push(...decodeEvents(bytes));
    }
    if (events.length === 0) return undefined;
    return tell({ sessionSid: session.sid, callSids: session.callSids, lost: session.lost, events });
  }

  #write(chunks: readonly { readonly session: Session; readonly bytes: Buffer }[]): void {
    this.#writing = this.#writing.then(() => this.#append(chunks));
  }

  async #append(chunks: readonly { readonly session: Session; readonly bytes: Buffer }[]): Promise<void> {
    const parts = chunks.map((chunk) => chunk.bytes);
    const batch = parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts);
    try {
      const place = await this.#segments.append(batch);
      let { offset } = place;
      for (const { session, bytes } of chunks) {
        this.#place(session, { segment: place.segment, offset, length: bytes.length });
        offset += bytes.length;
      }
    } catch (fault) {
      this.#writeFailures++;
      for (const { session } of chunks) session.lost++;
      // Once is enough: a full disk would repeat it many times a second.
      if (this.#writeFailures === 1) this.#log.warn({ error: messageOf(fault) }, 'timelines cannot be written');
    }
  }

  #place(session: Session, extent: { segment: number; offset: number; length: number }): void {
    session.extents.push(extent);
    let sessions = this.#bySegment.get(extent.segment);
    if (sessions === undefined) this.#bySegment.set(extent.segment, (sessions = new Set()));
    sessions.add(session);
  }

  #keep(session: Session): void {
    this.#finished.add(session);
    for (const oldest of this.#finished) {
      if (this.#finished.size <= this.#maxSessions) break;
      this.#forget(oldest);
    }
  }

  #dropped(segment: number): void {
    for (const session of this.#bySegment.get(segment) ?? []) {
      session.extents = session.extents.filter((extent) => extent.segment !== segment);
      if (session.extents.length === 0 && session.endedAt !== undefined) this.#forget(session);
    }
    this.#bySegment.delete(segment);
  }

  #forget(session: Session): void {
    this.#finished.delete(session);
    for (const extent of session.extents) this.#bySegment.get(extent.segment)?.delete(session);
    this.#recorder.forget(session);
  }

  async #restore(): Promise<void> {
    try {
      for (const { segment, bytes } of await this.#segments.existing()) this.#restoreSegment(segment, bytes);
    } catch (fault) {
      this.#log.warn({ error: messageOf(fault) }, 'timelines of earlier runs cannot be read');
    }
  }

  #restoreSegment(segment: number, bytes: Buffer): void {
    let at = 0;
    for (;;) {
      // A torn end (the process was killed while writing) is where reading stops.
      const found = decodeOwner(bytes, at);
      if (found === undefined) return;
      const { sessionSid, accountSid, callSids, lost } = found.owner;
      const session = this.#recorder.restore(sessionSid, accountSid, callSids);
      session.lost = Math.max(session.lost, lost);
      this.#place(session, { segment, offset: at, length: found.length });
      this.#keep(session);
      at += found.length;
    }
  }
}

export function createTimelines(options: TimelinesOptions): ClosableTimelines {
  return new Archive(options);
}
