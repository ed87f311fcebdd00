/** Which codecs we speak, and what two lists have in common. RFC 3264 §6.1, RFC 4733 §2.5. */
import type { Direction, Format } from './description.ts';
import { onceFor, onceForBoth } from './once.ts';

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
const none: readonly Format[] = [];
/** Noise in place of silence, RFC 3389 §4: agreed to where it is offered, never asked for by ourselves. On the clock of
 * 8000, so not beside Opus, which has its own. */
export const comfortNoise: Format = { payload: 13, codec: 'CN', clockRate: 8000, channels: 1 };

const spoken = onceFor((names: readonly string[]) => ourCodecs.filter(({ codec }) => names.includes(codec)));

/** Those of our codecs that an engine speaks. */
export function spokenCodecs(names: readonly string[] = g711): readonly Format[] {
  return spoken(names);
}

/** Those of `ours` with these names, in the order of the names. */
export function named(names: readonly string[], ours: readonly Format[]): readonly Format[] {
  if (names.length === 0) return none;
  const found = names.map((name) => ours.find(({ codec }) => codec === name.toUpperCase()));
  return [...new Set(found.filter((each) => each !== undefined))];
}

/** `ours`, those of `first` before the others. */
export const firstOf = onceForBoth((first: readonly Format[], ours: readonly Format[]): readonly Format[] => {
  const known: Format[] = [];
  for (const { codec, clockRate } of first) {
    const own = ours.find((each) => each.codec === codec && each.clockRate === clockRate);
    if (own !== undefined && !known.includes(own)) known.push(own);
  }
  return known.length === 0 ? ours : [...known, ...ours.filter((each) => !known.includes(each))];
});

function eventsBeside(audio: readonly Format[]): readonly Format[] {
  return telephoneEvents.filter(({ clockRate }) => audio.some((each) => each.clockRate === clockRate));
}

export const hasNoise = onceFor((formats: readonly Format[]) => formats.some((each) => sameCodec(each, comfortNoise)));
/** Numbers that mean nothing by themselves: RFC 3551 §6. */
const [FIRST_DYNAMIC, LAST_DYNAMIC] = [96, 127];
const isDynamic = ({ payload }: Format): boolean => payload >= FIRST_DYNAMIC && payload <= LAST_DYNAMIC;

/** The same formats, by the numbers that `known` has for them: in one session a number never means another (RFC 3264 §8.3.2),
 * and packets of two far ends that number alike pass as they are. */
function numberedAs(formats: readonly Format[], known: readonly Format[]): readonly Format[] {
  const taken = new Set<number>();
  const numbers = new Map<Format, number>();
  const take = (format: Format, payload: number | undefined): void => {
    if (payload === undefined || taken.has(payload) || numbers.has(format)) return;
    taken.add(payload);
    numbers.set(format, payload);
  };
  const dynamic = formats.filter(isDynamic);
  for (const format of dynamic) take(format, known.find((each) => isDynamic(each) && sameCodec(each, format))?.payload);
  for (const format of dynamic) take(format, format.payload);
  for (let free = FIRST_DYNAMIC; free <= LAST_DYNAMIC; free++) {
    const left = dynamic.find((each) => !numbers.has(each));
    if (left !== undefined) take(left, free);
  }
  return formats.map((each) => ({ ...each, payload: numbers.get(each) ?? each.payload }));
}

/** A list of this codec alone. */
export const alone: (codec: Format) => readonly Format[] = onceFor((codec: Format) => [codec]);

/** The formats of an offer: these codecs and the keys beside them, by the numbers that are known of the session and of the other
 * leg. Comfort noise where one of these has it. */
export const offeredBy = onceForBoth((audio: readonly Format[], known: readonly Format[]): readonly Format[] =>
  numberedAs([...audio, ...(hasNoise(known) ? [comfortNoise] : none), ...eventsBeside(audio)], known),
);

export function sameCodec(a: Format, b: Format): boolean {
  return a.codec === b.codec && a.clockRate === b.clockRate && a.channels === b.channels;
}

/** One payload as both sides number it. */
export type Agreed = { readonly receive: number; readonly send: number; readonly format: Format };

/** What an answerer may use of the formats offered: codecs that we speak, those we prefer first, then telephone-event.
 * Numbers are the offerer's, in both directions (RFC 3264 §6.1). Empty when no audio codec is shared. */
export const agreeToOffer = onceForBoth((offered: readonly Format[], prefer: readonly Format[]): readonly Agreed[] => {
  const audio = prefer
    .map((ours) => offered.find((format) => sameCodec(format, ours)))
    .filter((format) => format !== undefined);
  return besides(audio, offered).map((format) => ({ receive: format.payload, send: format.payload, format }));
});

/** The same without comfort noise. */
export const agreeWithoutNoise = onceForBoth(
  (offered: readonly Format[], prefer: readonly Format[]): readonly Agreed[] =>
    agreeToOffer(offered, prefer).filter(({ format }) => !sameCodec(format, comfortNoise)),
);

/** What the answer to our offer leaves: we send with the answer's numbers and receive with our own. */
export const agreeToAnswer = onceForBoth((answered: readonly Format[], ours: readonly Format[]): readonly Agreed[] => {
  const agreed: Agreed[] = [];
  for (const format of answered) {
    const own = ours.find((each) => sameCodec(each, format));
    if (own !== undefined) agreed.push({ receive: own.payload, send: format.payload, format });
  }
  const audio = agreed.filter(({ format }) => !isBeside(format));
  const others = agreed.filter(({ format }) => isBeside(format));
  return audio.length === 0 ? [] : [...audio, ...others];
});

/** Theirs of what was agreed. */
export const formatsOf = onceFor((agreed: readonly Agreed[]): readonly Format[] => agreed.map(({ format }) => format));

/** The same by our own numbers. */
export const ownNumbers = onceFor((agreed: readonly Agreed[]): readonly Format[] =>
  agreed.map(({ format, receive }) => ({ ...format, payload: receive })),
);

/** The codec we send and what stands beside it, as the far end numbers them. */
export const spokenOf = onceFor((agreed: readonly Agreed[]): readonly Format[] =>
  formatsOf(agreed).filter((format, n) => n === 0 || isBeside(format)),
);

/** Stands beside a codec and is none itself. */
function isBeside({ codec }: Format): boolean {
  return codec === EVENTS || codec === comfortNoise.codec;
}

function besides(audio: readonly Format[], offered: readonly Format[]): readonly Format[] {
  if (audio.length === 0) return none;
  const clocks = new Set(audio.map(({ clockRate }) => clockRate));
  const events = Array.from(clocks, (clock) =>
    offered.find((each) => each.codec === EVENTS && each.clockRate === clock),
  );
  const noise = clocks.has(comfortNoise.clockRate) ? offered.find((each) => sameCodec(each, comfortNoise)) : undefined;
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
