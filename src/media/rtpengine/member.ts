/** One rtpengine: what it is told of calls, and whether it lives. */
import { isIP } from 'node:net';
import { type Clock, Emitter, GraineError, type Log, messageOf, type Random, type Timer } from '../../base/index.ts';
import { ANY, describe, hasKey, NOWHERE, type Place, placeIn } from './description.ts';
import type { Bencoded } from './bencode.ts';
import { DigitLink, type HeardDigit } from './digit-link.ts';
import * as fault from './faults.ts';
import { type NgAnswer, NgClient } from './ng-client.ts';
import { answeredBy, offeredTo, protocolOf, shownTo, type Side } from './side.ts';
import { liteTowards, ownWeb, type OwnWeb } from './web.ts';

export type MemberPlace = { readonly address: string; readonly port: number; readonly weight: number };

const PING_MS = 400;
/** Unanswered pings in a row (each was sent four times) until it counts as dead; a closed port counts at once. */
const MOST_MISSES = 1;
/** Local ports stay whatever the other side's address becomes; only who was learned first is listened to. */
const FLAGS = ['port latching', 'trust address', 'strict source', 'no rtcp attribute', 'SDES-static'];

export type MemberOptions = {
  readonly place: MemberPlace;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
};

/** To one of whom it is not known yet whether it speaks WebRTC: whose port, credentials and fingerprint stay. */
const OPENING: More = {
  'transport-protocol': 'UDP/TLS/RTP/SAVPF',
  ICE: 'force',
  'ICE-lite': 'forward',
  'rtcp-mux': ['offer'],
};
type More = { readonly [key: string]: Bencoded };
type Exchange = readonly [command: 'offer' | 'answer', callId: string, from: Side, to: Side];

export class Member {
  readonly weight: number;
  readonly events = new Emitter<{
    up: [];
    down: [];
    /** Its control connection was lost: it may have been started anew, and know nothing of its calls. */
    doubtful: [];
    digit: [heard: HeardDigit];
    /** It began, or ceased, to tell of keys. */
    digits: [told: boolean];
  }>();
  /** Calls anchored there. */
  calls = 0;
  readonly #client: NgClient;
  readonly #digits: DigitLink;
  readonly #log: Log;
  readonly #random: Random;
  readonly #pings: Timer;
  #health: 'unknown' | 'up' | 'down' | 'closed' = 'unknown';
  #misses = 0;
  #asking = 0;

  constructor({ place, clock, random, log }: MemberOptions) {
    const { address, port, weight } = place;
    this.weight = weight;
    this.#log = log;
    this.#random = random;
    this.#client = new NgClient({ address, port, clock, random, unreachable: () => this.#missed(MOST_MISSES) });
    this.#digits = new DigitLink({
      address,
      port,
      clock,
      heard: (digit) => this.events.emit('digit', digit),
      changed: (up) => this.#linked(up),
    });
    this.#pings = clock.every(PING_MS, `rtpengine ${this.#client.address} ping`, () => void this.ping());
  }

  get address(): string {
    return this.#client.address;
  }

  get up(): boolean {
    return this.#health === 'up';
  }

  /** Does it tell of keys? */
  get tellsDigits(): boolean {
    return this.#digits.up;
  }

  /** Asks once, unless the one before is still out. */
  async ping(): Promise<void> {
    if (this.#asking > 0) return;
    this.#asking++;
    try {
      await this.#client.ask({ command: 'ping' });
      this.#misses = 0;
      this.#turn('up');
    } catch {
      this.#missed(1);
    } finally {
      this.#asking--;
    }
  }

  /** Where `side` will be heard; the other one is `from`. The first half of joining the two. */
  async offer(callId: string, from: Side, side: Side): Promise<Place> {
    return placeIn(await this.#offer(callId, from, side)) ?? this.#unread('offer');
  }

  /** The same, before it is known what `side` speaks: and what rtpengine says of itself to one that speaks WebRTC. */
  async introduce(callId: string, from: Side, side: Side): Promise<{ place: Place; web: OwnWeb | undefined }> {
    const more = { ...OPENING, flags: [...FLAGS, 'SDES-off'] };
    const said = await this.#sdp(['offer', callId, from, side], describe(from, []), more);
    return { place: placeIn(said) ?? this.#unread('offer'), web: ownWeb(said) };
  }

  /** The same for a far end that is there already, and of which nothing may be changed: the fingerprint is that of all calls;
   * its credentials are known to whom it is asked for. */
  async introduction(): Promise<Partial<OwnWeb>> {
    const id = `${this.#random.token(16)}-introduction`;
    const nobody = { place: NOWHERE, payloads: ANY };
    try {
      return (await this.introduce(id, { ...nobody, tag: 'a' }, { ...nobody, tag: 'b' })).web ?? {};
    } finally {
      await this.forget(id);
    }
  }

  /** Shows it what to encrypt with for `side`. */
  async showKey(callId: string, from: Side, side: Side): Promise<void> {
    await this.#offer(callId, from, side, shownTo(side));
  }

  /** Joins the two: each hears the other and nobody else. Where a and b are heard. */
  async join(callId: string, a: Side, b: Side): Promise<{ a: Place; b: Place }> {
    const forB = await this.#offer(callId, a, b);
    const more = a.web?.ice === undefined ? {} : { ICE: 'force', 'rtcp-mux': ['accept'] };
    const forA = await this.#sdp(['answer', callId, b, a], describe(b, answeredBy(b)), more);
    return { a: placeIn(forA) ?? this.#unread('answer'), b: placeIn(forB) ?? this.#unread('offer') };
  }

  /** Joins the two, of whom `from` was offered to `side` before, with no more than it was: `side` answers. Where `from` is heard. */
  async answer(callId: string, from: Side, side: Side): Promise<Place> {
    const said = await this.#sdp(['answer', callId, side, from], describe(side, []), {});
    return placeIn(said) ?? this.#unread('answer');
  }

  async query(callId: string): Promise<NgAnswer> {
    return this.#client.ask({ command: 'query', 'call-id': callId });
  }

  /** False: it says that there is no such call. True as well when it says nothing. */
  async knows(callId: string): Promise<boolean> {
    try {
      await this.query(callId);
      return true;
    } catch (refused) {
      return !(refused instanceof GraineError && refused.code === fault.refused);
    }
  }

  async forget(callId: string): Promise<void> {
    await this.#client.ask({ command: 'delete', 'call-id': callId, 'delete delay': 0 }).catch((error: unknown) => {
      this.#log.debug({ rtpengine: this.address, callId, error: messageOf(error) }, 'a call could not be deleted');
    });
  }

  close(): void {
    this.#health = 'closed';
    this.#pings.cancel();
    this.#digits.close();
    this.#client.close();
    this.events.clear();
  }

  // oxlint-disable-next-line max-params -- private
  #offer(callId: string, from: Side, to: Side, lines = offeredTo(from, to)): Promise<string> {
    const { ice, dtls } = to.web ?? {};
    return this.#sdp(['offer', callId, from, to], describe(from, lines), {
      'transport-protocol': protocolOf(to),
      'ICE-lite': liteTowards(from.web ?? {}, to.web ?? {}),
      ...(ice === undefined ? { 'rtcp-mux': ['demux'] } : { ICE: 'force', 'rtcp-mux': ['require'] }),
      ...(dtls === undefined ? { DTLS: 'off' } : { flags: [...FLAGS, 'SDES-off'] }),
    });
  }

  /** From whom, to whom: the one who said `sdp`, and the one who would get what rtpengine makes of it. That is returned. */
  async #sdp([command, callId, from, to]: Exchange, sdp: string, more: More): Promise<string> {
    const [caller, callee] = command === 'offer' ? [from, to] : [to, from];
    const answer = await this.#client.ask({
      command,
      'call-id': callId,
      'from-tag': caller.tag,
      'to-tag': callee.tag,
      sdp,
      ICE: 'remove',
      flags: FLAGS,
      ...more,
    });
    const { seal } = to;
    const said = answer['sdp'];
    const takes = seal === undefined || hasKey(said, { tag: seal.tag, ...seal.send });
    if (!takes) throw new GraineError(fault.keyNotTaken, { address: this.address, command });
    return typeof said === 'string' ? said : this.#unread(command);
  }

  #unread(command: string): never {
    throw new GraineError(fault.badAnswer, { address: this.address, command });
  }

  #linked(up: boolean): void {
    if (!up) this.events.emit('doubtful');
    this.events.emit('digits', up);
  }

  #missed(count: number): void {
    this.#misses += count;
    if (this.#misses >= MOST_MISSES) this.#turn('down');
  }

  #turn(to: 'up' | 'down'): void {
    if (this.#health === to || this.#health === 'closed') return;
    this.#health = to;
    if (to === 'up') this.#log.info({ rtpengine: this.address, tellsDigits: this.tellsDigits }, 'rtpengine answers');
    else this.#log.warn({ rtpengine: this.address, calls: this.calls }, 'rtpengine does not answer');
    this.events.emit(to);
  }
}

/** Reads `udp://address:port`, with `?weight=1` to 100. */
export function memberPlace(text: string): MemberPlace {
  const [, v6, v4, port, weight = '1'] =
    /^udp:\/\/(?:\[([\da-f:]+)\]|([\d.]+)):(\d{1,5})(?:\?weight=(\d{1,3}))?$/i.exec(text) ?? [];
  const address = v6 ?? v4 ?? '';
  const place = { address, port: Number(port), weight: Number(weight) };
  const good = isIP(address) !== 0 && place.port > 0 && place.port < 65_536 && place.weight > 0 && place.weight <= 100;
  if (!good) throw new GraineError(fault.badPlace, { place: text });
  return place;
}
