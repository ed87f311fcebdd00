/** Which codecs we speak, and what two lists have in common. RFC 3264 §6.1, RFC 4733 §2.5. */
import type { Direction, Format, MediaLine } from './description.ts';

const EVENTS = 'TELEPHONE-EVENT';

/** Keys, on the clock of the audio they stand beside: RFC 4733 §2.1. */
export const telephoneEvents: readonly Format[] = [
  { payload: 101, codec: EVENTS, clockRate: 8000, channels: 1, fmtp: '0-15' },
  { payload: 110, codec: EVENTS, clockRate: 48_000, channels: 1, fmtp: '0-15' },
];

/** The audio codecs that we know, in our order of preference: where both ends have G.711 nothing is transcoded and every
 * network carries it; a far end that wants more says so first. G.722 has a clock of 8000 by an old mistake (RFC 3551
 * §4.5.2); Opus has two channels whatever is sent (RFC 7587 §7). */
export const ourCodecs: readonly Format[] = [
  { payload: 0, codec: 'PCMU', clockRate: 8000, channels: 1 },
  { payload: 8, codec: 'PCMA', clockRate: 8000, channels: 1 },
  { payload: 9, codec: 'G722', clockRate: 8000, channels: 1 },
  { payload: 111, codec: 'OPUS', clockRate: 48_000, channels: 2, fmtp: 'useinbandfec=1' },
];

const g711: readonly string[] = ['PCMU', 'PCMA'];
/** By the engine's own list, which is the same object for all calls. */
const spoken = new WeakMap<readonly string[], readonly Format[]>();
/** Noise in place of silence, RFC 3389 §4: agreed to where it is offered, never asked for by ourselves. On the clock of
 * 8000, so not beside Opus, which has its own. */
export const comfortNoise: Format = { payload: 13, codec: 'CN', clockRate: 8000, channels: 1 };

/** Those of our codecs that an engine speaks. */
export function spokenCodecs(names: readonly string[] = g711): readonly Format[] {
  let formats = spoken.get(names);
  if (formats === undefined) {
    formats = ourCodecs.filter(({ codec }) => names.includes(codec));
    spoken.set(names, formats);
  }
  return formats;
}

/** The keys to offer beside these codecs. */
export function eventsBeside(audio: readonly Format[]): readonly Format[] {
  return telephoneEvents.filter(({ clockRate }) => audio.some((each) => each.clockRate === clockRate));
}

export function sameCodec(a: Format, b: Format): boolean {
  return a.codec === b.codec && a.clockRate === b.clockRate && a.channels === b.channels;
}

/** One payload as both sides number it. */
export type Agreed = { readonly receive: number; readonly send: number; readonly format: Format };

/** What an answerer may use of an offer: offered codecs that we speak, those we prefer first, then telephone-event.
 * Numbers are the offerer's, in both directions (RFC 3264 §6.1). Empty when no audio codec is shared. */
export function agreeToOffer(offered: MediaLine, prefer: readonly Format[]): Agreed[] {
  const audio = prefer
    .map((ours) => offered.formats.find((format) => sameCodec(format, ours)))
    .filter((format) => format !== undefined);
  return besides(audio, offered).map((format) => ({ receive: format.payload, send: format.payload, format }));
}

/** What the answer to our offer leaves: we send with the answer's numbers and receive with our own. */
export function agreeToAnswer(answered: MediaLine, ours: readonly Format[]): Agreed[] {
  const agreed: Agreed[] = [];
  for (const format of answered.formats) {
    const own = ours.find((each) => sameCodec(each, format));
    if (own !== undefined) agreed.push({ receive: own.payload, send: format.payload, format });
  }
  const audio = agreed.filter(({ format }) => !isBeside(format));
  const others = agreed.filter(({ format }) => isBeside(format));
  return audio.length === 0 ? [] : [...audio, ...others];
}

/** Stands beside a codec and is none itself. */
function isBeside({ codec }: Format): boolean {
  return codec === EVENTS || codec === comfortNoise.codec;
}

function besides(audio: Format[], offered: MediaLine): Format[] {
  if (audio.length === 0) return [];
  const clocks = new Set(audio.map(({ clockRate }) => clockRate));
  const events = Array.from(clocks, (clock) =>
    offered.formats.find((each) => each.codec === EVENTS && each.clockRate === clock),
  );
  const noise = clocks.has(comfortNoise.clockRate)
    ? offered.formats.find((each) => sameCodec(each, comfortNoise))
    : undefined;
  return [...audio, ...[noise, ...events].filter((each) => each !== undefined)];
}

/** The direction to answer with, when we want `wanted`. RFC 3264 §6.1. */
export function answerDirection(offered: Direction, wanted: Direction = 'sendrecv'): Direction {
  const send = (offered === 'sendrecv' || offered === 'recvonly') && (wanted === 'sendrecv' || wanted === 'sendonly');
  const receive =
    (offered === 'sendrecv' || offered === 'sendonly') && (wanted === 'sendrecv' || wanted === 'recvonly');
  return send ? (receive ? 'sendrecv' : 'sendonly') : receive ? 'recvonly' : 'inactive';
}

/** The other end's view of a direction. */
export function mirrored(direction: Direction): Direction {
  return direction === 'sendonly' ? 'recvonly' : direction === 'recvonly' ? 'sendonly' : direction;
}
