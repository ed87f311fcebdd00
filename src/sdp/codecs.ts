/** Which codecs we speak, and what two lists have in common. RFC 3264 §6.1, RFC 4733 §2.5. */
import type { Direction, Format, MediaLine } from './description.ts';

export const telephoneEvent: Format = {
  payload: 101,
  codec: 'TELEPHONE-EVENT',
  clockRate: 8000,
  channels: 1,
  fmtp: '0-15',
};

/** The audio codecs of the embedded engine, in our order of preference. */
export const ourCodecs: readonly Format[] = [
  { payload: 0, codec: 'PCMU', clockRate: 8000, channels: 1 },
  { payload: 8, codec: 'PCMA', clockRate: 8000, channels: 1 },
];

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
  return withEvents(audio, offered).map((format) => ({ receive: format.payload, send: format.payload, format }));
}

/** What the answer to our offer leaves: we send with the answer's numbers and receive with our own. */
export function agreeToAnswer(answered: MediaLine, ours: readonly Format[]): Agreed[] {
  const agreed: Agreed[] = [];
  for (const format of answered.formats) {
    const own = ours.find((each) => sameCodec(each, format));
    if (own !== undefined) agreed.push({ receive: own.payload, send: format.payload, format });
  }
  const audio = agreed.filter(({ format }) => format.codec !== 'TELEPHONE-EVENT');
  const events = agreed.filter(({ format }) => format.codec === 'TELEPHONE-EVENT');
  return audio.length === 0 ? [] : [...audio, ...events];
}

function withEvents(audio: Format[], offered: MediaLine): Format[] {
  if (audio.length === 0) return [];
  const clockRate = audio[0]?.clockRate;
  const events = offered.formats.find((each) => each.codec === 'TELEPHONE-EVENT' && each.clockRate === clockRate);
  return events === undefined ? audio : [...audio, events];
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
