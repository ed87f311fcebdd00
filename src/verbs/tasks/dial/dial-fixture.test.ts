/** The edges of a dial in memory, for races.test.ts: peers of SIP, media engine, hooks, directory, on a clock that moves only
 * when told to. Everything between the edges is the product's own. What an edge sees against its contract is a `fault`. */
import { Emitter, FakeClock, SeededRandom, silentLog, type Timer, TraceChannel } from '../../../base/index.ts';
import { CarrierPacers, Quotas, Registry, type Services, SoundFiles } from '../../../call/index.ts';
import type { AppLink, HookAnswer } from '../../../ports/index.ts';
import type {
  Dialog,
  InDialogRequest,
  Invitation,
  InviteOptions,
  OutgoingCall,
  Reason,
} from '../../../sip/agent/index.ts';
import { createRequest, createResponse, parseNameAddr, type SipRequest } from '../../../sip/message/index.ts';
import type { Answer, Peer, Script } from './races-script.test.ts';

export const accountSid = 'account';
const sdp = (port: number): Buffer =>
  Buffer.from(
    `v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio ${port} RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n`,
  );

function requestOf(method: string, headers: readonly (readonly [string, string])[] = []): SipRequest {
  const [from, to] = ['<sip:alice@a.example>;tag=a', '<sip:100@b.example>'];
  return createRequest({ method, uri: 'sip:100@b.example', from, to, callId: 'inbound', cseq: 1, headers });
}

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

export class FakeDialog implements Dialog {
  readonly events: Dialog['events'] = new Emitter();
  readonly localTag = 'l';
  readonly remoteTag = 'r';
  readonly remoteTarget = parseNameAddr('<sip:peer@192.0.2.1>')!.uri as Dialog['remoteTarget'];
  readonly source = undefined;
  readonly callId: string;
  readonly #world: World;
  end: 'local' | 'remote' | undefined;
  byeReason: Reason | undefined;
  /** The sipfrag of each NOTIFY sent to this peer. */
  readonly notified: string[] = [];
  /** Status of the answer to each REFER of this peer. */
  readonly referred: number[][] = [];

  constructor(world: World, callId: string) {
    this.#world = world;
    this.callId = callId;
  }

  reinvite(): ReturnType<Dialog['reinvite']> {
    return this.#world.later(50, createResponse(requestOf('INVITE'), 200, 'OK', { body: sdp(4000) }));
  }

  request(method: string, options: { body?: Buffer } = {}): ReturnType<Dialog['request']> {
    if (method === 'NOTIFY' && this.end === undefined) this.notified.push(String(options.body));
    return this.#world.later(50, createResponse(requestOf(method), this.end === undefined ? 200 : 481));
  }

  bye({ reason }: { reason?: Reason } = {}): void {
    if (this.end === undefined) this.byeReason = reason;
    this.#over('local');
  }

  snapshot(): never {
    throw new Error('not of this test');
  }

  /** The peer hangs up. */
  hangUp(): void {
    this.#over('remote');
  }

  refer(): void {
    if (this.end !== undefined) return;
    const replies: number[] = [];
    this.referred.push(replies);
    const request = requestOf('REFER', [['Refer-To', '<sip:carol@c.example>']]);
    const reply: InDialogRequest['reply'] = ({ status }) => void replies.push(status);
    this.events.emit('request', { method: 'REFER', request, sdp: undefined, reply });
  }

  #over(by: 'local' | 'remote'): void {
    if (this.end !== undefined) return;
    this.end = by;
    const request = by === 'remote' ? requestOf('BYE') : undefined;
    this.events.emit('ended', { by, reason: undefined, request });
  }
}

/** One INVITE of ours and the peer that answers it. As the agent promises: `answered` or `failed`, never both; a 200 that
 * crosses our CANCEL is ended inside. */
export class FakeCall implements OutgoingCall {
  readonly events: OutgoingCall['events'] = new Emitter();
  readonly callId: string;
  readonly #world: World;
  readonly #peer: Peer;
  state: 'calling' | 'cancelling' | 'answered' | 'failed' = 'calling';
  cancelReason: Reason | undefined;
  dialog: FakeDialog | undefined;

  constructor(world: World, callId: string, peer: Peer) {
    this.#world = world;
    this.#peer = peer;
    this.callId = callId;
    if (peer.rings !== undefined) world.at(peer.rings, () => this.#progress());
    if (peer.final !== 'never') world.at(peer.after, () => this.#final());
  }

  get alive(): boolean {
    return this.state === 'calling' || (this.dialog !== undefined && this.dialog.end === undefined);
  }

  cancel(reason?: Reason): void {
    if (this.state !== 'calling') return;
    this.state = 'cancelling';
    this.cancelReason = reason;
    this.#world.at(100, () => this.#fail(487, 'cancelled'));
  }

  #progress(): void {
    if (this.state !== 'calling') return;
    const early = this.#peer.early;
    const response = createResponse(requestOf('INVITE'), early ? 183 : 180);
    const { status, reason } = response;
    this.events.emit('progress', { status, reason, sdp: early ? sdp(4000) : undefined, fork: 'f', response });
  }

  #final(): void {
    const { final, hangsUp, refers } = this.#peer;
    if (this.state !== 'calling') return;
    if (typeof final === 'number') return this.#fail(final, 'response');
    this.state = 'answered';
    const dialog = (this.dialog = new FakeDialog(this.#world, this.callId));
    if (hangsUp !== undefined) this.#world.at(hangsUp, () => dialog.hangUp());
    if (refers !== undefined) this.#world.at(refers, () => dialog.refer());
    const body = final === 'answer' ? sdp(4000) : undefined;
    this.events.emit('answered', dialog, body, createResponse(requestOf('INVITE'), 200));
  }

  #fail(status: number, by: 'response' | 'cancelled'): void {
    this.state = 'failed';
    this.events.emit('failed', { status, reason: 'Failed', by, response: undefined });
  }
}

export class FakeInvitation implements Invitation {
  readonly events: Invitation['events'] = new Emitter();
  readonly request = requestOf('INVITE');
  readonly source = {
    transport: 'udp',
    address: '192.0.2.9',
    port: 5060,
    localAddress: '192.0.2.2',
    localPort: 5060,
  } as const;
  readonly caller = { kind: 'carrier', carrierSid: 'in', accountSid, gatewaySid: 'g' } as const;
  readonly callId = 'inbound';
  readonly from = parseNameAddr('<sip:alice@a.example>;tag=a')!;
  readonly to = parseNameAddr('<sip:100@b.example>')!;
  readonly offer = sdp(4000);
  readonly #world: World;
  final: 'accepted' | 'rejected' | 'cancelled' | undefined;
  dialog: FakeDialog | undefined;

  constructor(world: World) {
    this.#world = world;
  }

  progress(): void {
    if (this.final !== undefined) this.#world.faults.push(`the caller got a provisional after it was ${this.final}`);
  }

  accept(): Dialog {
    this.#finally('accepted');
    return (this.dialog = new FakeDialog(this.#world, this.callId));
  }

  reject(): void {
    this.#finally('rejected');
  }

  hangUp(): void {
    if (this.dialog !== undefined) return this.dialog.hangUp();
    if (this.final !== undefined) return;
    this.final = 'cancelled';
    this.events.emit('cancelled', undefined);
  }

  #finally(final: 'accepted' | 'rejected'): void {
    if (this.final !== undefined) this.#world.faults.push(`the caller was ${final} after it was ${this.final}`);
    this.final = final;
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

  #invite(_: InviteOptions): FakeCall {
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
      ...{ clock, random, registry, alerts, hooks, trace: new TraceChannel(), log: { ...silentLog, error } },
      agent: { invite: (options) => this.#invite(options), routeTo: () => ({ uri: 'sip:bob@192.0.2.1' }) },
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
      pacers: new CarrierPacers(clock),
      quotas: new Quotas({ clock, alerts, registry }),
      sounds: new SoundFiles({
        ...{ clock, random, hooks },
        dir: '/nowhere',
        maxBytes: 1,
        cacheBytes: 1,
        localDir: undefined,
      }),
      updateFaults: () => [],
      gatewayUp: () => true,
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
  return Array.from({ length: Number(/user(\d)/.exec(aor)?.[1] ?? 0) }, () => ({ accountSid }));
}
