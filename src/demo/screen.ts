/** The live ladder in a terminal: one lane a party, arrows for SIP, notes for hooks, audio and decisions. */
import pc from 'picocolors';

const laneWidth = 16;
const timeWidth = 9;

export type Tint = 'request' | 'progress' | 'success' | 'refusal' | 'hook' | 'audio' | 'result' | 'plain';

export class Screen {
  readonly #lanes: readonly string[];
  readonly #colors: ReturnType<typeof pc.createColors>;
  readonly #print: (line: string) => void;
  #start: number | undefined;

  constructor(lanes: readonly string[], options: { color: boolean; print: (line: string) => void }) {
    this.#lanes = lanes;
    this.#colors = pc.createColors(options.color);
    this.#print = options.print;
  }

  title(text: string): void {
    this.#print('');
    this.#print(`  ${this.#colors.bold(text)}`);
    this.#print('');
  }

  plain(text = ''): void {
    this.#print(text);
  }

  /** The heads of the lanes; times count from here. */
  head(at: number): void {
    this.#start = at;
    const names = this.#lanes.map((name) => center(name, laneWidth)).join('');
    this.#print(' '.repeat(timeWidth) + this.#colors.bold(names));
    this.#print(this.#colors.dim(' '.repeat(timeWidth) + this.#bars()));
  }

  arrow(at: number, from: string, to: string, label: { text: string; tint: Tint }): void {
    const [a, b] = [this.#lanes.indexOf(from), this.#lanes.indexOf(to)];
    if (a < 0 || b < 0 || a === b) return;
    const [left, right] = [Math.min(a, b), Math.max(a, b)];
    const room = (right - left) * laneWidth - 1;
    const text = ` ${label.text.slice(0, room - 4)} `;
    const line = (a < b ? '─' : '◀') + center(text, room - 2, '─') + (a < b ? '▶' : '─');
    const before = this.#bars().slice(0, center('│', laneWidth).indexOf('│') + left * laneWidth + 1);
    const after = this.#bars().slice(before.length + room);
    this.#print(this.#time(at) + this.#colors.dim(before) + this.#tinted(line, label.tint) + this.#colors.dim(after));
  }

  /** A note beside a lane. */
  note(at: number, lane: string, label: { text: string; tint: Tint }): void {
    const index = Math.max(0, this.#lanes.indexOf(lane));
    const before = this.#bars().slice(0, center('│', laneWidth).indexOf('│') + index * laneWidth + 1);
    this.#print(`${this.#time(at)}${this.#colors.dim(before)} ${this.#tinted(label.text, label.tint)}`);
  }

  check(ok: boolean, text: string, detail: string): void {
    const mark = ok ? this.#colors.green('✓') : this.#colors.red('✗');
    this.#print(`  ${mark} ${text.padEnd(46)} ${this.#colors.dim(detail)}`);
  }

  #time(at: number): string {
    const seconds = (at - (this.#start ?? at)) / 1000;
    return this.#colors.dim(`${seconds.toFixed(3).padStart(timeWidth - 1)} `);
  }

  #bars(): string {
    return center('│', laneWidth).repeat(this.#lanes.length);
  }

  #tinted(text: string, tint: Tint): string {
    const { cyan, yellow, green, red, magenta, blue, bold } = this.#colors;
    const tints: Readonly<Record<Tint, (text: string) => string>> = {
      request: cyan,
      progress: yellow,
      success: green,
      refusal: red,
      hook: magenta,
      audio: blue,
      result: bold,
      plain: String,
    };
    return tints[tint](text);
  }
}

function center(text: string, width: number, fill = ' '): string {
  const left = Math.floor((width - text.length) / 2);
  return fill.repeat(Math.max(0, left)) + text + fill.repeat(Math.max(0, width - text.length - left));
}
