/** What the studio does to the audio of open endpoints (ports/media.ts): gain, extra tracks, taps, feeds, detectors. An
 * endpoint with nothing of this on it stays on the relay path; the engine moves it while it talks.
 *
 * Commands are plain data and return promises like those of the media port, with one exception, argued in
 * docs/decisions/0007-pcm-rings.md: taps and feeds are rings in shared memory (base/pcm-ring.ts), so that sound passes
 * between threads without a message a frame. Whatever carries the relay, the studio is always in this process. */
import type { Emitter } from '../base/index.ts';
import type { Sound } from './media.ts';

/** What is heard at an endpoint. `said`: what its far end says. `heard`: what its far end is sent, all tracks. `mixed`:
 * the sum of both. `both`: two channels, said left and heard right. */
export type TapSource = 'said' | 'heard' | 'mixed' | 'both';
/** Hz. */
export type TapRate = 8000 | 16_000 | 24_000 | 32_000 | 48_000 | 64_000;

export type TapOptions = {
  readonly source: TapSource;
  readonly rate: TapRate;
  /** How much sound waits for a slow reader before the oldest is lost. */
  readonly seconds: number;
};

export type FeedOptions = {
  readonly rate: TapRate;
  readonly seconds: number;
  /** `mix`: added to what the far end hears. `replace`: in its place, while the feed has sound. */
  readonly mode: 'mix' | 'replace';
};

export type TrackPlay = {
  readonly sound: Sound;
  readonly loop: number | 'forever';
  /** dB, 0 leaves the sound as it is. */
  readonly gainDb: number;
};

/** What answering-machine detection waits for, ms. Defaults in media/detect. */
export type DetectOptions = {
  readonly noSpeechMs?: number;
  readonly decisionMs?: number;
  readonly toneMs?: number;
  readonly greetingEndMs?: number;
};

/** How loud the far end was while it was judged, for a picture. */
export type Envelope = {
  /** ms from the start of the detection. */
  readonly fromMs: number;
  readonly stepMs: number;
  /** A byte a step, base64: dB below full scale, 0 to 75. The loudest of the step. */
  readonly levels: string;
};

/** One finding about who answered. `atMs` counts from the start of the detection. */
export type Detection = {
  readonly event: 'human' | 'machine' | 'unknown' | 'no-speech' | 'tone' | 'greeting-end' | 'fax' | 'sit' | 'stopped';
  /** 0 to 1. */
  readonly confidence: number;
  readonly reason: string;
  readonly atMs: number;
  /** Length of the greeting or tone, ms, where it has one. */
  readonly durationMs?: number;
  /** Of a tone. */
  readonly frequencies?: readonly number[];
  /** Of a tone's frequency, Hz². */
  readonly variance?: number;
  /** How loud the far end was since the finding before; left out when nothing new is kept. */
  readonly envelope?: Envelope;
};

export interface StudioEngine {
  readonly studioEvents: Emitter<{
    /** A track's sound came to its end by itself; `error` when it could not be played. */
    trackPlayed: [endpoint: string, track: string, error: string | undefined];
    detected: [endpoint: string, detection: Detection];
    /** Of a metered endpoint, five times a second: the level of what its far end says, dBFS. */
    level: [endpoint: string, db: number];
  }>;
  /** dB on the main track (bridged audio and plays) of what the far end of this endpoint hears; not on its tracks. A
   * limiter keeps a boost from wrapping. 0 takes it off. */
  setGain(endpoint: string, db: number): Promise<void>;
  /** A track beside the main one, silent until something plays on it. At most 8; a known name is kept as it is. */
  addTrack(endpoint: string, track: string): Promise<void>;
  /** Replaces what the track plays. Makes the track when there is none. */
  playOnTrack(endpoint: string, track: string, play: TrackPlay): Promise<void>;
  silenceTrack(endpoint: string, track: string): Promise<void>;
  removeTrack(endpoint: string, track: string): Promise<void>;
  /** Starts writing sound into a new ring (PcmRingReader reads it). Tap names are unique within an endpoint. */
  openTap(endpoint: string, tap: string, options: TapOptions): Promise<SharedArrayBuffer>;
  /** Closes the ring. Released endpoints close theirs by themselves. */
  closeTap(endpoint: string, tap: string): Promise<void>;
  /** A ring (PcmRingWriter writes it, mono) whose sound the far end hears as it comes. */
  openFeed(endpoint: string, feed: string, options: FeedOptions): Promise<SharedArrayBuffer>;
  closeFeed(endpoint: string, feed: string): Promise<void>;
  /** Listens who answered, on what the far end says. Once an endpoint; findings come as `detected`. */
  detectAnswer(endpoint: string, options: DetectOptions): Promise<void>;
  /** What is known otherwise: a machine speaks. No other verdict is told; its beep and the end of its greeting are. */
  knowMachine(endpoint: string): Promise<void>;
  stopDetecting(endpoint: string): Promise<void>;
  /** Hears keys in what the far end says, for far ends that send them as tones; told as `digit` like all others. */
  hearTones(endpoint: string, on: boolean): Promise<void>;
  /** Measures how loud its far end speaks; told as `level`. Costs decoding, so only while somebody looks. */
  meter(endpoint: string, on: boolean): Promise<void>;
  /** While held, the keys this far end presses are told but not passed to the other party. */
  holdDigits(endpoint: string, on: boolean): Promise<void>;
}
