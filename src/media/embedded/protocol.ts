/** What the engine's main thread and its packet workers say to each other: plain data, many to a message. Endpoints and
 * recordings are numbers here; names stay with the main thread. */
import type {
  DetectOptions,
  Detection,
  PlayProgress,
  Quality,
  Reached,
  StreamSettings,
  TapSource,
} from '../../ports/index.ts';
import type { Certificate } from '../webrtc/certificate.ts';

export type Command =
  | { readonly do: 'bind'; readonly ports: readonly number[] }
  /** A pair that was reserved, and nothing came of it. */
  | { readonly do: 'rest'; readonly port: number }
  | { readonly do: 'open'; readonly id: number; readonly port: number; readonly ssrc: number }
  /** `ask`: somebody waits until it holds. */
  | { readonly do: 'configure'; readonly id: number; readonly settings: StreamSettings; readonly ask?: number }
  | { readonly do: 'bridge'; readonly a: number; readonly b: number }
  | { readonly do: 'unbridge'; readonly id: number }
  | {
      readonly do: 'play';
      readonly id: number;
      readonly play: string;
      readonly sound: SoundData;
      readonly loop: number;
      readonly limitMs: number | undefined;
      readonly from?: number;
      /** Heard while the sound stalls. */
      readonly meanwhile?: SoundData | undefined;
    }
  | { readonly do: 'stopPlay'; readonly id: number; readonly ask: number }
  | { readonly do: 'digits'; readonly id: number; readonly digits: string; readonly durationMs: number }
  | { readonly do: 'mute'; readonly id: number; readonly muted: boolean }
  | {
      readonly do: 'record';
      readonly recording: number;
      readonly left: number;
      readonly right: number;
      readonly maxSeconds: number;
    }
  | { readonly do: 'pauseRecord'; readonly recording: number; readonly pause: 'cut' | 'silence' | 'no' }
  | { readonly do: 'recordRight'; readonly recording: number; readonly right: number }
  | { readonly do: 'stopRecord'; readonly recording: number; readonly ask: number }
  | StudioCommand
  | { readonly do: 'quality'; readonly id: number; readonly ask: number; readonly bySecond: boolean }
  /** `silently`: its far end goes on with another process and hears no goodbye. */
  | { readonly do: 'release'; readonly id: number; readonly ask: number; readonly silently: boolean }
  | { readonly do: 'stats'; readonly ask: number }
  /** Throws outside every guard: how tests see a worker die. */
  | { readonly do: 'crash' }
  | { readonly do: 'close' };

/** What the studio is told. Rings are shared memory (base/pcm-ring.ts). */
export type StudioCommand =
  | { readonly do: 'gain'; readonly id: number; readonly db: number }
  | {
      readonly do: 'track';
      readonly id: number;
      readonly track: string;
      /** Undefined silences it. */
      readonly play: { readonly sound: SoundData; readonly loop: number; readonly gainDb: number } | undefined;
    }
  | { readonly do: 'removeTrack'; readonly id: number; readonly track: string }
  | {
      readonly do: 'tap';
      readonly id: number;
      readonly tap: string;
      readonly source: TapSource;
      readonly ring: SharedArrayBuffer;
    }
  | { readonly do: 'closeTap'; readonly id: number; readonly tap: string }
  | {
      readonly do: 'feed';
      readonly id: number;
      readonly feed: string;
      readonly mode: 'mix' | 'replace';
      readonly ring: SharedArrayBuffer;
    }
  | { readonly do: 'closeFeed'; readonly id: number; readonly feed: string }
  | { readonly do: 'detect'; readonly id: number; readonly options: DetectOptions | undefined }
  | { readonly do: 'knowMachine'; readonly id: number }
  | { readonly do: 'hearTones'; readonly id: number; readonly on: boolean }
  | { readonly do: 'meter'; readonly id: number; readonly on: boolean }
  | { readonly do: 'holdDigits'; readonly id: number; readonly on: boolean };

/** Sound as a worker takes it: made there, or samples shared by all threads. */
export type SoundData =
  | {
      readonly kind: 'tone';
      readonly frequencies: readonly number[];
      readonly levelDb: number;
      readonly cadence: readonly { readonly on: number; readonly off: number }[];
    }
  | { readonly kind: 'silence' }
  /** The memory of a SharedSound. */
  | { readonly kind: 'samples'; readonly samples: SharedArrayBuffer };

export type Answer = Quality | WorkerStats | PlayProgress | undefined;
export type WorkerStats = { readonly endpoints: number; readonly relayed: number; readonly resting: number };

export type Report =
  | { readonly say: 'ready'; readonly wire: string; readonly why: string; readonly opus: boolean }
  | {
      readonly say: 'bound';
      readonly ports: readonly number[];
      readonly failed: readonly number[];
      readonly why: string;
    }
  | { readonly say: 'rested'; readonly ports: readonly number[] }
  | { readonly say: 'answer'; readonly ask: number; readonly value: Answer }
  | { readonly say: 'flowing'; readonly id: number; readonly at: number }
  | { readonly say: 'digit'; readonly id: number; readonly digit: string; readonly durationMs: number }
  | {
      readonly say: 'played';
      readonly id: number;
      readonly play: string;
      readonly error: string | undefined;
      readonly progress: PlayProgress;
    }
  | { readonly say: 'trackPlayed'; readonly id: number; readonly track: string; readonly error: string | undefined }
  | { readonly say: 'detected'; readonly id: number; readonly detection: Detection }
  | { readonly say: 'level'; readonly id: number; readonly db: number }
  | { readonly say: 'keysSent'; readonly id: number }
  | { readonly say: 'silent'; readonly id: number; readonly silentMs: number }
  /** A far end of WebRTC is not there any more. */
  | { readonly say: 'gone'; readonly id: number; readonly why: string }
  | { readonly say: 'reached'; readonly id: number; readonly reached: Reached }
  | { readonly say: 'sound'; readonly recording: number; readonly samples: Int16Array; readonly last: boolean }
  | { readonly say: 'fault'; readonly what: string; readonly error: string };

/** What a worker is started with. */
export type WorkerSetup = {
  readonly address: string;
  /** What to try before dgram, in this order. */
  readonly wires: readonly ('io_uring' | 'epoll')[];
  readonly restMs: number;
  readonly restUnusedMs: number;
  readonly silentMs: number;
  /** What it shows in DTLS; undefined where there can be no WebRTC. */
  readonly certificate?: Certificate | undefined;
  /** Candidates of lite far ends may be private or loopback addresses. */
  readonly nearCandidates?: boolean | undefined;
  /** System handles of the batched path, for the main thread to close should the worker die: count, then handles. */
  readonly handles: SharedArrayBuffer;
  /** Where it writes how hard it works: effort.ts. */
  readonly effort: SharedArrayBuffer;
};
