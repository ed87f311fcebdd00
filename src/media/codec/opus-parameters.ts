/** The far end's wishes for Opus, RFC 7587 §6.1: they say what it wants to receive, so they set our encoder. */
export type OpusParameters = {
  readonly inbandFec: boolean;
  readonly dtx: boolean;
  /** Read, not followed: we send one channel, which every receiver must take (RFC 7587 §7). */
  readonly stereo: boolean;
  /** Bits a second, 6000 to 510000. */
  readonly maxAverageBitrate: number;
  /** Hz, 8000 to 48000. */
  readonly maxPlaybackRate: number;
};

/** A number in its range; what is no number, or absent, is the default, which is always the most. */
function bounded(text: string | undefined, least: number, most: number): number {
  if (text === undefined || !/^\d{1,9}$/.test(text)) return most;
  return Math.max(least, Math.min(most, Number(text)));
}

export function opusParameters(fmtp = ''): OpusParameters {
  const values = new Map<string, string>();
  for (const part of fmtp.split(';')) {
    const [name = '', value = ''] = part.split('=', 2);
    values.set(name.trim().toLowerCase(), value.trim());
  }
  return {
    inbandFec: values.get('useinbandfec') === '1',
    dtx: values.get('usedtx') === '1',
    stereo: values.get('stereo') === '1',
    maxAverageBitrate: bounded(values.get('maxaveragebitrate'), 6000, 510_000),
    maxPlaybackRate: bounded(values.get('maxplaybackrate'), 8000, 48_000),
  };
}
