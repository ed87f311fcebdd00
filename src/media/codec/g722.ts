/** G.722 at 64 kbit/s (mode 1), ITU-T G.722: two sub-bands of 8 kHz, six bits below and two above, backward adaptive.
 *
 *  byte:  | high band 2 | low band 6 |   one for two samples of 16 kHz
 *
 *  16 kHz ► QMF ► low  ► quantize 6 ► byte ► inverse 6 ► low  ► QMF ► 16 kHz
 *               ► high ► quantize 2 ►      ► inverse 2 ► high ►
 *  Both ends adapt from the four upper bits of the low band and the two of the high one, so they stay in step. */

// Half of the symmetric quadrature mirror filter.
const mirror = Int16Array.of(3, -11, 12, 32, -210, 951, 3876, -805, 362, -156, 53, -11);
// Decision levels of the low band (Q6).
// prettier-ignore
const levels6 = Int16Array.of(
  0, 35, 72, 110, 150, 190, 233, 276, 323, 370, 422, 473, 530, 587, 650,
  714, 786, 858, 940, 1023, 1121, 1219, 1339, 1458, 1612, 1765, 1980, 2195, 2557, 2919,
);
// Output levels of the low band by magnitude, largest first; the codes are laid out around them (QQ6).
// prettier-ignore
const outputs6 = [
  24808, 21904, 19008, 16704, 14984, 13512, 12280, 11192, 10232, 9360, 8576, 7856, 7192, 6576,
  6000, 5456, 4944, 4464, 4008, 3576, 3168, 2776, 2400, 2032, 1688, 1360, 1040, 728,
];
const mirrored6 = [...outputs6.map((level) => -level), ...outputs6];
const inverse6 = Int16Array.of(-136, -136, -136, -136, ...mirrored6, 432, 136, -432, -136);
const outputs4 = [20456, 12896, 8968, 6288, 4240, 2584, 1200];
const inverse4 = Int16Array.of(0, ...outputs4.map((level) => -level), ...outputs4, 0);
const inverse2 = Int16Array.of(-7408, -1616, 7408, 1616);
// Steps of the logarithmic scale factor, for each code.
// prettier-ignore
const stepLow = Int16Array.of(
  -60, 3042, 1198, 538, 334, 172, 58, -30,
  3042, 1198, 538, 334, 172, 58, -30, -60,
);
const stepHigh = Int16Array.of(798, -214, 798, -214);
// 2048 × 2^(i/32).
// prettier-ignore
const antilog = Int16Array.of(
  2048, 2093, 2139, 2186, 2233, 2282, 2332, 2383, 2435, 2489, 2543, 2599, 2656, 2714, 2774, 2834,
  2896, 2960, 3025, 3091, 3158, 3228, 3298, 3371, 3444, 3520, 3597, 3676, 3756, 3838, 3922, 4008,
);

// Where a band keeps its numbers: scale, log of scale, prediction, its zero part, two poles, then r, p, zeros and differences.
const SCALE = 0;
const LOG = 1;
const GUESS = 2;
const ZERO_PART = 3;
const POLE1 = 4;
const POLE2 = 5;
const R1 = 6;
const P1 = 7;
const P2 = 8;
const ZEROS = 9;
const PAST = 15;
const BAND_SIZE = 21;

function saturate(value: number): number {
  return value > 32767 ? 32767 : value < -32768 ? -32768 : value;
}

function band(scale: number): Int32Array {
  const state = new Int32Array(BAND_SIZE);
  state[SCALE] = scale;
  return state;
}

/** LOGSCL and SCALEL, LOGSCH and SCALEH: the next scale factor. */
function rescale(b: Int32Array, step: number, most: number, shift: number): void {
  const log = Math.max(0, Math.min(most, ((b[LOG]! * 127) >> 7) + step));
  b[LOG] = log;
  const right = shift - (log >> 11);
  const value = antilog[(log >> 6) & 31]!;
  b[SCALE] = (right < 0 ? value << -right : value >> right) << 2;
}

/** UPPOL2 and UPPOL1: the two poles follow the signs of the partly rebuilt signal. */
function movePoles(b: Int32Array, p: number): void {
  const same1 = p < 0 === b[P1]! < 0;
  const same2 = p < 0 === b[P2]! < 0;
  const four = saturate(b[POLE1]! << 2);
  const pull = same1 ? Math.min(32767, -four) : four;
  const second = (same2 ? 128 : -128) + (pull >> 7) + ((b[POLE2]! * 32512) >> 15);
  const pole2 = Math.max(-12288, Math.min(12288, second));
  const bound = saturate(15360 - pole2);
  const first = saturate((same1 ? 192 : -192) + ((b[POLE1]! * 32640) >> 15));
  b[POLE2] = pole2;
  b[POLE1] = Math.max(-bound, Math.min(bound, first));
}

/** UPZERO, DELAYA, FILTEZ: six zeros move, the differences shift, and the zero part of the next prediction is returned. */
function moveZeros(b: Int32Array, difference: number): number {
  const gain = difference === 0 ? 0 : 128;
  let sum = 0;
  for (let i = 5; i >= 0; i--) {
    const past = b[PAST + i]!;
    const zero = saturate((past < 0 === difference < 0 ? gain : -gain) + ((b[ZEROS + i]! * 32640) >> 15));
    const shifted = i === 0 ? difference : b[PAST + i - 1]!;
    b[ZEROS + i] = zero;
    b[PAST + i] = shifted;
    sum += (zero * saturate(shifted * 2)) >> 15;
  }
  return saturate(sum);
}

/** Block 4L and 4H: takes the quantized difference in and predicts the next sample. */
function predict(b: Int32Array, difference: number): void {
  const rebuilt = saturate(b[GUESS]! + difference);
  const part = saturate(b[ZERO_PART]! + difference);
  movePoles(b, part);
  const zeroPart = moveZeros(b, difference);
  const polePart = ((b[POLE1]! * saturate(rebuilt * 2)) >> 15) + ((b[POLE2]! * saturate(b[R1]! * 2)) >> 15);
  b[P2] = b[P1]!;
  b[P1] = part;
  b[R1] = rebuilt;
  b[ZERO_PART] = zeroPart;
  b[GUESS] = saturate(saturate(polePart) + zeroPart);
}

function adaptLow(b: Int32Array, code: number): void {
  const coarse = code >> 2;
  const difference = (b[SCALE]! * inverse4[coarse]!) >> 15;
  rescale(b, stepLow[coarse]!, 18432, 8);
  predict(b, difference);
}

function adaptHigh(b: Int32Array, code: number): void {
  const difference = (b[SCALE]! * inverse2[code]!) >> 15;
  rescale(b, stepHigh[code]!, 22528, 10);
  predict(b, difference);
}

/** QUANTL: levels rise, so the first that is above ends the search. */
function quantizeLow(b: Int32Array, sample: number): number {
  const error = saturate(sample - b[GUESS]!);
  const magnitude = error < 0 ? ~error : error;
  let at = 1;
  while (at < 30 && magnitude >= (levels6[at]! * b[SCALE]!) >> 12) at++;
  if (error >= 0) return 62 - at;
  return at < 3 ? 64 - at : 34 - at;
}

function quantizeHigh(b: Int32Array, sample: number): number {
  const error = saturate(sample - b[GUESS]!);
  const magnitude = error < 0 ? ~error : error;
  const inner = magnitude < (564 * b[SCALE]!) >> 12 ? 1 : 0;
  return (error < 0 ? 0 : 2) + inner;
}

export class G722Encoder {
  readonly #low = band(32);
  readonly #high = band(8);
  readonly #line = new Int32Array(24);

  /** Two samples give a byte; an odd last one is dropped. */
  encode(samples: Int16Array, into: Uint8Array, at: number): number {
    const bytes = Math.min(samples.length >> 1, into.length - at);
    const line = this.#line;
    for (let i = 0; i < bytes; i++) {
      line.copyWithin(0, 2);
      line[22] = samples[2 * i]!;
      line[23] = samples[2 * i + 1]!;
      let odd = 0;
      let even = 0;
      for (let k = 0; k < 12; k++) {
        odd += line[2 * k]! * mirror[k]!;
        even += line[2 * k + 1]! * mirror[11 - k]!;
      }
      const low = quantizeLow(this.#low, (even + odd) >> 14);
      const high = quantizeHigh(this.#high, (even - odd) >> 14);
      adaptLow(this.#low, low);
      adaptHigh(this.#high, high);
      into[at + i] = (high << 6) | low;
    }
    return Math.max(0, bytes);
  }
}

function limit15(value: number): number {
  return value > 16383 ? 16383 : value < -16384 ? -16384 : value;
}

export class G722Decoder {
  readonly #low = band(32);
  readonly #high = band(8);
  readonly #line = new Int32Array(24);

  /** Writes two samples a byte; returns how many. */
  decode(bytes: Uint8Array, at: number, length: number, into: Int16Array): number {
    const count = Math.max(0, Math.min(length, bytes.length - at, into.length >> 1));
    for (let i = 0; i < count; i++) this.#byte(bytes[at + i]!, into, 2 * i);
    return count * 2;
  }

  #byte(byte: number, into: Int16Array, at: number): void {
    const low = this.#low;
    const high = this.#high;
    const line = this.#line;
    const below = limit15(low[GUESS]! + ((low[SCALE]! * inverse6[byte & 63]!) >> 15));
    const above = limit15(high[GUESS]! + ((high[SCALE]! * inverse2[byte >> 6]!) >> 15));
    adaptLow(low, byte & 63);
    adaptHigh(high, byte >> 6);
    line.copyWithin(0, 2);
    line[22] = below + above;
    line[23] = below - above;
    let first = 0;
    let second = 0;
    for (let k = 0; k < 12; k++) {
      second += line[2 * k]! * mirror[k]!;
      first += line[2 * k + 1]! * mirror[11 - k]!;
    }
    into[at] = saturate(first >> 11);
    into[at + 1] = saturate(second >> 11);
  }
}
