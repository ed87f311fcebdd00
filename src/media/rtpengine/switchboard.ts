/** Joins far ends with their workers, or with each other, in rtpengine, and anchors them anew when theirs is gone. */
import { type Clock, GraineError, type Log, messageOf } from '../../base/index.ts';
import type { StreamSettings } from '../../ports/index.ts';
import { portTaken } from '../embedded/faults.ts';
import { type Anchored, AnchoredSession, canPass, type Pair, farSide, farTag, workerSide } from './anchors.ts';
import { noAnswer } from './faults.ts';
import { minus, plus, sentBy } from './figures.ts';
import type { Member } from './member.ts';
import { leastLoaded } from './members.ts';

/** A bridge goes by the worker for this long before rtpengine carries it alone: what comes in the first moments (a
 * recording, a whisper) need not be paid for twice. */
const SETTLE_MS = 500;

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
    const made = this.sessions.get(id) ?? new AnchoredSession(id, member);
    this.sessions.set(id, made);
    return made;
  }

  /** Gets the port its far end will send to. */
  async front(endpoint: Anchored, port?: number): Promise<void> {
    const { session } = endpoint;
    await session.inTurn(async () => {
      if (session.member === undefined) return;
      try {
        endpoint.front = await session.member.offer(session.id, workerSide(endpoint), farSide(endpoint));
      } catch (failed) {
        if (!isSilence(failed)) throw failed;
        // Alone it stays with its worker; with others it moves where they do, as soon as the silence is noticed.
        if (session.endpoints.size === 1) session.leave();
      }
    });
    if (port !== undefined && endpoint.front.port !== port) throw new GraineError(portTaken, { port });
  }

  /** What was agreed with the far end is there, or is another. */
  async agreed(endpoint: Anchored, settings: StreamSettings): Promise<void> {
    const { session, pair } = endpoint;
    const before = endpoint.settings;
    endpoint.settings = settings;
    // Both are asked for at once, so that whoever waits for the session's turn comes after them.
    const back = this.toWorker(pair);
    const told = session.inTurn(async () => {
      if (!session.endpoints.has(endpoint)) return;
      if (!sameParty(before, settings) || endpoint.back === undefined) {
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

  /** The pair's audio goes, or goes back, through the worker. */
  async toWorker(pair: Pair | undefined, over: 'over' | 'worker' = 'worker'): Promise<void> {
    if (pair === undefined || pair.state === 'over') return;
    const was = pair.state;
    pair.state = over;
    pair.timer?.cancel();
    if (was !== 'direct') return;
    const { a, b } = pair;
    await a.session.inTurn(async () => {
      // A session that moved meanwhile was joined anew.
      if (pair.base === undefined) return;
      for (const each of [a, b]) await this.#join(each).catch(() => {});
      await this.#count(pair);
      pair.base = undefined;
    });
  }

  /** If rtpengine can carry the endpoint's pair alone, it soon does. */
  consider(endpoint: Anchored): void {
    const { pair } = endpoint;
    if (pair?.state !== 'worker' || !canPass(pair.a, pair.b)) return;
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

  async #pass(pair: Pair): Promise<void> {
    const { a, b } = pair;
    await a.session.inTurn(async () => {
      if (pair.state !== 'settling') return;
      const { member, id } = a.session;
      if (member === undefined || !canPass(a, b)) return void (pair.state = 'worker');
      try {
        const known = await member.query(id);
        if (pair.state !== 'settling') return;
        pair.state = 'direct';
        pair.base = [sentBy(known, farTag(a.name)), sentBy(known, farTag(b.name))];
        await member.join(id, farSide(a), farSide(b));
      } catch (refused) {
        this.#options.log.warn({ session: id, error: messageOf(refused) }, 'rtpengine cannot join two far ends');
        // Half joined is worse than not.
        for (const each of [a, b]) await this.#join(each).catch(() => {});
        if (pair.state === 'direct' || pair.state === 'settling') pair.state = 'worker';
        pair.base = undefined;
      }
    });
  }

  async #join(endpoint: Anchored): Promise<void> {
    const { session, settings } = endpoint;
    if (session.member === undefined || settings?.remote === undefined) return;
    const { a, b } = await session.member.join(session.id, workerSide(endpoint), farSide(endpoint));
    endpoint.back = a;
    endpoint.front = b;
  }

  /** The worker sends to rtpengine, or to the far end itself where there is none. */
  async #tellWorker({ name, session, settings, back }: Anchored): Promise<void> {
    if (settings === undefined) return;
    const behind = session.member !== undefined && settings.remote !== undefined;
    const remote = behind && back !== undefined ? { address: back.address, port: back.port } : settings.remote;
    await this.#options.configure(name, { ...settings, remote });
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
    if (session.member === undefined) endpoint.front = endpoint.worker;
    else endpoint.front = await session.member.offer(session.id, workerSide(endpoint), farSide(endpoint));
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

const isSilence = (failed: unknown): boolean => failed instanceof GraineError && failed.code === noAnswer;

/** Whether rtpengine need not be told. */
function sameParty(a: StreamSettings | undefined, b: StreamSettings): boolean {
  if (a?.remote?.address !== b.remote?.address || a?.remote?.port !== b.remote?.port) return false;
  return JSON.stringify(a?.payloads) === JSON.stringify(b.payloads);
}
