import type { KeyHearer } from '../dtmf/hearer.ts';
import { factorOf, Track } from './track.ts';
import type { Feed } from './feed.ts';
import type { SoundPlay } from './sound.ts';
import type { Tap } from './tap.ts';

/** Hears what a far end says: 20 ms of it at 8 kHz, fifty times a second, silence too. */
export interface Ear {
  hear(frame: Int16Array): void;
}

/** The ear that finds out who answered; it can be told that a machine speaks. */
export type DetectingEar = Ear & { knowMachine(): void };

/** What is wanted of the sound of one endpoint, like the strip of a mixing desk. */
export class Strip {
  /** Factor on the main track. */
  gain = 1;
  readonly tracks = new Map<string, Track>();
  readonly taps = new Map<string, Tap>();
  readonly feeds = new Map<string, Feed>();
  readonly ears = new Set<Ear>();
  /** The ear for keys as tones. */
  keys: KeyHearer | undefined;
  /** The ear for who answered. */
  detecting: DetectingEar | undefined;
  /** The ear for how loud it is. */
  meter: Ear | undefined;
  holdsDigits = false;
  /** Tracks that play. */
  sounding = 0;
  tapsOfSaid = 0;
  tapsOfHeard = 0;

  setGain(db: number): void {
    this.gain = db === 0 ? 1 : factorOf(db);
  }

  /** The track of this name, new when there is none. */
  track(name: string): Track {
    let track = this.tracks.get(name);
    if (track === undefined) {
      track = new Track(name);
      this.tracks.set(name, track);
    }
    return track;
  }

  play(name: string, play: SoundPlay | undefined, gain = 1): void {
    const track = this.track(name);
    track.play = play;
    track.gain = gain;
    this.#count();
  }

  remove(name: string): void {
    this.tracks.delete(name);
    this.#count();
  }

  openTap(name: string, tap: Tap): void {
    this.closeTap(name);
    this.taps.set(name, tap);
    this.#count();
  }

  closeTap(name: string): void {
    this.taps.get(name)?.close();
    this.taps.delete(name);
    this.#count();
  }

  hearKeys(keys: KeyHearer | undefined): void {
    if (this.keys !== undefined) this.ears.delete(this.keys);
    if (keys !== undefined) this.ears.add(keys);
    this.keys = keys;
  }

  hearLevel(meter: Ear | undefined): void {
    if (this.meter !== undefined) this.ears.delete(this.meter);
    if (meter !== undefined) this.ears.add(meter);
    this.meter = meter;
  }

  close(): void {
    for (const tap of this.taps.values()) tap.close();
    this.taps.clear();
    this.tracks.clear();
    this.feeds.clear();
    this.ears.clear();
    this.keys = undefined;
    this.meter = undefined;
    this.detecting = undefined;
    this.#count();
  }

  #count(): void {
    this.sounding = 0;
    this.tapsOfSaid = 0;
    this.tapsOfHeard = 0;
    for (const track of this.tracks.values()) if (track.play !== undefined) this.sounding++;
    for (const tap of this.taps.values()) {
      if (tap.hearsSaid) this.tapsOfSaid++;
      if (tap.hearsHeard) this.tapsOfHeard++;
    }
  }
}
