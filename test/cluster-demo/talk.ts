/** One call of the demo: each end says a tone of its own, and must hear the other's and nobody else's. */
import { at, type IncomingPhoneCall, type OutgoingPhoneCall, phones } from '../kit/index.ts';
import type { Stage } from './stage.ts';

/** An end that hears nothing for so long has lost its call. */
const PATIENCE_MS = 10_000;

export class Talk {
  readonly n: number;
  readonly call: OutgoingPhoneCall;
  readonly desk: IncomingPhoneCall;
  /** 0 for A, 1 for B; -1: neither. */
  readonly node: number;
  readonly engine: number;
  readonly story: string[] = [];
  #fate: 'talking' | 'over' | 'lost' = 'talking';

  private constructor(n: number, ends: { call: OutgoingPhoneCall; desk: IncomingPhoneCall }, where: [number, number]) {
    this.n = n;
    this.call = ends.call;
    this.desk = ends.desk;
    [this.node, this.engine] = where;
  }

  static async begin(n: number, stage: Stage): Promise<Talk> {
    const { caller, callee, edge, nodes, engines } = stage;
    const nth = callee.calls.entries.length;
    callee.onInvite = phones.answersAfter(20, { tone: toneOf(n).callee });
    const place = { host: edge.host, port: edge.port };
    const call = caller.invites(at(`+1555765${String(n).padStart(4, '0')}`, place), {
      from: '+15557650001',
      tone: toneOf(n).caller,
      payloads: [0],
    });
    const desk = await callee.nextCall(nth);
    const answer = await call.answered();
    const contact = answer.get('contact') ?? '';
    const port = Number(/m=audio (\d+)/.exec(answer.body.toString())?.[1]);
    const node = nodes.findIndex(({ sip }) => contact.includes(`:${sip.port}`));
    const talk = new Talk(n, { call, desk }, [node, engines.findIndex((each) => each.has(port))]);
    await talk.heard();
    return talk;
  }

  get fate(): 'talking' | 'over' | 'lost' {
    return this.#fate;
  }

  /** Resolves when both ends hear each other, with how long that took, ms; marks the call lost when they do not. */
  async heard(since = performance.now()): Promise<number> {
    if (this.#fate !== 'talking') return 0;
    const { caller, callee } = toneOf(this.n);
    const wait = { since, within: PATIENCE_MS };
    try {
      const ends = [this.call.hears(callee, wait), this.desk.hears(caller, wait)];
      return Math.max(...(await Promise.all(ends))) - since;
    } catch {
      this.#fate = 'lost';
      return PATIENCE_MS;
    }
  }

  /** Longest time that either end heard nothing, ms. */
  gap(since: number): number {
    const gaps = [this.call, this.desk].flatMap(({ media }) => media?.ears.gaps(0, since) ?? []);
    return Math.max(0, ...gaps.map(({ ms }) => ms));
  }

  /** What both ends hear, as measured: dB of the tone that is meant for each. */
  levels(): string {
    const { caller, callee } = toneOf(this.n);
    const [a, b] = [this.call.media?.ears.heard(callee), this.desk.media?.ears.heard(caller)];
    return `${callee} Hz ${(a ?? -99).toFixed(0)} dB / ${caller} Hz ${(b ?? -99).toFixed(0)} dB`;
  }

  /** The caller hangs up; the call is over only if the callee is told. */
  async end(): Promise<void> {
    if (this.#fate !== 'talking') return;
    try {
      await Promise.all([this.call.hangsUp(), this.desk.byed({ within: PATIENCE_MS })]);
      this.#fate = 'over';
    } catch {
      this.#fate = 'lost';
    }
  }
}

/** Tones no two calls share. */
function toneOf(n: number): { caller: number; callee: number } {
  return { caller: 400 + 70 * (n % 8), callee: 1100 + 90 * (n % 8) };
}
