/** Power spectrum of the newest 32 ms of 8 kHz sound: a 256 point transform under a Hann window. Nothing is allocated after
 * the first frame; the tables are shared by all calls of a thread. */
export const FRAME = 160;
export const POINTS = 256;
/** Hz between two bins. */
export const BIN_HZ = 8000 / POINTS;
const HALF = POINTS / 2;

const hann = Float64Array.from({ length: POINTS }, (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / POINTS));
const cosines = Float64Array.from({ length: POINTS }, (_, i) => Math.cos((2 * Math.PI * i) / POINTS));
const sines = Float64Array.from({ length: POINTS }, (_, i) => Math.sin((2 * Math.PI * i) / POINTS));
const reversed = Uint8Array.from({ length: HALF }, (_, i) => {
  let turned = 0;
  for (let bit = 0; bit < 7; bit++) turned |= ((i >> bit) & 1) << (6 - bit);
  return turned;
});
// One call at a time is measured on a thread: the scratch of the transform is nobody's state.
const re = new Float64Array(HALF);
const im = new Float64Array(HALF);

/** Butterflies of a 128 point complex transform, in place. */
function transform(): void {
  for (let size = 2; size <= HALF; size *= 2) {
    const half = size / 2;
    const stride = POINTS / size;
    for (let start = 0; start < HALF; start += size) {
      for (let i = start, t = 0; i < start + half; i++, t += stride) {
        const c = cosines[t]!;
        const s = sines[t]!;
        const j = i + half;
        const r = re[j]! * c + im[j]! * s;
        const m = im[j]! * c - re[j]! * s;
        re[j] = re[i]! - r;
        im[j] = im[i]! - m;
        re[i] = re[i]! + r;
        im[i] = im[i]! + m;
      }
    }
  }
}

export class Spectrum {
  /** Power of bin k, at k * BIN_HZ. */
  readonly power = new Float64Array(HALF);
  readonly #last = new Float64Array(POINTS);

  /** Takes one frame of 160 samples. */
  push(frame: Int16Array): void {
    const last = this.#last;
    last.copyWithin(0, FRAME);
    for (let i = 0; i < FRAME; i++) last[POINTS - FRAME + i] = frame[i]! / 32768;
    for (let i = 0; i < HALF; i++) {
      const at = reversed[i]!;
      re[at] = last[2 * i]! * hann[2 * i]!;
      im[at] = last[2 * i + 1]! * hann[2 * i + 1]!;
    }
    transform();
    this.#unfold();
  }

  /** The even and odd samples were transformed as one complex signal: takes them apart again. */
  #unfold(): void {
    const { power } = this;
    power[0] = (re[0]! + im[0]!) ** 2;
    for (let k = 1; k < HALF; k++) {
      const n = HALF - k;
      const evenRe = (re[k]! + re[n]!) / 2;
      const evenIm = (im[k]! - im[n]!) / 2;
      const oddRe = (im[k]! + im[n]!) / 2;
      const oddIm = (re[n]! - re[k]!) / 2;
      const c = cosines[k]!;
      const s = sines[k]!;
      const r = evenRe + oddRe * c + oddIm * s;
      const m = evenIm + oddIm * c - oddRe * s;
      power[k] = r * r + m * m;
    }
  }
}
