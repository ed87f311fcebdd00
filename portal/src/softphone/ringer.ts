/** What is heard while nobody talks yet: the bell of a call that comes in, the tone of one that rings over there. */

type Pattern = { readonly hz: readonly number[]; readonly on: number; readonly off: number; readonly gain: number };

const patterns = {
  bell: { hz: [880, 1109], on: 0.9, off: 1.6, gain: 0.12 },
  ringback: { hz: [425], on: 1, off: 4, gain: 0.08 },
} satisfies Record<string, Pattern>;

export type Tone = keyof typeof patterns;

export class Ringer {
  #context: AudioContext | undefined;
  #stop: (() => void) | undefined;
  #playing: Tone | undefined;

  /** Undefined: silence. Where the page was not touched yet the browser keeps it silent; the panel still shows the call. */
  play(tone: Tone | undefined): void {
    if (tone === this.#playing) return;
    this.#stop?.();
    this.#stop = undefined;
    this.#playing = tone;
    if (tone === undefined) return;
    const context = (this.#context ??= new AudioContext());
    void context.resume().catch(() => undefined);
    this.#stop = ring(context, patterns[tone]);
  }

  close(): void {
    this.play(undefined);
    void this.#context?.close().catch(() => undefined);
    this.#context = undefined;
  }
}

function ring(context: AudioContext, { hz, on, off, gain }: Pattern): () => void {
  const level = new GainNode(context, { gain: 0 });
  level.connect(context.destination);
  const tones = hz.map((frequency) => new OscillatorNode(context, { frequency }));
  for (const tone of tones) {
    tone.connect(level);
    tone.start();
  }
  const once = (): void => {
    const { currentTime: now } = context;
    level.gain.setTargetAtTime(gain, now, 0.01);
    level.gain.setTargetAtTime(0, now + on, 0.01);
  };
  once();
  const timer = setInterval(once, (on + off) * 1000);
  return () => {
    clearInterval(timer);
    for (const tone of tones) tone.stop();
    level.disconnect();
  };
}
