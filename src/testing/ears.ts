/** What a phone heard: received audio by time of arrival, who sent it, and the digits. */
import { levelOf, loudness } from './audio.ts';
import { Journal } from './journal.ts';

export type HeardPacket = {
  /** performance.now() of the arrival. */
  readonly at: number;
  readonly source: string;
  readonly payload: number;
  readonly sequence: number;
  readonly ssrc: number;
  readonly marker: boolean;
  readonly samples: Int16Array;
};

export class Ears {
  readonly packets = new Journal<HeardPacket>();
  /** Digits pressed at the far end (RFC 4733), in order, once each. */
  readonly digits = new Journal<{ readonly at: number; readonly digit: string; readonly duration: number }>();
  /** Comfort noise (RFC 3389), with its level in dB below overload. */
  readonly noise = new Journal<{ readonly at: number; readonly level: number }>();
  /** RTCP packets by type: 200 SR, 201 RR, 202 SDES, 203 BYE. */
  readonly rtcp = new Map<number, number>();

  /** When the first audio louder than -50 dB came; undefined before. performance.now(). */
  get firstAudioAt(): number | undefined {
    return this.packets.entries.find((packet) => loudness(packet.samples) > -50)?.at;
  }

  /** Packets counted by sender, `address:port`. */
  get bySource(): Map<string, number> {
    return count(this.packets.entries.map((packet) => packet.source));
  }

  get byPayload(): Map<number, number> {
    return count(this.packets.entries.map((packet) => packet.payload));
  }

  /** All audio that arrived between the two times, as one run. */
  samples(since = 0, until = Infinity): Int16Array {
    const { entries } = this.packets;
    // What is asked for is most often the end of a long call.
    let first = entries.length;
    while (first > 0 && (entries[first - 1]?.at ?? 0) >= since) first--;
    const parts = entries
      .slice(first)
      .filter((packet) => packet.at <= until)
      .map((packet) => packet.samples);
    const all = new Int16Array(parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of parts) {
      all.set(part, at);
      at += part.length;
    }
    return all;
  }

  /** Level of a frequency in what came lately (or since a time), dB below full scale. */
  heard(hz: number, options: { lastMs?: number; since?: number; until?: number } = {}): number {
    const since = options.since ?? performance.now() - (options.lastMs ?? 300);
    return levelOf(this.samples(since, options.until), hz);
  }

  /** Level of everything that came lately (or since a time); -Infinity for nothing or digital silence. */
  level(options: { lastMs?: number; since?: number; until?: number } = {}): number {
    const since = options.since ?? performance.now() - (options.lastMs ?? 300);
    return loudness(this.samples(since, options.until));
  }

  /** Resolves when the frequency is the main part of 100 ms of audio that came after `since` (default: now). */
  async hears(hz: number, options: { within?: number; since?: number; story?: () => string } = {}): Promise<number> {
    const since = options.since ?? performance.now();
    const packet = await this.packets.until(
      (each) => each.at >= since && this.#isTone(hz, Math.max(each.at - 100, since), each.at),
      {
        what: `a tone of ${hz} Hz`,
        ...(options.within === undefined ? {} : { within: options.within }),
        story: () => `heard so far: ${this.summary()}\n${options.story?.() ?? ''}`,
      },
    );
    return packet.at;
  }

  /** Gaps longer than `ms` between packets of audio, since a time. */
  gaps(ms: number, since = 0): { readonly at: number; readonly ms: number }[] {
    const packets = this.packets.entries.filter((packet) => packet.at >= since);
    return packets.slice(1).flatMap((packet, n) => {
      const gap = packet.at - (packets[n]?.at ?? packet.at);
      return gap > ms ? [{ at: packet.at, ms: gap }] : [];
    });
  }

  summary(): string {
    const sources = Array.from(this.bySource, ([source, packets]) => `${packets} from ${source}`).join(', ');
    const tones = [300, 350, 400, 425, 440, 480, 500, 620, 700, 800, 900, 1000, 1200, 1500]
      .map((hz) => ({ hz, level: this.heard(hz, { lastMs: 500 }) }))
      .filter((each) => each.level > -40)
      .map((each) => `${each.hz} Hz ${each.level.toFixed(0)} dB`);
    return `${sources === '' ? 'no RTP' : sources}; lately ${tones.length === 0 ? 'silence' : tones.join(', ')}`;
  }

  close(why: string): void {
    this.packets.close(why);
    this.digits.close(why);
  }

  #isTone(hz: number, since: number, until: number): boolean {
    const samples = this.samples(since, until);
    if (samples.length < 400) return false;
    const level = levelOf(samples, hz);
    return level > -40 && level > loudness(samples) - 6;
  }
}

function count<T>(values: readonly T[]): Map<T, number> {
  const counts = new Map<T, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}
