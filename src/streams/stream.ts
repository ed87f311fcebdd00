/** One listener: what it is sent, what it may send back, and how it ends. Lives in the streams thread. */
import { type Clock, messageOf, PcmRingReader } from '../base/index.ts';
import type { StreamEnd, StreamFigures, StreamFlow, StreamOptions, TapRate } from '../ports/index.ts';
import { Budget } from './budget.ts';
import { Clip, samplesOf, wavClip } from './clip.ts';
import { type AppCommand, readCommand } from './commands.ts';
import { BEAT_MS, limits } from './limits.ts';
import { Link } from './link.ts';
import { Playout } from './playout.ts';
import type { Report } from './protocol.ts';

export class Stream {
  readonly #name: string;
  readonly #options: StreamOptions;
  readonly #report: (report: Report) => void;
  readonly #ring: PcmRingReader;
  readonly #frame: Int16Array;
  readonly #bytes: Buffer;
  readonly #link: Link;
  readonly #playout: Playout;
  readonly #budget = new Budget();
  readonly #said = new Set<string>();
  #flow: StreamFlow = 'sound';
  #held = false;
  #over = false;
  #frames = 0;
  #commands = 0;
  #refused = 0;
  #reportedAt = -Infinity;
  #reportedMs = 0;
  #quietMs = 0;
  /** The odd byte of a binary frame. */
  #rest: Buffer = Buffer.alloc(0);

  constructor(name: string, options: StreamOptions, parts: { clock: Clock; report: (report: Report) => void }) {
    this.#name = name;
    this.#options = options;
    this.#report = parts.report;
    this.#ring = new PcmRingReader(options.tap);
    this.#frame = new Int16Array((this.#ring.rate * this.#ring.channels * BEAT_MS) / 1000);
    this.#bytes = Buffer.from(this.#frame.buffer);
    this.#playout = new Playout({
      tell: (message) => this.text(JSON.stringify(message)),
      want: (rate) => this.#report({ say: 'feedWanted', stream: name, rate }),
    });
    this.#link = new Link({
      clock: parts.clock,
      stream: name,
      place: options.place,
      opened: (connection) => this.#opened(connection),
      interrupted: (why, retryMs) => this.#report({ say: 'interrupted', stream: name, why, retryMs }),
      message: (data, binary) => this.#guarded(() => this.#message(data, binary)),
      over: ({ end, why }) => this.end(end, why),
    });
  }

  get over(): boolean {
    return this.#over;
  }

  set flow(flow: StreamFlow) {
    this.#flow = flow;
  }

  feed(rate: TapRate, memory: SharedArrayBuffer | undefined): void {
    this.#playout.feed(rate, memory);
  }

  text(text: string): void {
    if (this.#link.up && !this.#full) this.#link.send(text);
  }

  /** One turn: `beats` is how many have passed since the last. */
  beat(now: number, beats: number): void {
    this.#guarded(() => this.#turn(now, beats));
  }

  /** Nothing that happens to one stream may end the thread, and with it all others. */
  #guarded(act: () => void): void {
    if (this.#over) return;
    try {
      act();
    } catch (fault) {
      this.end('lost', messageOf(fault));
    }
  }

  #turn(now: number, beats: number): void {
    this.#budget.fill(beats);
    if (this.#held && !this.#budget.spent) this.#hold(false);
    this.#send();
    if (this.#over) return;
    this.#playout.beat(now);
    this.#watchLoss(now);
    if (
      this.#ring.closed &&
      (!this.#link.up || this.#full || this.#ring.available * this.#ring.channels < this.#frame.length)
    )
      this.end('source-ended', 'the call is over');
  }

  /** Ends it with what waits sent. */
  finish(): void {
    this.#send();
    this.end('stopped', 'the listen is over');
  }

  end(end: StreamEnd, why: string): void {
    if (this.#over) return;
    this.#over = true;
    this.#link.close(end === 'abusive' ? 1008 : 1000, why.slice(0, 100));
    this.#report({ say: 'ended', stream: this.#name, end, why, figures: this.#figures() });
  }

  /** The network does not take more. */
  get #full(): boolean {
    return this.#link.waiting > (this.#bytes.length * limits.bufferedMs) / BEAT_MS;
  }

  #opened(connection: number): void {
    this.#held = false;
    this.#rest = Buffer.alloc(0);
    this.#link.send(this.#options.hello);
    this.#report({ say: 'connected', stream: this.#name, connection });
  }

  /** Sends whole frames that wait. Those of a listener that is away or slow stay in the ring, which loses its oldest. */
  #send(): void {
    const frameLength = this.#frame.length / this.#ring.channels;
    if (this.#flow === 'pause') return this.#ring.skip();
    while (this.#link.up && !this.#full && this.#ring.available >= frameLength) {
      this.#ring.read(this.#frame);
      this.#hear();
      if (this.#over) return;
      if (this.#flow === 'silence') this.#frame.fill(0);
      // ws copies what it masks, so the frame can be used again at once.
      this.#link.send(this.#bytes);
      this.#frames++;
    }
  }

  /** Counts how long nobody has spoken. */
  #hear(): void {
    const { silenceMs } = this.#options;
    if (silenceMs === undefined) return;
    let sum = 0;
    for (const sample of this.#frame) sum += Math.abs(sample);
    this.#quietMs = sum / this.#frame.length > limits.spokenLevel ? 0 : this.#quietMs + BEAT_MS;
    if (this.#quietMs >= silenceMs) this.end('silence', `nobody spoke for ${silenceMs} ms`);
  }

  get #droppedMs(): number {
    return Math.round((this.#ring.dropped * 1000) / this.#ring.rate);
  }

  #watchLoss(now: number): void {
    if (this.#droppedMs === this.#reportedMs || now - this.#reportedAt < limits.reportMs) return;
    this.#reportedAt = now;
    this.#reportedMs = this.#droppedMs;
    this.#report({ say: 'dropping', stream: this.#name, droppedMs: this.#droppedMs });
  }

  #message(data: Buffer, binary: boolean): void {
    this.#commands++;
    if (this.#budget.spend(data.length) && !this.#held) this.#hold(true);
    if (binary) this.#binary(data);
    else this.#command(readCommand(data.toString('utf8')));
  }

  #hold(yes: boolean): void {
    this.#held = yes;
    this.#link.hold(yes);
    if (yes) this.#mention('more frames than can be taken: the connection is read more slowly');
  }

  #binary(data: Buffer): void {
    const { back } = this.#options;
    if (typeof back === 'string') return this.#refuse('binary frames, and bidirectionalAudio.streaming is not on');
    const whole = this.#rest.length === 0 ? data : Buffer.concat([this.#rest, data]);
    this.#rest = whole.length % 2 === 0 ? Buffer.alloc(0) : Buffer.from(whole.subarray(-1));
    const samples = samplesOf(whole);
    if (samples.length > 0 && !this.#playout.stream(samples, back.binaryRate))
      this.#mention('more sound than may wait', true);
  }

  #command(command: AppCommand | { type: 'bad'; why: string }): void {
    switch (command.type) {
      case 'bad':
        return this.#refuse(command.why);
      case 'disconnect':
        return this.end('disconnect', 'the listener sent disconnect');
      case 'killAudio':
        return this.#playout.kill();
      case 'clearMarks':
        return this.#playout.clearMarks();
      case 'mark':
        if (!this.#playout.mark(command.name)) this.#mention(`more than ${limits.marks} marks`, true);
        return;
      case 'playAudio':
        return this.#play(command);
    }
  }

  #play(command: Extract<AppCommand, { type: 'playAudio' }>): void {
    if (this.#options.back === 'nothing') return this.#refuse('playAudio, and bidirectional audio is off');
    const { audio, content, sampleRate, id, queue } = command;
    let clip: Clip;
    try {
      clip = content === 'wav' ? wavClip(audio, id) : new Clip(samplesOf(audio), sampleRate, id);
    } catch (fault) {
      return this.#refuse(`playAudio of a WAV that cannot be played: ${messageOf(fault)}`);
    }
    if (!this.#playout.play(clip, queue))
      this.#mention(`more than ${limits.clips} clips, or more sound than may wait`, true);
  }

  /** What cannot be used. Enough of it, and we hang up. */
  #refuse(why: string): void {
    this.#mention(why, true);
    if (this.#refused >= limits.refusals)
      this.end('abusive', `${this.#refused} frames that cannot be used; the last: ${why}`);
  }

  #mention(why: string, refused = false): void {
    if (refused) this.#refused++;
    if (this.#said.has(why) || this.#said.size >= 20) return;
    this.#said.add(why);
    this.#report({ say: 'refused', stream: this.#name, why });
  }

  #figures(): StreamFigures {
    return {
      frames: this.#frames,
      bytes: this.#frames * this.#bytes.length,
      droppedMs: this.#droppedMs,
      connections: this.#link.connections,
      commands: this.#commands,
      refused: this.#refused,
    };
  }
}
