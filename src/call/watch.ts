/** Calls as people watch them (ports/watch.ts): rows made from legs when asked, changes told from the trace. With nobody
 * watching no listener, timer or meter is there. */
import { Emitter, type Timer } from '../base/index.ts';
import type { CallRow, CallWatch, Quality } from '../ports/index.ts';
import type { Leg } from './leg.ts';
import type { Services } from './services.ts';

/** Each leg's figures are asked for so often, and of at most so many legs a round. */
const qualityMs = 5_000;
const mostAsked = 250;

export class Watch implements CallWatch {
  readonly events: CallWatch['events'] = new Emitter();
  readonly #services: Services;
  readonly #quality = new WeakMap<Leg, Quality>();
  #metered: ReadonlySet<string> = new Set();
  #followers = 0;
  #off: (() => void)[] = [];
  #asking: Timer | undefined;
  #turn = 0;

  constructor(services: Services) {
    this.#services = services;
  }

  follow(): () => void {
    if (this.#followers++ === 0) this.#begin();
    let left = false;
    return () => {
      if (left) return;
      left = true;
      if (--this.#followers === 0) this.close();
    };
  }

  rows(accountSid?: string, sessions?: ReadonlySet<string>): CallRow[] {
    const rows: CallRow[] = [];
    for (const leg of this.#services.registry.legs()) {
      const { identity } = leg;
      if (accountSid !== undefined && identity.accountSid !== accountSid) continue;
      if (sessions === undefined || sessions.has(identity.sessionSid)) rows.push(this.#row(leg));
    }
    return rows;
  }

  meter(callSids: ReadonlySet<string>): void {
    const { registry, studio } = this.#services;
    const before = this.#metered;
    this.#metered = new Set([...callSids].filter((sid) => registry.leg(sid)?.media !== undefined));
    for (const sid of before) if (!this.#metered.has(sid)) void studio.meter(sid, false).catch(() => {});
    for (const sid of this.#metered) if (!before.has(sid)) void studio.meter(sid, true).catch(() => {});
  }

  close(): void {
    this.meter(new Set());
    for (const off of this.#off.splice(0)) off();
    this.#asking?.cancel();
    this.#asking = undefined;
  }

  #begin(): void {
    const { trace, studio, registry, clock } = this.#services;
    this.#off = [
      trace.on('event', (event) => {
        if (event.kind === 'call' || event.kind === 'end') this.events.emit('changed', event.sessionSid);
      }),
      studio.studioEvents.on('level', (endpoint, db) => {
        const leg = registry.legOfEndpoint(endpoint);
        if (leg !== undefined) this.events.emit('level', leg.callSid, leg.identity.accountSid, db);
      }),
    ];
    this.#asking = clock.every(qualityMs, 'call watch quality', () => void this.#ask());
  }

  /** Some of the legs each round, in turn, so that ten thousand calls do not all ask at once. */
  async #ask(): Promise<void> {
    const talking = [...this.#services.registry.legs()].filter((leg) => leg.state === 'in-progress' && leg.media);
    if (talking.length === 0) return;
    const from = this.#turn % talking.length;
    const some = [...talking.slice(from), ...talking.slice(0, from)].slice(0, mostAsked);
    this.#turn = from + some.length;
    await Promise.all(
      some.map(async (leg) => {
        const quality = await leg.media?.quality();
        if (quality === undefined || leg.end !== undefined) return;
        this.#quality.set(leg, quality);
        this.events.emit('changed', leg.identity.sessionSid);
      }),
    );
  }

  #row(leg: Leg): CallRow {
    const { identity } = leg;
    const quality = this.#quality.get(leg);
    return {
      call_sid: leg.callSid,
      parent_call_sid: identity.parentCallSid ?? null,
      session: identity.sessionSid,
      account_sid: identity.accountSid,
      node: this.#services.settings.node,
      application_sid: identity.applicationSid ?? null,
      direction: identity.direction,
      from: identity.from,
      to: identity.to,
      state: leg.status,
      started_at: new Date(leg.startedAt).toISOString(),
      answered_at: leg.answeredAt === undefined ? null : new Date(leg.answeredAt).toISOString(),
      carrier: plainKinds.has(leg.trunk) ? null : leg.trunk,
      target: identity.direction === 'outbound' ? targetOf(leg) : null,
      codec: leg.media?.codec?.codec ?? null,
      media_path: this.#mediaPath(leg),
      ...(quality === undefined ? {} : { quality: figures(quality) }),
    };
  }

  #mediaPath(leg: Leg): CallRow['media_path'] {
    if (leg.media === undefined) return null;
    const session = this.#services.registry.sessionOf(leg);
    const connection = session?.connection;
    const connected = connection !== undefined && (leg === session?.caller || leg === connection.callee);
    return connected && connection.path.state === 'none' ? 'no-media' : 'full-media';
  }
}

/** What stands in a leg's `trunk` when no carrier carries it. */
const plainKinds = new Set(['', 'user', 'sip', 'teams']);

function targetOf({ trunk, identity }: Leg): string {
  const kind = plainKinds.has(trunk) && trunk !== '' ? trunk : 'phone';
  return `${kind}:${identity.to}`;
}

function figures({ mos, packetsLostPercent, jitterMs, roundTripMs }: Quality): NonNullable<CallRow['quality']> {
  return {
    mos: mos ?? null,
    loss_percent: packetsLostPercent ?? null,
    jitter_ms: jitterMs ?? null,
    round_trip_ms: roundTripMs ?? null,
  };
}
