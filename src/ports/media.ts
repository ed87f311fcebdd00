/** The media port, written as if the engine were on another machine: plain-data commands that return promises, events
 * later, no shared objects. One implementation runs in worker threads here, one speaks to rtpengine. */
import type { Emitter } from '../base/index.ts';
import type { SrtpKeys } from '../sdp/index.ts';

/** An RTP payload of a negotiated stream. */
export type Payload = {
  /** Payload type number we receive it with. */
  readonly receive: number;
  /** Payload type number we send it with. */
  readonly send: number;
  /** Upper-case encoding name: PCMU, PCMA, G722, OPUS, CN, TELEPHONE-EVENT. */
  readonly codec: string;
  readonly clockRate: number;
  readonly channels: number;
  readonly fmtp?: string;
};

/** What was negotiated with the far end of one endpoint. */
export type StreamSettings = {
  /** Where to send; undefined while unknown. Addresses are IP literals. `rtcpPort` defaults to port + 1. `signalledFrom`
   * is the address its signalling came from: when `address` is a private one (NAT), media may be learned from there. */
  readonly remote:
    | { readonly address: string; readonly port: number; readonly rtcpPort?: number; readonly signalledFrom?: string }
    | undefined;
  /** First is what we send; audio codecs before telephone-event. */
  readonly payloads: readonly Payload[];
  /** Seen from us: may we send, may we receive. */
  readonly direction: 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';
  /** Packet length in ms. */
  readonly ptime: number;
  /** RTCP shares the port of RTP at both ends, RFC 5761. */
  readonly rtcpMux?: boolean;
  /** Keys of SRTP; without them the stream is in the clear. Secret. */
  readonly srtp?: SrtpKeys;
  /** The far end speaks WebRTC: `remote` is then of no account. */
  readonly web?: WebSettings;
  /** ICE finds the far end of an SRTP stream whose keys are in `srtp`: `remote` is then of no account. RTCP shares its port. */
  readonly ice?: IceSettings;
  /** So long ago, ms, another process may have begun to receive under the keys of today: how far their counters are, packets
   * must tell. RFC 3711 §3.3.1. */
  readonly underWayMs?: number;
};

/** Where ICE found a far end, and the keys that DTLS agreed on with it, where it was DTLS. Secret. */
export type Reached = { readonly far: { readonly address: string; readonly port: number }; readonly keys?: SrtpKeys };

/** ICE of one endpoint. We are the lite agent (RFC 8445 §2.5), unless the far end is one: then we look for it. */
export type IceSettings = {
  /** What a process before this one had reached, and goes on: where the far end is, its keys. */
  readonly reached?: Reached;
  readonly local: { readonly ufrag: string; readonly pwd: string };
  readonly remote: {
    readonly ufrag: string;
    /** It makes no checks itself. */
    readonly lite: boolean;
    /** Where it may be, and the password its answers are proved with: of a lite far end. */
    readonly seek?: {
      readonly pwd: string;
      readonly candidates: readonly { readonly address: string; readonly port: number }[];
    };
  };
};

/** ICE and DTLS-SRTP (RFC 5764) of one endpoint. */
export type WebSettings = IceSettings & {
  /** `fingerprint`: hash as SDP names it; value as `AB:CD…`. */
  readonly remote: { readonly fingerprint: { readonly hash: string; readonly value: string } };
  /** Our part in the DTLS handshake. */
  readonly role: 'client' | 'server';
};

/** A sound the engine can play. Frequencies in Hz, levels in dBm0, times in ms. */
export type Sound =
  | {
      readonly kind: 'tone';
      readonly frequencies: readonly number[];
      readonly levelDb: number;
      readonly cadence: readonly { readonly on: number; readonly off: number }[];
    }
  /** Ringback of a country (ISO 3166 two letters; unknown ones sound like the US). */
  | { readonly kind: 'ringback'; readonly country: string }
  | { readonly kind: 'busy'; readonly country: string }
  | { readonly kind: 'silence' }
  /** A WAV or MP3 on this machine (the engine's owner fetched it and checked where it lies). `arriving`: the memory of a
   * base Arrival while it is still being written; it is played as it comes. */
  | { readonly kind: 'file'; readonly path: string; readonly arriving?: SharedArrayBuffer };

export type PlayOptions = {
  readonly sound: Sound;
  /** How often; 'forever' until stopped. */
  readonly loop: number | 'forever';
  /** Stop by itself after this long, ms. */
  readonly limitMs?: number;
  /** Where the first round begins, in samples at 8 kHz. Of files only. */
  readonly from?: number;
  /** Heard in place of silence while a file that is still coming in has not begun, or stalls. */
  readonly meanwhile?: Exclude<Sound, { readonly kind: 'file' }>;
};

/** How much of a play was really heard, and where in its sound it was at the end, in samples at 8 kHz. */
export type PlayProgress = { readonly samples: number; readonly position: number };

/** Quality of one direction-pair at one endpoint, measured, never assumed. A figure without data is undefined. */
export type Quality = {
  readonly packetsReceived: number;
  readonly packetsSent: number;
  readonly bytesReceived: number;
  readonly bytesSent: number;
  readonly packetsLost: number;
  readonly packetsLostPercent: number | undefined;
  /** Interarrival jitter, RFC 3550 §6.4.1, ms. */
  readonly jitterMs: number | undefined;
  /** From RTCP LSR/DLSR, ms. */
  readonly roundTripMs: number | undefined;
  /** E-model (ITU-T G.107, G.107.1, G.107.2) from the figures above; undefined without received packets, and for a codec
   * without published figures. `mosInputs` states what it was made of. */
  readonly mos: number | undefined;
  readonly mosInputs:
    | {
        readonly codec: string;
        /** Whose model: figures of different scales are not compared. */
        readonly scale: 'narrowband' | 'wideband' | 'fullband';
        /** Measured, of a codec whose quality hangs on it. */
        readonly kbits?: number;
        readonly lossPercent: number;
        readonly delayMs: number;
        readonly bpl: number;
        readonly ie: number;
        /** Loss, jitter and round trip are what the other party reported (RTCP) of the whole way to it, for nobody here saw
         * the packets. Absent: measured here. */
        readonly reportedBy?: 'listener';
      }
    | undefined;
  /** Dropped because they came from a stranger (RTP bleed), were not RTP, or did not pass SRTP. */
  readonly packetsRefused: number;
  /** Of those, on an SRTP stream: without the right tag, and those that had been there before. */
  readonly packetsForged?: number;
  readonly packetsReplayed?: number;
  /** Loss the far end reported for what we sent it (RTCP), percent. */
  readonly farLostPercent?: number | undefined;
  /** Second by second: in the last figures of an endpoint that lived so long, and where they are asked for. */
  readonly seconds?: QualitySeconds;
};

/** Quality over time: the n-th values are of the n-th stretch since `since` (ms since the epoch). null: nothing to tell. */
export type QualitySeconds = {
  readonly since: number;
  /** Seconds a stretch lasts: 1, in long calls 2, 4, 8 … */
  readonly secondsEach: number;
  /** Packets. */
  readonly received: readonly number[];
  readonly lost: readonly number[];
  readonly jitterMs: readonly (number | null)[];
  readonly roundTripMs: readonly (number | null)[];
  readonly mos: readonly (number | null)[];
};

export type EndpointSnapshot = {
  readonly endpoint: string;
  readonly port: number;
  readonly ssrc: number;
  readonly settings: StreamSettings | undefined;
};

/** Another place of an endpoint, and what `open` says of WebRTC there. */
export type MovedTo = {
  readonly address: string;
  readonly port: number;
  readonly rtcpPort: number;
  readonly fingerprint?: string | undefined;
  readonly ice?: { readonly ufrag: string; readonly pwd: string } | undefined;
};

export type OpenOptions = {
  readonly session: string;
  readonly endpoint: string;
  readonly address?: string;
  readonly port?: number;
  /** Where that port was: at another address it is another place. */
  readonly portAddress?: string;
  readonly notSsrcs?: readonly number[];
  /** The far end may speak ICE, or WebRTC: what our SDP says of it is wanted. */
  readonly ice?: boolean;
};

/** Ways to lose an endpoint are: release() and the engine's `lost`. */
export interface MediaEngine {
  readonly events: Emitter<{
    /** First packet from the far end of an endpoint. */
    flowing: [endpoint: string, at: number];
    /** A digit was pressed (RFC 4733), once a key, at its end. */
    digit: [endpoint: string, digit: string, durationMs: number];
    /** A play came to its end by itself (never after stopPlay). `error` when it could not be played. */
    played: [endpoint: string, play: string, error: string | undefined, progress: PlayProgress];
    /** All keys that sendDigits was given so far have gone out. */
    keysSent: [endpoint: string];
    /** A far end of WebRTC left without a goodbye, or was never there: nothing can come any more. */
    gone: [endpoint: string, why: string];
    /** A far end was found, by ICE, or its keys are there, by DTLS: what another process needs to go on. Secret. */
    reached: [endpoint: string, reached: Reached];
    /** No RTP for `silentMs` although some was due. */
    silent: [endpoint: string, silentMs: number];
    /** A recording ended by itself: full disk, limit, all its endpoints released. */
    recorded: [session: string, error: string | undefined];
    /** The worker or engine that carried these endpoints is gone. */
    lost: [endpoints: readonly string[], why: string];
    /** What its far end sends to is gone; the endpoint goes on at this address, of which the far end must be told. */
    moved: [endpoint: string, to: MovedTo];
  }>;
  /** Reserves ports for one leg. Endpoints of one session live in one worker. Address and port go into our SDP. `port`: the
   * one that an endpoint of a process before this had, and no other; it was named when the engine was made. `notSsrcs`:
   * those it sent with, under keys that are still in use: with another no index can come twice (RFC 3711 §9.1). */
  open(options: OpenOptions): Promise<{
    address: string;
    port: number;
    rtcpPort: number;
    ssrc: number;
    /** Names of the audio codecs it speaks, G.711 unless said otherwise. */
    codecs?: readonly string[];
    /** `sha-256 AB:CD…` of its DTLS certificate; absent where it cannot speak WebRTC, or was not asked to. */
    fingerprint?: string | undefined;
    /** Its credentials of ICE, where it is not told which to take. */
    ice?: { readonly ufrag: string; readonly pwd: string } | undefined;
  }>;
  /** What `open` tells of ICE and WebRTC, for an endpoint that was opened without: its far end wants it now. */
  introduce(endpoint: string): Promise<Pick<MovedTo, 'fingerprint' | 'ice'>>;
  /** Sets or changes what was negotiated. */
  configure(endpoint: string, settings: StreamSettings): Promise<void>;
  /** Whether the two can be bridged where they are. Endpoints of one session can. */
  together(a: string, b: string): Promise<boolean>;
  /** Sends what each of the two receives to the other: relay where they share a codec, else transcoding. */
  bridge(a: string, b: string): Promise<{ path: 'relay' | 'studio' }>;
  /** Takes the endpoint out of its bridge; both stay open and silent. */
  unbridge(endpoint: string): Promise<void>;
  /** Plays to the far end of this endpoint, in place of bridged audio; a new play replaces the one before. */
  play(endpoint: string, play: string, options: PlayOptions): Promise<void>;
  /** Tells how far it came; zeros when nothing played. */
  stopPlay(endpoint: string): Promise<PlayProgress>;
  /** Sends digits (0-9 * # A-D) as RFC 4733 events, in-band when telephone-event was not negotiated. */
  sendDigits(endpoint: string, digits: string, durationMs: number): Promise<void>;
  /** While muted nothing the far end says (audio or digits) goes anywhere. */
  mute(endpoint: string, muted: boolean): Promise<void>;
  /** Records what endpoints a (left) and b (right) receive, to a stereo 16-bit WAV. The file has its name when it is
   * finished; until then it is called `.part` behind that. */
  startRecording(
    session: string,
    options: { path: string; left: string; right: string | undefined; maxSeconds: number },
  ): Promise<void>;
  /** Stops listening until resumed. `silence`: the time passes in the recording, in silence; else it is not in it. */
  pauseRecording(session: string, silence: boolean): Promise<void>;
  resumeRecording(session: string): Promise<void>;
  /** Another endpoint of the session is heard on the right from now on. */
  recordRight(session: string, endpoint: string): Promise<void>;
  stopRecording(session: string): Promise<{ path: string; seconds: number }>;
  /** The figures so far; `bySecond`: with their history, which is the larger part. */
  quality(endpoint: string, bySecond?: boolean): Promise<Quality>;
  /** Closes the endpoint; its ports rest before reuse. Returns its last figures; undefined where nothing was done with it, and
   * to a second. */
  release(endpoint: string): Promise<Quality | undefined>;
  /** As release, for an endpoint whose call another node carries on: what the two share outside this process is not touched. */
  abandon(endpoint: string): Promise<void>;
  stats(): Promise<{
    endpoints: number;
    portsInUse: number;
    portsResting: number;
    portsFree: number;
    packetsRelayed: number;
    engine: string;
  }>;
  close(): Promise<void>;
}
