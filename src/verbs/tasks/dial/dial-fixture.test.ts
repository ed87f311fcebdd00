/** The edges of a dial in memory, for races.test.ts: media engine, hooks, directory, on a clock that moves only when told to;
 * the far ends are dial-peers.test.ts. Everything between the edges is the product's own. What an edge sees against its
 * contract is a `fault`. */
import { Emitter, FakeClock, SeededRandom, silentLog, type Timer, TraceChannel } from '../../../base/index.ts';
import {
  CarrierPacers,
  OpenDoor,
  Quotas,
  Refusals,
  Registry,
  type Services,
  SharedLimits,
  SoundFiles,
} from '../../../call/index.ts';
import type { AppLink, HookAnswer } from '../../../ports/index.ts';
import { accountSid, FakeCall, FakeInvitation } from './dial-peers.test.ts';
import type { Answer, Script } from './races-script.test.ts';

/** Knows when the next timer is due, so that a run steps from one moment to the next. */
export class SteppedClock extends FakeClock {
  readonly #due = new Set<number>();

  override after(ms: number, label: string, fire: () => void): Timer {
    this.#due.add(this.now() + ms);
    return super.after(ms, label, fire);
  }

  /** False when nothing is left to wait for. */
  step(): boolean {
    if (this.pending().length === 0) return false;
    const next = Math.min(...this.#due);
    this.#due.delete(next);
    this.advance(Math.max(0, next - this.now()));
    return true;
  }
}

/** Commands take `delay` ms and are carried out in order. */
class FakeMedia {
  readonly endpoints = new Set<string>();
  readonly bridges = new Map<string, string>();
  readonly events = new Emitter();
  readonly #world: World;
  #opened = 0;

  constructor(world: World) {
    this.#world = world;
  }

  async open({ endpoint }: { endpoint: string }): Promise<object> {
    const { opens } = this.#world.script;
    const took = opens[this.#opened++ % opens.length] ?? 0;
    await this.#world.later(Math.abs(took), undefined);
    if (took < 0) throw new Error('no ports');
    this.endpoints.add(endpoint);
    return { address: '192.0.2.2', port: 4000, rtcpPort: 4001, ssrc: 1 };
  }

  bridge(a: string, b: string): Promise<object> {
    return this.#command(() => {
      if (!this.endpoints.has(a) || !this.endpoints.has(b)) throw new Error('no such endpoint');
      this.bridges.set(a, b).set(b, a);
      return { path: 'relay' };
    });
  }

  unbridge(endpoint: string): Promise<void> {
    return this.#command(() => this.#part(endpoint));
  }

  release(endpoint: string): Promise<void> {
    return this.#command(() => {
      this.#part(endpoint);
      this.endpoints.delete(endpoint);
    });
  }

  async #command<T>(carryOut: () => T): Promise<T> {
    await this.#world.later(this.#world.script.mediaMs, undefined);
    return carryOut();
  }

  #part(endpoint: string): void {
    const other = this.bridges.get(endpoint);
    this.bridges.delete(endpoint);
    if (other !== undefined && this.bridges.get(other) === endpoint) this.bridges.delete(other);
  }
}

/** Whatever else is asked of an edge is done at once. */
function obliging<T extends object>(own: T): T {
  return new Proxy(own, { get: (target, name) => bound(target, name) ?? (() => Promise.resolve(undefined)) });
}
function bound(target: object, name: string | symbol): unknown {
  const own = Reflect.get(target, name, target) as unknown;
  return typeof own === 'function' ? own.bind(target) : own;
}

export type Told = {
  readonly hook: string;
  readonly type: string;
  readonly payload: Readonly<Record<string, unknown>>;
};

export class World {
  readonly script: Script;
  readonly clock = new SteppedClock();
  readonly faults: string[] = [];
  readonly calls: FakeCall[] = [];
  readonly asked: Told[] = [];
  readonly notified: Told[] = [];
  readonly cdrs: { readonly callSid: string; readonly terminationReason: string }[] = [];
  /** Of hooks: opened and not closed. */
  links = 0;
  readonly invitation = new FakeInvitation(this);
  readonly media: FakeMedia;
  readonly services: Services;
  readonly #counts = new Map<string, number>();

  constructor(script: Script) {
    this.script = script;
    this.media = new FakeMedia(this);
    this.services = this.#services();
  }

  at(ms: number, act: () => void): void {
    this.clock.after(ms, 'edge', act);
  }

  later<T>(ms: number, value: T): Promise<T> {
    return ms <= 0 ? Promise.resolve(value) : new Promise((resolve) => this.at(ms, () => resolve(value)));
  }

  #invite(): FakeCall {
    const { peers } = this.script;
    const call = new FakeCall(this, `call-${this.calls.length}`, peers[this.calls.length % peers.length]!);
    this.calls.push(call);
    return call;
  }

  #link(): AppLink {
    this.links++;
    let open = true;
    const told = (list: Told[], hook: unknown, type: string, payload: Told['payload']): string => {
      const name = typeof hook === 'string' ? hook : (hook as { url: string }).url;
      if (!open) this.faults.push(`${type} was told ${name} after its link was closed`);
      list.push({ hook: name, type, payload });
      return name;
    };
    return {
      waits: false,
      base: undefined,
      conversation: undefined,
      takesStatus: false,
      control: () => {},
      complain: () => {},
      request: (hook, type, payload) => this.#answer(told(this.asked, hook, type, payload)),
      notify: (hook, type, payload) => void told(this.notified, hook, type, payload),
      close: () => {
        if (!open) this.faults.push('a link was closed twice');
        open = false;
        this.links--;
      },
    };
  }

  /** The answers of a hook in turn, the last again and again. */
  async #answer(hook: string): Promise<HookAnswer> {
    const answers: readonly Answer[] = this.script.hooks[hook.slice(1) as keyof Script['hooks']] ?? [];
    const count = this.#counts.get(hook) ?? 0;
    this.#counts.set(hook, count + 1);
    const answer = answers[Math.min(count, answers.length - 1)] ?? { after: 0 };
    await this.later(answer.after, undefined);
    if (answer.fails === true) return { ok: false, kind: 'timeout', url: hook, message: 'no answer' };
    return { ok: true, status: 200, body: answer.verbs, url: hook };
  }

  #services(): Services {
    const { clock, script } = this;
    const random = new SeededRandom(script.seed);
    const registry = new Registry();
    const alerts = { raise: () => {} };
    const alone = { shared: false, up: true, nodes: 1, known: 1, refused: 0, waiting: 0 };
    const live = { take: () => Promise.resolve(undefined), holds: () => {}, count: () => {}, stats: () => alone };
    const limits = new SharedLimits({ clock, live });
    const hooks = obliging({ open: () => this.#link() }) as unknown as Services['hooks'];
    const error = (fields: object, message: string): void => void this.faults.push(`${message}: ${inspect(fields)}`);
    const settings = {
      domain: 'b.example',
      sipAddress: '192.0.2.2',
      toneCountry: 'us',
      recordingsDir: '/nowhere',
      node: 'n',
      failedHookStatus: 500,
    };
    const media = obliging(this.media) as unknown;
    return {
      clock,
      random,
      registry,
      alerts,
      hooks,
      trace: new TraceChannel(),
      log: { ...silentLog, error },
      agent: {
        ...obliging({}),
        restore: refuseToRestore,
        refuseLeft: refuseToRestore,
        cancelLeft: refuseToRestore,
        invite: () => this.#invite(),
        routeTo: () => ({ uri: 'sip:bob@192.0.2.1' }),
      },
      media: media as Services['media'],
      studio: obliging({ studioEvents: new Emitter() }) as unknown as Services['studio'],
      streams: obliging({ events: new Emitter() }) as unknown as Services['streams'],
      speech: obliging({}) as unknown as Services['speech'],
      findStream: (url) => Promise.resolve({ refused: 'not of this test', url }),
      directory: directoryOf(script),
      live: obliging({
        bindings: (aor: string) => this.later(script.lookUpMs, bindingsOf(aor)),
      }) as unknown as Services['live'],
      store: { appendCdr: (cdr) => void this.cdrs.push(cdr) },
      settings: {
        ...settings,
        apiBaseUrl: '',
        gatewayTimeoutMs: 2000,
        failedDialStatus: undefined,
        maxCalls: undefined,
        maxRecordingSeconds: 60,
      },
      standing: obliging({}) as unknown as Services['standing'],
      door: new OpenDoor(),
      refusals: new Refusals(),
      pacers: new CarrierPacers(clock, limits),
      quotas: new Quotas({ clock, alerts, registry, limits }),
      sounds: new SoundFiles({
        clock,
        random,
        hooks,
        dir: '/nowhere',
        maxBytes: 1,
        cacheBytes: 1,
        localDir: undefined,
      }),
      updateFaults: () => [],
      place: () => Promise.resolve({ ok: false, status: 500, message: 'nothing is placed here' }),
      gatewayUp: () => true,
      teamsGatewayUp: () => true,
    };
  }
}

function inspect(fields: object): string {
  return Object.values(fields)
    .map((value) => (value instanceof Error ? value.stack : JSON.stringify(value)))
    .join(' ');
}

export const carrier = {
  sid: 'carrier',
  name: 'carrier',
  isActive: true,
  e164LeadingPlus: true,
  techPrefix: '',
  trusted: false,
  priority: 0,
  weight: 1,
  maxCalls: 1,
};
const gateway = {
  carrierSid: 'carrier',
  host: '192.0.2.7',
  port: 5060,
  protocol: 'udp',
  outbound: true,
  isActive: true,
  priority: 0,
  weight: 1,
};

function directoryOf({ app }: Script): Services['directory'] {
  const application = {
    sid: 'app',
    accountSid,
    name: 'app',
    callStatusHook: { url: '/status' },
    callHook: { url: '/call' },
    appJson: app,
  };
  const kinds: Record<string, object> = {
    account: { sid: accountSid, name: 'a', webhookSecret: '', isActive: true },
    application,
  };
  return {
    events: new Emitter(),
    get: (kind: string) => kinds[kind],
    softphones: () => [],
    phoneNumber: () => ({ applicationSid: 'app' }),
    outboundCarriers: () => [carrier],
    gateways: () => [
      { ...gateway, sid: 'g1' },
      { ...gateway, sid: 'g2' },
    ],
  } as unknown as Services['directory'];
}

/** The name says how many devices a user has: `user2`. */
function bindingsOf(aor: string): object[] {
  return Array.from({ length: Number(/user(\d)/.exec(aor)?.[1] ?? 0) }, (_, n) => ({
    aor,
    contact: `sip:device-${n}@192.0.2.7`,
    accountSid,
    path: [],
  }));
}

function refuseToRestore(): never {
  throw new Error('no dialog is restored here');
}
