import type { SoundPlay } from './sound.ts';

/** Sound beside the main one, with a level of its own. */
export class Track {
  readonly name: string;
  play: SoundPlay | undefined;
  /** Factor, not dB. */
  gain = 1;

  constructor(name: string) {
    this.name = name;
  }
}

/** dB → factor. */
export function factorOf(db: number): number {
  return 10 ** (db / 20);
}
