/** Listeners: sound of a call to a WebSocket server, and back. Commands and events are plain data; the sound itself passes
 * through rings in shared memory (base/pcm-ring.ts), so whoever uses this never sees a frame. */
import type { Emitter } from '../base/index.ts';
import type { TapRate } from './studio.ts';

/** Where a listener is, looked up and checked: exactly these addresses are dialled. */
export type StreamPlace = {
  /** ws:// or wss://, without credentials. */
  readonly url: string;
  readonly addresses: readonly { readonly address: string; readonly family: 4 | 6 }[];
  /** secret: value of the Authorization header. */
  readonly authorization: string | undefined;
};
export type StreamRefused = { readonly refused: string; readonly url: string };

/** Finds and checks the address of a listener. Never rejects. */
export type FindStream = (
  url: string,
  auth: { readonly username: string; readonly password: string } | undefined,
  base: string | undefined,
) => Promise<StreamPlace | StreamRefused>;

/** What the listener is sent of the call's sound: all of it, the same length of zeros, nothing. */
export type StreamFlow = 'sound' | 'silence' | 'pause';

export type StreamOptions = {
  readonly place: StreamPlace;
  /** The first text frame, ready made JSON. */
  readonly hello: string;
  /** Ring of the sound to send, from StudioEngine.openTap. Its end is the stream's end. */
  readonly tap: SharedArrayBuffer;
  /** What the listener may send back: nothing, `playAudio` in JSON, or binary frames of this rate as well. */
  readonly back: 'nothing' | 'json' | { readonly binaryRate: TapRate };
  /** Ends by itself after so long without anybody speaking, ms. */
  readonly silenceMs?: number;
};

export type StreamEnd =
  /** The tap was closed: the call is over. */
  | 'source-ended'
  /** close() was called. */
  | 'stopped'
  /** The listener closed the connection in good order. */
  | 'closed'
  /** The listener sent `disconnect`. */
  | 'disconnect'
  | 'silence'
  /** The handshake was answered with something that another try would not mend. */
  | 'refused'
  /** Not reached, or lost, as often as is tried. */
  | 'unreachable'
  /** The listener broke the protocol or flooded us. */
  | 'abusive'
  /** The thread that carries streams failed. */
  | 'lost';

/** Of one stream, from its start. */
export type StreamFigures = {
  readonly frames: number;
  readonly bytes: number;
  /** Sound that was not sent because the listener did not take it in time, ms. */
  readonly droppedMs: number;
  readonly connections: number;
  /** Text and binary frames that came back. */
  readonly commands: number;
  /** Of those, how many could not be used: not JSON, unknown, too much. */
  readonly refused: number;
};

export interface Streams {
  readonly events: Emitter<{
    connected: [stream: string, connection: number];
    /** Lost or not reached; another try comes by itself. */
    interrupted: [stream: string, why: string, retryMs: number];
    /** Sound is being lost since the listener is too slow. Told at most every few seconds. */
    dropping: [stream: string, droppedMs: number];
    /** Something from the listener was not taken; told once a kind. */
    refused: [stream: string, why: string];
    /** The listener sends sound of this rate: openFeed() and answer with feed(). */
    feedWanted: [stream: string, rate: TapRate];
    /** Exactly once a stream. */
    ended: [stream: string, end: StreamEnd, why: string, figures: StreamFigures];
  }>;
  /** Connects and sends until one of the ends. The name is the caller's, unique among open streams. */
  open(stream: string, options: StreamOptions): void;
  /** Answers `feedWanted`; undefined: it cannot be had. */
  feed(stream: string, rate: TapRate, memory: SharedArrayBuffer | undefined): void;
  setFlow(stream: string, flow: StreamFlow): void;
  /** A text frame, JSON; not kept for a listener that is away. */
  sendText(stream: string, text: string): void;
  /** Ends with `stopped`, after what was read has been handed to the network. */
  close(stream: string): void;
  stats(): { streams: number };
  /** Ends all. */
  closeAll(): Promise<void>;
}
