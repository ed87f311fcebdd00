import type { StreamSettings } from '../../ports/index.ts';
import type { WorkerLink } from './worker-link.ts';

/** What the main thread knows of an endpoint. */
export type Entry = {
  readonly id: number;
  /** Its worker hears of it with its first command: of a callee who loses it hears nothing. */
  state: 'reserved' | 'open';
  readonly session: string;
  readonly link: WorkerLink;
  readonly port: number;
  readonly ssrc: number;
  settings: StreamSettings | undefined;
  peer: Entry | undefined;
  /** The play that counts; a file may come from the disk after another play began. */
  play: number;
};

/** Before its first command. It goes with that. */
export function tellOf(entry: Entry): void {
  if (entry.state !== 'reserved') return;
  entry.state = 'open';
  const { id, port, ssrc } = entry;
  entry.link.hold({ do: 'open', id, port, ssrc });
}
