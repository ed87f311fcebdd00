/** Joins far ends with their workers, or with each other, in rtpengine, and anchors them anew when theirs is gone. */
import { isDeepStrictEqual } from 'node:util';
import { type Clock, GraineError, type Log, messageOf } from '../../base/index.ts';
import type { StreamSettings } from '../../ports/index.ts';
import { sameKey } from '../../sdp/index.ts';
import { portTaken } from '../embedded/faults.ts';
import {
  type Anchored,
  AnchoredSession,
  canPass,
  isReachable,
  isMute,
  isSealedThere,
  takesFirstOffer,
  usesIce,
  NO_FIGURES,
  type Pair,
  farSide,
  farTag,
  nameOfTag,
  workerSide,
} from './anchors.ts';
import { keyNotTaken, noAnswer } from './faults.ts';
import { codecBy, foundOf, minus, plus, sentBy } from './figures.ts';
import type { Member } from './member.ts';
import type { NgAnswer } from './ng-client.ts';
import { leastLoaded } from './members.ts';
import { lastHeard, reportedBy } from './reports.ts';
import { webOf } from './web.ts';

/** A bridge goes by the worker for this long before rtpengine carries it alone: what comes in the first moments (a
 * recording, a whisper) need not be paid for twice. */
const SETTLE_MS = 500;
/** Who was heard by rtpengine alone, and by a worker since, is not any more after this long where one is encrypted: rtpengine
 * counts the rounds of a stream's numbers (2^16) only while it passes, and would take a new round for the one before, and
 * encrypt with indices that were used. RFC 3711 §3.3.1, §9.1. */
const MOST_APART_MS = 240_000;

export type SwitchboardOptions = {
  readonly members: readonly Member[];
  readonly clock: Clock;
  readonly log: Log;
  /** Tells the worker where to send. */
  readonly configure: (endpoint: string, settings: StreamSettings) => Promise<void>;
  /** The far end must be told of another address. */
  readonly moved: (endpoint: Anchored) => void;
};

export class Switchboard {
  readonly sessions = new Map<string, AnchoredSession>();
  readonly #options: SwitchboardOptions;
  /** Calls of sessions that are over, until rtpengine has forgotten them. */
  readonly #ending = new Map<string, Promise<void>>();
  /** Calls that a silent rtpengine may still have. */
  readonly #left = new Map<Member, Set<string>>();

  constructor(options: SwitchboardOptions) {
    this.#options = options;
    for (const member of options.members) {
      member.events.on('down', () => void this.#abandon(member));
      member.events.on('doubtful', () => void this.check(member));
      member.events.on('up', () => void this.#sweep(member));
    }
  }

  /** `port`: its call was anchored by a process before this one. */
  async session(id: string, port: number | undefined): Promise<AnchoredSession> {
    await this.#ending.get(id);
    const known = this.sessions.get(id);
    if (known !== undefined) return known;
    const member = port === undefined ? leastLoaded(this.#options.members) : await this.#whoKnows(id);
    if (member === undefined && port === undefined)
      this.#options.log.warn({ session: id }, 'no rtpengine answers: a worker carries this call');
    const made = this.sessions.get(id) ?? new AnchoredSession(id, member, port !== undefined);
    this.sessions.set(id, made);
    return made;
  }

  /** Gets the port its far end will send to. `port`: the one it has already; then nothing is changed that rtpengine has. */
  async front(endpoint: Anchored, port?: number): Promise<void> {
    const { session } = endpoint;
    await session.inTurn(async () => {
      if (session.member === undefined) return;
      if (port !== undefined && (await this.#find(endpoint, session.member, port))) return;
      try {
        await this.#open(endpoint, session.member);
      } catch (failed) {
        if (!isSilence(failed)) throw failed;
        // Alone it stays with its worker; with others it moves where they do, as soon as the silence is noticed.
        if (session.endpoints.size === 1) session.leave();
      }
    });
    if (port !== undefined && endpoint.front.port !== port) throw new GraineError(portTaken, { port });
  }

  /** One that was opened in the clear is about to speak ICE. */
  async introduce(endpoint: Anchored): Promise<void> {
    const { session } = endpoint;
    endpoint.ice = true;
    await session.inTurn(async () => {
      if (session.member === undefined || !session.endpoints.has(endpoint) || endpoint.offered === 'web') return;
      await this.#introduce(endpoint, session.member);
    });
  }

  /** What was agreed with the far end is there, or is another. */
  async agreed(endpoint: Anchored, settings: StreamSettings): Promise<void> {
    const { session, pair } = endpoint;
    const before = endpoint.settings;
    endpoint.settings = settings;
    reseal(endpoint, before);
    // Both are asked for at once, so that whoever waits for the session's turn comes after them.
    const back = this.toWorker(pair);
    const told = session.inTurn(async () => {
      if (!session.endpoints.has(endpoint)) return;
      if (endpoint.found === undefined && (!sameParty(before, settings) || endpoint.back === undefined)) {
        await this.#join(endpoint).catch((failed: unknown) => {
          // It dies: the call moves as soon as that is noticed, with what was agreed now.
          if (!isSilence(failed)) throw failed;
        });
      }
      await this.#tellWorker(endpoint);
    });
    await Promise.all([back, told]);
    this.consider(endpoint);
  }

  /** Two that were found joined with each other stay so: not a packet is lost. */
  resume(pair: Pair): boolean {
    const { a, b } = pair;
    if (a.found !== farTag(b.name) || b.found !== farTag(a.name)) return false;
    // Who was joined without a worker had been heard.
    a.heard = true;
    b.heard = true;
    if (!canPass(a, b)) return false;
    pair.state = 'direct';
    // What it carried for the other process is told by this one.
    pair.base = [NO_FIGURES, NO_FIGURES];
    return true;
  }

  /** What is not joined with its partner as it was found is joined with its worker. */
  async settle(endpoint: Anchored): Promise<void> {
    const { found, pair, session } = endpoint;
    if (found === undefined || pair?.state === 'direct') return;
    await session.inTurn(async () => {
      if (session.endpoints.has(endpoint)) await this.#toOwn(endpoint);
    });
  }

  /** The pair's audio goes, or goes back, through the worker; that of who is leaving is over. */
  async toWorker(pair: Pair | undefined, over: 'over' | 'worker' = 'worker', leaving?: Anchored): Promise<void> {
    if (pair === undefined || pair.state === 'over') return;
    const was = pair.state;
    pair.state = over;
    pair.timer?.cancel();
    if (was !== 'direct') return;
    const { a, b } = pair;
    a.session.part(pair, this.#options.clock.monotonic());
    await a.session.inTurn(async () => {
      // A session that moved meanwhile was joined anew.
      if (pair.base === undefined) return;
      const silent = await this.#apart(a, b);
      if (!silent) await this.#count(pair);
      pair.base = undefined;
      for (const each of [a, b]) if (each !== leaving) each.direct.back = each.direct.received.packets;
    });
  }

  /** If rtpengine can carry the endpoint's pair alone, it soon does. */
  consider(endpoint: Anchored): void {
    const { pair } = endpoint;
    if (pair?.state !== 'worker' || !canPass(pair.a, pair.b) || this.#wasLongApart(pair)) return;
    pair.state = 'settling';
    pair.timer = this.#options.clock.after(SETTLE_MS, 'rtpengine direct', () => void this.#pass(pair));
  }

  /** Its last endpoint is gone: so is the call. */
  end(session: AnchoredSession): void {
    this.sessions.delete(session.id);
    const member = session.leave();
    if (member === undefined) return;
    const ended = session.inTurn(() => member.forget(session.id)).finally(() => this.#ending.delete(session.id));
    this.#ending.set(session.id, ended);
  }

  /** Another node carries it on: rtpengine is told nothing. */
  abandon(session: AnchoredSession): void {
    this.sessions.delete(session.id);
    session.leave();
  }

  /** Resolves when rtpengine has forgotten all calls that are over. */
  async ended(): Promise<void> {
    await Promise.all(this.#ending.values());
  }

  /** Anchors anew what this rtpengine does not know any more. */
  async check(member: Member): Promise<void> {
    for (const session of this.#of(member)) {
      const known = await member.knows(session.id);
      // It may have moved meanwhile.
      if (!known && session.member === member) void this.#move(session, undefined);
    }
  }

  /** What rtpengine has carried for the endpoint since its pair is direct is counted too. */
  async count(endpoint: Anchored): Promise<void> {
    const { pair, session } = endpoint;
    if (pair?.state === 'direct') await session.inTurn(() => this.#count(pair));
  }

  #wasLongApart(pair: Pair): boolean {
    if (!isSealedThere(pair.a) && !isSealedThere(pair.b)) return false;
    const { session } = pair.a;
    const at = session.partedAt(pair);
    if (at === undefined) return session.takenOver;
    return this.#options.clock.monotonic() - at > MOST_APART_MS;
  }

  async #pass(pair: Pair): Promise<void> {
    const { a, b } = pair;
    await a.session.inTurn(async () => {
      if (pair.state !== 'settling') return;
      const { member, id } = a.session;
      if (member === undefined || !canPass(a, b)) return void (pair.state = 'worker');
      try {
        const known = await member.query(id);
        if (pair.state !== 'settling') return;
        if (![a, b].every((each) => sendsItsFirst(each, known))) return void (pair.state = 'worker');
        pair.state = 'direct';
        pair.base = [sentBy(known, farTag(a.name)), sentBy(known, farTag(b.name))];
        for (const [n, { direct, name }] of [a, b].entries())
          if (direct.until !== undefined)
            direct.reports.resumed(minus(pair.base[n]!, direct.until).packets, lastHeard(known, farTag(name)) ?? 0);
        await member.join(id, farSide(a), farSide(b));
      } catch (refused) {
        this.#options.log.warn({ session: id, error: messageOf(refused) }, 'rtpengine cannot join two far ends');
        // Half joined is worse than not; one that is silent has its calls moved, and must not hold that up.
        if (!isSilence(refused)) for (const each of [a, b]) await this.#join(each).catch(() => {});
        if (pair.state === 'direct' || pair.state === 'settling') pair.state = 'worker';
        pair.base = undefined;
      }
    });
  }

  /** False: rtpengine does not have it as another process left it. */
  async #find(endpoint: Anchored, member: Member, port: number): Promise<boolean> {
    const known = await member.query(endpoint.session.id).catch(() => undefined);
    const found = known === undefined ? undefined : foundOf(known, farTag(endpoint.name));
    if (found?.sealed === false) endpoint.sealing = 'worker';
    // The worker of a process that is gone hears nobody.
    if (!endpoint.ice) endpoint.web = {};
    else if (found?.sealed === true) endpoint.web = await member.introduction();
    if (found?.place.port !== port || nameOfTag(found.hearer ?? '') === undefined) return false;
    endpoint.front = found.place;
    endpoint.found = found.hearer;
    return true;
  }

  /** Joined with its worker, which learns where to send if it did not know. */
  async #toOwn(endpoint: Anchored): Promise<void> {
    const { found } = endpoint;
    endpoint.found = undefined;
    await this.#join(endpoint);
    // It may have been released meanwhile.
    if (found !== undefined && endpoint.session.endpoints.has(endpoint)) await this.#tellWorker(endpoint);
  }

  /** Each is joined with its worker. True: rtpengine is silent, and all of it moves soon. */
  async #apart(a: Anchored, b: Anchored): Promise<boolean> {
    for (const each of [a, b]) {
      try {
        await this.#toOwn(each);
      } catch (failed) {
        if (isSilence(failed)) return true;
      }
    }
    return false;
  }

  async #join(endpoint: Anchored): Promise<void> {
    const { session, settings } = endpoint;
    if (session.member === undefined || !isReachable(settings) || isMute(endpoint)) return;
    try {
      await this.#joinOwn(endpoint, session.member);
    } catch (failed) {
      if (!isSealedThere(endpoint) || !isOfKeys(failed)) throw failed;
      this.#options.log.warn({ session: session.id, error: messageOf(failed) }, 'a worker encrypts a call');
      endpoint.sealing = 'worker';
      await this.#joinOwn(endpoint, session.member);
    }
  }

  /** An introduction takes rtpengine a millisecond more: who knows nothing of ICE has none. */
  async #open(endpoint: Anchored, member: Member): Promise<void> {
    if (usesIce(endpoint)) return this.#introduce(endpoint, member);
    endpoint.front = await member.offer(endpoint.session.id, workerSide(endpoint), farSide(endpoint));
    endpoint.web = {};
    endpoint.offered = 'plain';
  }

  async #introduce(endpoint: Anchored, member: Member): Promise<void> {
    const { id } = endpoint.session;
    const { place, web = {} } = await member.introduce(id, workerSide(endpoint), farSide(endpoint));
    endpoint.front = place;
    endpoint.web = web;
    endpoint.offered = 'web';
  }

  async #joinOwn(endpoint: Anchored, member: Member): Promise<void> {
    const { id } = endpoint.session;
    const [worker, far] = [workerSide(endpoint), farSide(endpoint)];
    // One of SDES must not be taken for one that could speak DTLS as well.
    const { offered } = endpoint;
    const answers = takesFirstOffer(endpoint);
    endpoint.offered = 'else';
    if (answers) return void (endpoint.back = await member.answer(id, worker, far));
    if (far.seal !== undefined && offered === 'web') await member.offer(id, worker, { ...far, seal: undefined });
    if (far.seal !== undefined && !sameKey(endpoint.shown, far.seal.send)) await member.showKey(id, worker, far);
    endpoint.shown = far.seal?.send;
    const { a, b } = await member.join(id, worker, far);
    endpoint.back = a;
    endpoint.front = b;
  }

  /** The worker sends to rtpengine, or to the far end itself where there is none. */
  async #tellWorker(endpoint: Anchored): Promise<void> {
    const { name, session, settings, back, found } = endpoint;
    if (settings === undefined || isMute(endpoint)) return;
    const behind = session.member !== undefined && isReachable(settings);
    const place = back === undefined ? undefined : { address: back.address, port: back.port };
    const remote = behind ? (place ?? (found === undefined ? settings.remote : undefined)) : settings.remote;
    const told = { ...(behind ? behindOf(endpoint, settings) : settings), remote };
    await this.#options.configure(name, told).catch((failed: unknown) => {
      // It was released while rtpengine was asked.
      if (session.endpoints.has(endpoint)) throw failed;
    });
  }

  async #count(pair: Pair): Promise<void> {
    const { a, b, base } = pair;
    const { member, id } = a.session;
    if (member === undefined || base === undefined) return;
    const known = await member.query(id).catch(() => undefined);
    if (known === undefined) return;
    const now = [sentBy(known, farTag(a.name)), sentBy(known, farTag(b.name))] as const;
    const [byA, byB] = [minus(now[0], base[0]), minus(now[1], base[1])];
    a.direct.received = plus(a.direct.received, byA);
    b.direct.sent = plus(b.direct.sent, byA);
    b.direct.received = plus(b.direct.received, byB);
    a.direct.sent = plus(a.direct.sent, byB);
    pair.base = now;
    for (const [n, [speaker, listener]] of (
      [
        [a, b],
        [b, a],
      ] as const
    ).entries()) {
      speaker.direct.until = now[n];
      speaker.direct.reports.take(reportedBy(known, farTag(listener.name)));
    }
  }

  async #abandon(member: Member): Promise<void> {
    const left = this.#left.get(member) ?? new Set();
    this.#left.set(member, left);
    for (const session of this.#of(member)) {
      left.add(session.id);
      void this.#move(session, member);
    }
  }

  /** It only had been silent: what moved away meanwhile is deleted there. */
  async #sweep(member: Member): Promise<void> {
    const left = [...(this.#left.get(member) ?? [])];
    this.#left.delete(member);
    for (const id of left) if (this.sessions.get(id)?.member !== member) await member.forget(id);
  }

  async #move(session: AnchoredSession, from: Member | undefined): Promise<void> {
    const before = session.member;
    await session.inTurn(async () => {
      if (session.member !== before || session.endpoints.size === 0) return;
      session.leave();
      const member = leastLoaded(this.#options.members, from);
      if (member !== undefined) session.enter(member);
      const to = member?.address ?? 'a worker';
      this.#options.log.warn({ session: session.id, from: before?.address, to }, 'the media of a call moves');
      try {
        for (const endpoint of session.endpoints) await this.#anchor(endpoint);
      } catch (failed) {
        this.#options.log.error({ session: session.id, error: messageOf(failed) }, 'a call cannot be anchored anew');
        session.leave();
        for (const endpoint of session.endpoints) await this.#anchor(endpoint);
      }
      for (const endpoint of session.endpoints) {
        await this.#tellWorker(endpoint).catch(() => {});
        this.#options.moved(endpoint);
      }
    });
    for (const endpoint of session.endpoints) this.consider(endpoint);
  }

  async #anchor(endpoint: Anchored): Promise<void> {
    const { session, pair } = endpoint;
    if (pair !== undefined && pair.state !== 'over') pair.state = 'worker';
    pair?.timer?.cancel();
    if (pair !== undefined) pair.base = undefined;
    endpoint.back = undefined;
    endpoint.found = undefined;
    endpoint.shown = undefined;
    if (endpoint.sealing === 'rtpengine') endpoint.sealing = 'waits';
    endpoint.web = endpoint.own;
    if (session.member === undefined) endpoint.front = endpoint.worker;
    else await this.#open(endpoint, session.member);
    await this.#join(endpoint);
  }

  #of(member: Member): AnchoredSession[] {
    return [...this.sessions.values()].filter((each) => each.member === member);
  }

  async #whoKnows(id: string): Promise<Member | undefined> {
    for (const member of this.#options.members) if (member.up && (await member.knows(id))) return member;
    return undefined;
  }
}

/** With new keys rtpengine would count on where the far end may begin anew: a worker can find out. */
function reseal(endpoint: Anchored, before: StreamSettings | undefined): void {
  if (endpoint.sealing === 'waits' && isOfOtherIce(before, endpoint.settings)) endpoint.sealing = 'rtpengine';
  const [was, is] = [before?.srtp, endpoint.settings?.srtp];
  if (was === undefined || is === undefined) return;
  const isOther = !sameKey(was.send, is.send);
  const isHeardAnew = endpoint.heard && (isOther || !sameKey(was.receive, is.receive));
  if (endpoint.sealing === 'waits' ? isOther : isHeardAnew) endpoint.sealing = 'worker';
}

/** The far end was told of other credentials of ours. */
function isOfOtherIce(before: StreamSettings | undefined, now: StreamSettings | undefined): boolean {
  return now?.web !== undefined && before?.web?.local.ufrag !== now.web.local.ufrag;
}

/** What a worker is told of one that rtpengine stands before. */
function behindOf(endpoint: Anchored, settings: StreamSettings): StreamSettings {
  const { srtp, web: _web, ice, underWayMs, rtcpMux, ...clear } = settings;
  const mux = rtcpMux === undefined || ice !== undefined ? {} : { rtcpMux };
  if (isSealedThere(endpoint) || srtp === undefined) return { ...clear, ...mux };
  return { ...clear, ...mux, srtp, ...(underWayMs === undefined ? {} : { underWayMs }) };
}

const isOfKeys = (failed: unknown): boolean => failed instanceof GraineError && failed.code === keyNotTaken;
const isSilence = (failed: unknown): boolean => failed instanceof GraineError && failed.code === noAnswer;

/** Of several codecs it agreed to, the one that its partner has too. */
function sendsItsFirst({ name, settings }: Anchored, known: NgAnswer): boolean {
  const codec = codecBy(known, farTag(name));
  return codec === undefined || codec === settings?.payloads[0]?.codec;
}

/** Whether rtpengine need not be told. */
function sameParty(a: StreamSettings | undefined, b: StreamSettings): boolean {
  if (a?.remote?.address !== b.remote?.address || a?.remote?.port !== b.remote?.port) return false;
  const [was, is] = [a?.srtp, b.srtp];
  if (!sameKey(was?.send, is?.send) || !sameKey(was?.receive, is?.receive)) return false;
  if (!isDeepStrictEqual(webOf(a), webOf(b))) return false;
  return JSON.stringify(a?.payloads) === JSON.stringify(b.payloads);
}
