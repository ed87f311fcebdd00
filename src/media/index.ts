export {
  decodeG711,
  encodeG711,
  type G711,
  alawToLinear,
  alawToUlaw,
  linearToAlaw,
  linearToUlaw,
  ulawToAlaw,
  ulawToLinear,
} from './codec/g711.ts';
export { digitFrequencies, DIGITS, digitSamples, eventOf } from './dtmf/digits.ts';
export { DigitReceiver } from './dtmf/receiver.ts';
export { createEmbeddedEngine } from './embedded/create.ts';
export type { EmbeddedEngine } from './embedded/engine.ts';
export type { EmbeddedOptions } from './embedded/options.ts';
export { resample, toMono } from './files/resample.ts';
export { readWav, SoundFault, type Wav, writeWav } from './files/wav.ts';
export { type MosInputs, mosOf, mosOfRating, rating } from './quality/emodel.ts';
export { readRtp, RTP_HEADER_BYTES, type RtpHeader, writeRtp } from './rtp/header.ts';
export { createRtpengineEngine } from './rtpengine/create.ts';
export type { RtpengineEngine } from './rtpengine/engine.ts';
export { ntpMiddle, readReport, type RtcpReport, writeReport } from './rtp/rtcp.ts';
export { Reception } from './rtp/reception.ts';
export { FORGED, OPENED, REPLAYED } from './srtp/receiver.ts';
export { Srtp } from './srtp/srtp.ts';
export { Checks } from './webrtc/checks.ts';
export { IceLite } from './webrtc/ice-lite.ts';
export { busyTone, ringbackTone, toneCountries } from './tone/countries.ts';
export { RATE, toneCycle, toneSamples, type ToneSpec } from './tone/generate.ts';
export { goertzel, levelDb } from './tone/goertzel.ts';
