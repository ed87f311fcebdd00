/** Where the audio of two connected legs goes: through us, or straight from one far end to the other (exitMediaPath, REST
 * media_path). Bridged first, released afterwards, and taken back whenever anything goes wrong on the way. RFC 3725.
 *
 *   full ──leave──▶ leaving ──left──▶ none ──return──▶ returning ──returned──▶ full
 *                      └──failed──▶ full                   └──failed──▶ none            decisions.md "Bridge and media path"
 */
import { ignore, Machine, type MachineOptions, type Table, type Timer } from '../base/index.ts';
import { type Format, type MediaLine, parseSdp, sameCodec } from '../sdp/index.ts';
import type { InDialogRequest } from '../sip/agent/index.ts';
import type { Leg } from './leg.ts';

export type MediaPathState = 'full' | 'leaving' | 'none' | 'returning' | 'closed';
export type MediaPathEvent = { type: 'leave' | 'left' | 'failed' | 'return' | 'returned' | 'close' };

const to = (state: MediaPathState) => () => ({ to: state });

/** A cell that says `ignore` is a request out of order, which is refused with the reason. */
// prettier-ignore
export const mediaPathTable: Table<MediaPathState, MediaPathEvent, never, undefined> = {
  full:      { leave: to('leaving'), left: ignore,     failed: ignore,     return: ignore,          returned: ignore,     close: to('closed') },
  leaving:   { leave: ignore,        left: to('none'), failed: to('full'), return: ignore,          returned: ignore,     close: to('closed') },
  none:      { leave: ignore,        left: ignore,     failed: ignore,     return: to('returning'), returned: ignore,     close: to('closed') },
  returning: { leave: ignore,        left: ignore,     failed: to('none'), return: ignore,          returned: to('full'), close: to('closed') },
  closed:    { leave: ignore,        left: ignore,     failed: ignore,     return: ignore,          returned: ignore,     close: ignore },
};

/** What the two far ends said of their audio, while it does not pass here. */
export type PathSnapshot = { readonly a: FarAudio; readonly b: FarAudio };

export type Moved = { readonly ok: true } | { readonly ok: false; readonly reason: string };

/** What one far end says of its audio: where, and in which formats by its own numbers. */
type FarAudio = Pick<MediaLine, 'address' | 'port' | 'direction' | 'formats'> & {
  readonly rtcpPort?: number;
  readonly ptime: number;
};

/** A far end may send a few more packets before it has read the answer, ms; then it must be silent for as long again. */
const SETTLE_MS = 600;
const MAX_STRAY_PACKETS = 2;

const refused = (reason: string): Moved => ({ ok: false, reason });

const full: MachineOptions<MediaPathState, MediaPathEvent, never, undefined> = {
  table: mediaPathTable,
  initial: 'full',
  context: undefined,
  perform: () => {},
};

export class MediaPath {
  readonly #a: Leg;
  readonly #b: Leg;
  readonly #machine: Machine<MediaPathState, MediaPathEvent, never, undefined>;
  /** What each far end said last, while we are out. */
  #said: Map<Leg, FarAudio> | undefined;
  #wake: () => void = () => {};
  #anchored: Promise<unknown> = Promise.resolve();
  /** The move under way. */
  #moving: Promise<Moved> | undefined;

  readonly #anchoredBy: () => string | undefined;

  /** `anchoredBy` names what needs the media here, if anything does. `left`: it has left already, in an earlier process. */
  constructor(a: Leg, b: Leg, anchoredBy: () => string | undefined, left?: PathSnapshot) {
    this.#a = a;
    this.#b = b;
    this.#anchoredBy = anchoredBy;
    this.#machine = new Machine(left === undefined ? full : { ...full, initial: 'none' });
    if (left === undefined) return;
    this.#said = new Map([
      [a, left.a],
      [b, left.b],
    ]);
    this.#listen((leg, request) => void this.#relay(leg, request));
  }

  #heard(leg: Leg, audio: FarAudio): void {
    this.#said ??= new Map();
    this.#said.set(leg, audio);
  }

  /** Undefined while the media passes here. */
  snapshot(): PathSnapshot | undefined {
    const [a, b] = [this.#said?.get(this.#a), this.#said?.get(this.#b)];
    return this.state === 'none' && a !== undefined && b !== undefined ? { a, b } : undefined;
  }

  get state(): MediaPathState {
    return this.#machine.state;
  }

  /** Takes us out of the media. Resolves when not one packet comes any more, or with the reason why all is as before. */
  leave(): Promise<Moved> {
    return this.#inTurn(() => this.#leave());
  }

  async #leave(): Promise<Moved> {
    const anchor = this.#anchoredBy();
    if (anchor !== undefined) return refused(`${anchor} needs the media here`);
    const offer = this.#common();
    if (typeof offer === 'string') return refused(offer);
    if (!this.#machine.handle({ type: 'leave' })) return refused(`the media path is ${this.state}`);
    const introduced = await this.#introduce(offer);
    if (introduced.ok && this.#machine.handle({ type: 'left' })) {
      this.#note('media.left', {});
      return introduced;
    }
    if (this.state === 'closed') return refused('the call ended meanwhile');
    await this.#anchor();
    this.#machine.handle({ type: 'failed' });
    return introduced.ok ? refused('the call ended meanwhile') : introduced;
  }

  /** Takes the media back. */
  return(): Promise<Moved> {
    return this.#inTurn(() => this.#return());
  }

  /** Who asks for the other way while the far ends are being told of one is not refused: it comes next. */
  #inTurn(move: () => Promise<Moved>): Promise<Moved> {
    const moving = this.#moving === undefined ? move() : this.#moving.then(move);
    const over = (): void => {
      if (this.#moving === moving) this.#moving = undefined;
    };
    this.#moving = moving;
    moving.then(over, over);
    return moving;
  }

  async #return(): Promise<Moved> {
    if (!this.#machine.handle({ type: 'return' })) return refused(`the media path is ${this.state}`);
    const anchored = await this.#anchor();
    this.#machine.handle({ type: anchored.ok ? 'returned' : 'failed' });
    if (anchored.ok) this.#note('media.returned', {});
    return anchored;
  }

  close(): void {
    const out = this.state !== 'full' && this.state !== 'closed';
    this.#machine.handle({ type: 'close' });
    this.#wake();
    this.#listen(undefined);
    // Who stays in its call talks to us again, whatever comes next for it.
    if (!out) return;
    const staying = [this.#a, this.#b].filter((leg) => leg.end === undefined);
    this.#anchored = Promise.all(staying.map(anchorOne));
  }

  /** Resolves when those who stayed after the end talk to us again, or will not. */
  get anchored(): Promise<unknown> {
    return this.#anchored;
  }

  /** What the callee can be offered as the caller's audio; the reason when the two cannot talk directly. */
  #common(): FarAudio | string {
    const [ours, theirs] = [this.#a.media?.negotiation, this.#b.media?.negotiation];
    const [a, b] = [ours?.agreement, theirs?.agreement];
    if (a === undefined || b === undefined || ours?.state !== 'stable' || theirs?.state !== 'stable')
      return 'the two ends are negotiating';
    if ([a, b].some(({ srtp, web }) => srtp !== undefined || web !== undefined))
      return 'the audio is encrypted, and its keys are between each end and this server';
    if (a.direction !== 'sendrecv' || b.direction !== 'sendrecv') return 'one of the two holds the call';
    const formats = farFormats(a.payloads).filter((each) => b.payloads.some(({ format }) => sameCodec(format, each)));
    if (!formats.some(({ codec }) => codec !== 'TELEPHONE-EVENT')) return 'the two ends share no codec';
    for (const leg of [this.#a, this.#b]) {
      const address = leg.media?.negotiation.agreement?.remote.address;
      if (leg.behindNat) return `${address} is behind NAT and cannot be reached by the other end`;
    }
    return { ...a.remote, formats, direction: 'sendrecv', ptime: a.ptime };
  }

  /** Shows each far end the other. The callee first: it rang last and is the one to say which formats are left. */
  async #introduce(offer: FarAudio): Promise<Moved> {
    const answer = await offerTo(this.#b, offer);
    if (typeof answer === 'string') return refused(`the callee refused: ${answer}`);
    if (this.state === 'closed') return refused('the call ended meanwhile');
    const confirmed = await offerTo(this.#a, answer);
    if (typeof confirmed === 'string') return refused(`the caller refused: ${confirmed}`);
    this.#heard(this.#b, answer);
    this.#heard(this.#a, confirmed);
    // A caller that moved its port with the re-INVITE: the callee must hear of it.
    if (confirmed.port !== offer.port || confirmed.address !== offer.address) {
      const again = await offerTo(this.#b, confirmed);
      if (typeof again === 'string') return refused(`the callee refused: ${again}`);
      this.#heard(this.#b, again);
    }
    await Promise.all([this.#a.media?.park(), this.#b.media?.park()]);
    this.#listen((leg, request) => void this.#relay(leg, request));
    return this.#quiet();
  }

  /** Not one packet may come to us once the two know each other. */
  async #quiet(): Promise<Moved> {
    await this.#pause();
    const before = await this.#received();
    await this.#pause();
    const after = await this.#received();
    const stray = [this.#a, this.#b].find((_, at) => (after[at] ?? 0) - (before[at] ?? 0) > MAX_STRAY_PACKETS);
    if (stray === undefined) return { ok: true };
    return refused(`the ${stray === this.#a ? 'caller' : 'callee'} still sends its audio to us`);
  }

  #received(): Promise<(number | undefined)[]> {
    return Promise.all([this.#a, this.#b].map(async (leg) => (await leg.media?.quality())?.packetsReceived));
  }

  #pause(): Promise<void> {
    const { clock } = this.#a.services;
    return new Promise((resolve) => {
      const timer: Timer = clock.after(SETTLE_MS, `call ${this.#a.callSid} media path`, () => this.#wake());
      this.#wake = () => {
        timer.cancel();
        resolve();
      };
    });
  }

  /** Both far ends talk to us again, and through us with each other. */
  async #anchor(): Promise<Moved> {
    this.#listen(undefined);
    const results = await Promise.all([anchorOne(this.#a), anchorOne(this.#b)]);
    const fault = results.find((each) => each !== undefined);
    if (fault === undefined) {
      const [a, b] = [this.#a.media, this.#b.media];
      if (a !== undefined && b !== undefined)
        await this.#a.services.media.bridge(a.endpoint, b.endpoint).catch(() => {});
      return { ok: true };
    }
    if (this.state === 'returning') this.#listen((leg, request) => void this.#relay(leg, request));
    return refused(fault);
  }

  /** A far end changes the session while we are out (hold, codecs, a refresh): that is for the other to answer. */
  async #relay(from: Leg, request: InDialogRequest): Promise<void> {
    const other = from === this.#a ? this.#b : this.#a;
    const known = this.#said?.get(other);
    const said = request.sdp === undefined ? undefined : audioIn(request.sdp);
    if (typeof said === 'string') return request.reply({ status: 488, reason: 'Not Acceptable Here' });
    if (said === undefined) {
      if (known === undefined || request.method !== 'INVITE') return request.reply({ status: 200 });
      // RFC 3261 §14.2: it asks for an offer, which is the other's audio as it stands; its answer goes to the other.
      from.dialog?.events.once('acknowledged', (answer) => {
        const late = answer === undefined ? undefined : audioIn(answer);
        if (typeof late === 'object') void this.#pass(other, late).then(() => this.#heard(from, late));
      });
      return request.reply({ status: 200, sdp: printed(from, known) });
    }
    const answer = await this.#pass(other, said);
    if (typeof answer === 'string') return request.reply({ status: 488, reason: 'Not Acceptable Here' });
    this.#heard(from, said);
    request.reply({ status: 200, sdp: printed(from, answer) });
  }

  async #pass(leg: Leg, audio: FarAudio): Promise<FarAudio | string> {
    const answer = await offerTo(leg, audio);
    if (typeof answer === 'object') this.#heard(leg, answer);
    return answer;
  }

  #listen(handler: ((leg: Leg, request: InDialogRequest) => void) | undefined): void {
    for (const leg of [this.#a, this.#b])
      leg.takesReinvite = handler === undefined ? undefined : (request) => handler(leg, request);
  }

  #note(what: string, detail: Readonly<Record<string, unknown>>): void {
    this.#a.renegotiated();
    this.#a.note(what, { ...detail, with: this.#b.callSid });
  }
}

/** Offers a far end another one's audio; its own as answered, or why not. */
async function offerTo(leg: Leg, audio: FarAudio): Promise<FarAudio | string> {
  if (leg.dialog === undefined) return 'there is no dialog';
  const response = await leg.dialog.reinvite({ sdp: printed(leg, audio) });
  if (response.status >= 300) return `${response.status} ${response.reason}`;
  return audioIn(response.body);
}

/** The far end talks to our own endpoint again; the fault when it will not. */
async function anchorOne(leg: Leg): Promise<string | undefined> {
  const { dialog, media } = leg;
  if (dialog === undefined || media === undefined || leg.end !== undefined) return 'the call ended';
  const { negotiation, codecs: prefer } = media;
  const offer = (): Buffer => negotiation.offer({ prefer });
  const glare = { withdraw: () => negotiation.rollback(), again: offer };
  const response = await dialog.reinvite({ sdp: offer(), glare });
  const read = response.status < 300 ? negotiation.answered(response.body) : undefined;
  if (read?.ok === true) {
    await media.configure(read.agreement, leg.remoteHost);
    return undefined;
  }
  negotiation.rollback();
  return read === undefined ? `${response.status} ${response.reason}` : read.fault;
}

function printed(leg: Leg, audio: FarAudio): Buffer {
  return leg.media?.negotiation.foreign(audio) ?? Buffer.alloc(0);
}

function audioIn(sdp: Buffer): FarAudio | string {
  const read = parseSdp(sdp);
  if (!read.ok) return read.fault;
  const line = read.sdp.media.find((each) => each.type === 'audio' && each.port !== 0);
  if (line === undefined) return 'no audio line in use';
  if (line.protocol !== 'RTP/AVP' && line.protocol !== 'RTP/AVPF') return `the audio line wants ${line.protocol}`;
  return { ...line, ptime: line.ptime ?? 20 };
}

/** The formats a far end receives, by its own numbers. */
function farFormats(payloads: readonly { readonly send: number; readonly format: Format }[]): Format[] {
  return payloads.map(({ send, format }) => ({ ...format, payload: send }));
}
