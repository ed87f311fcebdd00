/** What a sound's URL says before anything is fetched: tones that are made, and files of this machine. */
import { realpath } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { printable } from '../base/index.ts';
import type { Sound } from '../ports/index.ts';

export type SoundRead =
  | { readonly ok: true; readonly sound: Sound }
  | { readonly ok: false; readonly fault: string; readonly status?: number };

/** A sound's URL for alerts and timelines: without credentials, and not endless. */
export function shownUrl(url: string): string {
  return printable(url.slice(0, 4096).replace(/\/\/[^/?#]*@/, '//***@'), 500);
}

/** `tone_stream://%(on,off,f1[,f2…])`, `silence_stream://ms`, `ringback://de`: sounds that need no file. */
export function madeSound(url: string): SoundRead | undefined {
  const lower = url.toLowerCase();
  if (lower.startsWith('silence_stream://')) return { ok: true, sound: { kind: 'silence' } };
  const ringback = /^ringback:\/\/([a-z]{2})$/.exec(lower);
  if (ringback?.[1] !== undefined) return { ok: true, sound: { kind: 'ringback', country: ringback[1] } };
  return lower.startsWith('tone_stream://') ? toneStream(lower) : undefined;
}

/** FreeSWITCH's notation: parts split by `;`, `v=` the level in dB, `%(…)` one beat of the cadence. */
function toneStream(lower: string): SoundRead {
  const cadence: { on: number; off: number }[] = [];
  let frequencies: number[] = [];
  let levelDb = -13;
  for (const part of lower.slice('tone_stream://'.length, 500).split(';')) {
    const volume = /^v=(-?\d{1,3})$/.exec(part);
    if (volume?.[1] !== undefined) levelDb = Math.max(-60, Math.min(0, Number(volume[1])));
    const tone = /^%\(([\d.,]{3,80})\)$/.exec(part);
    const [on = 0, off = 0, ...hz] = (tone?.[1] ?? '').split(',').map(Number);
    if (tone === null) continue;
    const valid = on > 0 && on <= 60_000 && off >= 0 && off <= 60_000 && hz.length > 0 && hz.length <= 4;
    if (!valid || hz.some((f) => !(f >= 50 && f <= 3900)))
      return { ok: false, fault: `the tone '${part}' is out of range` };
    cadence.push({ on, off });
    if (frequencies.length === 0) frequencies = hz;
  }
  if (cadence.length === 0) return { ok: false, fault: 'expected tone_stream://%(on ms,off ms,Hz[,Hz])' };
  return { ok: true, sound: { kind: 'tone', frequencies, levelDb, cadence } };
}

/** A `file:` URL, where the machine's owner has set a folder aside for sounds. The real path counts, so that neither
 * `..` nor a link leads out of it, and the answer to what lies outside does not tell whether it is there. */
export async function localSound(url: string, folder: string | undefined): Promise<SoundRead> {
  if (folder === undefined) return { ok: false, fault: 'file: URLs are played only where media.sounds_dir is set' };
  try {
    const root = await realpath(folder);
    const file = await realpath(fileURLToPath(url));
    if (file.startsWith(root + path.sep)) return { ok: true, sound: { kind: 'file', path: file } };
  } catch {
    // No file of ours, or no proper URL.
  }
  return { ok: false, fault: 'there is no such file in media.sounds_dir' };
}
