/** What a codec costs in the E-model, and on whose scale: the narrowband model (G.107), the wideband one (G.107.1) or the
 * fullband one (G.107.2). Each figure says where it was published; a codec without published figures has none. */

export type Scale = 'narrowband' | 'wideband' | 'fullband';

/** `ie`: equipment impairment without loss. `bpl`: robustness against random loss. `kbits`: the rate they were taken for. */
export type Impairment = {
  readonly scale: Scale;
  readonly ie: number;
  readonly bpl: number;
  readonly kbits?: number;
};

/** What is known of a received stream beside its codec. */
export type Stream = {
  /** Payload bits a second, in thousands. */
  readonly kbits: number;
  /** First byte of a payload. */
  readonly head: number;
};

/** G.711 with concealment, and G.729: G.113 appendix I. G.722 at 64 kbit/s: G.113 appendix IV; the figure for its
 * robustness is a planning value, lower than that of G.711 because its decoder takes time to find its state again. */
const fixed: Readonly<Record<string, Impairment>> = {
  PCMU: { scale: 'narrowband', ie: 0, bpl: 25.1 },
  PCMA: { scale: 'narrowband', ie: 0, bpl: 25.1 },
  G722: { scale: 'wideband', ie: 13, bpl: 13 },
  G729: { scale: 'narrowband', ie: 11, bpl: 19 },
};

/** Opus at variable rate, by kbit/s: Ie and Bpl for random loss as Alahmadi, Pocta and Melvin derived them with P.863 (ACM
 * TOMM 17(4), 2021, doi 10.1145/3458751), rounded to a tenth. */
type Row = readonly [kbits: number, ie: number, bpl: number];
const opus: Readonly<Record<Scale, readonly Row[]>> = {
  narrowband: [
    [6, 23, 24.6],
    [7, 21.3, 22.5],
    [8, 16, 20.3],
    [9, 11.7, 18.9],
  ],
  wideband: [
    [11, 28.4, 23.9],
    [12, 23.3, 22.2],
    [13, 20, 19.5],
  ],
  fullband: [
    [14, 38.1, 16.5],
    [16, 30.2, 11.8],
    [19, 23.8, 10.7],
    [22, 20.2, 10.5],
    [28, 18.5, 10.6],
    [34, 14.8, 10.1],
    [40, 10.7, 9.8],
  ],
};

/** undefined where nothing was published, or nothing is known of the stream yet. */
export function impairmentOf(codec: string, stream: Stream | undefined): Impairment | undefined {
  if (codec !== 'OPUS') return Object.hasOwn(fixed, codec) ? fixed[codec] : undefined;
  if (stream === undefined || !(stream.kbits > 0)) return undefined;
  const scale = opusScale(stream.head);
  const [ie, bpl] = between(opus[scale], stream.kbits);
  return { scale, ie, bpl, kbits: Math.round(stream.kbits * 10) / 10 };
}

/** RFC 6716 §3.1, table 2: the first five bits of a packet tell its band. Medium band counts as wide, super-wide as full. */
function opusScale(head: number): Scale {
  const config = head >> 3;
  if (config < 4 || (config >= 16 && config < 20)) return 'narrowband';
  return config < 12 || (config >= 20 && config < 24) ? 'wideband' : 'fullband';
}

/** Straight lines between the rows. Beyond them nothing is known: the nearest counts. */
function between(rows: readonly Row[], kbits: number): readonly [ie: number, bpl: number] {
  let low = rows[0]!;
  for (const high of rows) {
    if (high[0] >= kbits) {
      const share = high === low ? 0 : (kbits - low[0]) / (high[0] - low[0]);
      const at = Math.max(0, share);
      return [low[1] + (high[1] - low[1]) * at, low[2] + (high[2] - low[2]) * at];
    }
    low = high;
  }
  return [low[1], low[2]];
}

/** How long an Opus packet is, ms: RFC 6716 §3.1, table 2. `fallback` where its second byte would have to be read. */
export function opusPacketMs(head: number, fallback: number): number {
  const config = head >> 3;
  const frames = head & 3;
  if (frames === 3) return fallback;
  const ms =
    config < 12 ? [10, 20, 40, 60][config & 3]! : config < 16 ? [10, 20][config & 1]! : 2.5 * 2 ** (config & 3);
  return frames === 0 ? ms : 2 * ms;
}
