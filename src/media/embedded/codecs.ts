import type { Payload } from '../../ports/index.ts';
import { encoder, isG711 } from '../codec/g711.ts';
import { hasOpus } from '../codec/opus.ts';
import { EVENT_CODEC, isAudio, PAYLOAD_TYPES, Route } from './route.ts';

/** What a received payload type is. */
export const NOT_NEGOTIATED = 0;
export const AUDIO = 1;
export const EVENT = 2;
export const NOISE = 3;

/** Names of the codecs that are decoded and encoded here. */
const codecNames: readonly string[] = ['PCMU', 'PCMA', 'G722', ...(hasOpus() ? ['OPUS'] : [])];

/** Different lists that are kept; a server sees a handful. */
const MAX_KEPT = 256;

/** The G.711 in which sound we make is sent, where that is what the far end wants first. */
export type Voice = { readonly payloadType: number; readonly encode: Uint8Array };

/** A negotiated list of payloads as the packet path reads it: by received payload type. Calls with equal lists share one. */
export class Codecs {
  readonly list: readonly Payload[];
  readonly kinds = new Uint8Array(PAYLOAD_TYPES);
  readonly rates = new Uint32Array(PAYLOAD_TYPES);
  readonly payloads: (Payload | undefined)[] = [];
  readonly voice: Voice | undefined;
  /** What sound we make or mix is sent in: the first that we can encode. */
  readonly sender: Payload | undefined;
  /** There is a codec among them that only the studio decodes. */
  readonly wide: boolean;
  /** What telephone-event is sent with; -1 without it. */
  readonly eventType: number;
  /** What comfort noise is sent with, beside a codec of its clock; -1 without it. */
  readonly noiseType: number;
  readonly eventRate: number;
  /** Name of the first audio codec: what figures are about. */
  readonly audio: string | undefined;
  readonly #routes = new Map<Codecs, Route>();

  constructor(list: readonly Payload[]) {
    this.list = list;
    for (const payload of list) {
      this.kinds[payload.receive] = payload.codec === EVENT_CODEC ? EVENT : isAudio(payload) ? AUDIO : NOISE;
      this.rates[payload.receive] = payload.clockRate;
      this.payloads[payload.receive] = payload;
    }
    const sender = list.find(({ codec }) => codecNames.includes(codec));
    this.sender = sender;
    this.voice =
      sender !== undefined && isG711(sender.codec)
        ? { payloadType: sender.send, encode: encoder(sender.codec) }
        : undefined;
    const events = list.filter((payload) => payload.codec === EVENT_CODEC);
    const event = events.find(({ clockRate }) => clockRate === sender?.clockRate) ?? events[0];
    this.eventType = event?.send ?? -1;
    this.eventRate = event?.clockRate ?? 8000;
    const noise = list.find(({ codec, clockRate }) => codec === 'CN' && clockRate === sender?.clockRate);
    this.noiseType = noise?.send ?? -1;
    this.wide = list.some(({ codec }) => codecNames.includes(codec) && !isG711(codec));
    this.audio = list.find(isAudio)?.codec;
  }

  /** The way of packets received with these payloads to one who negotiated those. */
  routeTo(other: Codecs): Route {
    let route = this.#routes.get(other);
    if (route === undefined) {
      route = new Route(this.list, other.list, codecNames);
      if (this.#routes.size >= MAX_KEPT) this.#routes.clear();
      this.#routes.set(other, route);
    }
    return route;
  }
}

const kept = new Map<string, Codecs>();

/** The shared table of a list. */
export function codecsOf(list: readonly Payload[]): Codecs {
  let key = '';
  for (const { receive, send, codec, clockRate, channels, fmtp = '' } of list)
    key += `${receive} ${send} ${codec} ${clockRate} ${channels} ${fmtp};`;
  let codecs = kept.get(key);
  if (codecs === undefined) {
    codecs = new Codecs(list);
    if (kept.size >= MAX_KEPT) kept.clear();
    kept.set(key, codecs);
  }
  return codecs;
}

export const noCodecs: Codecs = new Codecs([]);
