/** What a phone saw and did, with times, and the ladder drawn from it. */
import { Journal } from './journal.ts';
import type { Message } from './message.ts';

export type Transport = 'udp' | 'tcp' | 'tls' | 'ws' | 'wss';
export type Peer = { readonly transport: Transport; readonly address: string; readonly port: number };

export type Entry = {
  /** Wall-clock ms. */
  readonly at: number;
  readonly direction: 'in' | 'out' | 'note';
  readonly title: string;
  readonly peer?: Peer;
  readonly message?: Message;
};

export class Transcript extends Journal<Entry> {
  readonly owner: string;

  constructor(owner: string) {
    super();
    this.owner = owner;
  }

  message(direction: 'in' | 'out', message: Message, peer: Peer): void {
    this.add({ at: now(), direction, title: message.title, peer, message });
  }

  note(title: string): void {
    this.add({ at: now(), direction: 'note', title });
  }
}

/** Wall-clock milliseconds with fraction. */
export function now(): number {
  return performance.timeOrigin + performance.now();
}

/** The transcripts merged into one text ladder, times relative to the first entry. */
export function ladder(transcripts: readonly Transcript[]): string {
  const rows = transcripts
    .flatMap((transcript) => transcript.entries.map((entry) => ({ owner: transcript.owner, entry })))
    .sort((a, b) => a.entry.at - b.entry.at);
  const start = rows[0]?.entry.at ?? 0;
  const width = Math.max(5, ...transcripts.map((transcript) => transcript.owner.length));
  return rows
    .map(({ owner, entry }) => `${(entry.at - start).toFixed(1).padStart(9)}  ${owner.padEnd(width)} ${line(entry)}`)
    .join('\n');
}

function line(entry: Entry): string {
  if (entry.direction === 'note') return `  · ${entry.title}`;
  const arrow = entry.direction === 'out' ? '──▶' : '◀──';
  const sdp = entry.message?.sdp === undefined ? '' : ' (SDP)';
  const cseq = entry.message?.get('cseq') ?? '';
  return `${arrow} ${entry.title}${sdp}  [${cseq}] ${entry.peer?.address}:${entry.peer?.port}`;
}
