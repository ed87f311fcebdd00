/** One call's link to its application, whatever each hook's URL says: HTTP requests, the call's WebSocket, and the moves
 * from one to the other that a redirect makes. */
import type {
  AppCommand,
  AppContext,
  AppLink,
  ControlResult,
  Conversation,
  Delivery,
  HookAnswer,
  HookFault,
  HookRef,
  HookTarget,
} from '../ports/index.ts';
import { raiseFault } from './alert-types.ts';
import { AppSocket, type SocketHouse, type SocketOwner } from './app-socket.ts';
import type { Destination } from './destination.ts';
import { KnownCommands } from './known-commands.ts';
import { Link } from './link.ts';

type Payload = Readonly<Record<string, unknown>>;
type Handlers = Parameters<AppLink['control']>[0];

/** Sockets that are only told, beside the call's own. */
const mostOthers = 3;
/** Messages after which the application at the named URL is the call's application. */
const takesOver = new Set(['session:new', 'session:redirect', 'session:adulting']);

export class CallLink implements AppLink, SocketOwner {
  readonly #house: SocketHouse;
  readonly #context: AppContext;
  #http: Link;
  /** What relative hooks resolve against. */
  #base: HookTarget | undefined;
  #socket: AppSocket | undefined;
  readonly #others = new Map<string, AppSocket>();
  #handlers: Handlers | undefined;
  readonly #known: KnownCommands;
  #closed = false;

  constructor(house: SocketHouse, context: AppContext) {
    this.#house = house;
    this.#context = context;
    this.#base = context.base;
    this.#http = this.#httpLink();
    this.#known = new KnownCommands(context.conversation?.done);
    if (context.conversation !== undefined) this.#goOn(context.conversation);
  }

  get waits(): boolean {
    return this.#socket?.alive === true && this.#socket.engaged;
  }

  get base(): HookTarget | undefined {
    return this.#base;
  }

  get takesStatus(): boolean {
    return schemeOf(this.#base?.url ?? '') === 'ws';
  }

  get conversation(): Conversation | undefined {
    const conversation = this.#socket?.conversation;
    return conversation && { ...conversation, done: this.#known.done };
  }

  control(handlers: Handlers): void {
    this.#handlers = handlers;
  }

  request(hook: HookRef, type: string, payload: Payload, delivery?: Delivery): Promise<HookAnswer> {
    if (this.#bySocket(urlOf(hook))) return this.#overSocket(hook, type, payload, delivery);
    if (type === 'session:redirect' && this.#socket !== undefined) return this.#redirect(hook, type, payload, delivery);
    return this.#http.request(hook, type, payload, delivery);
  }

  async #overSocket(hook: HookRef, type: string, payload: Payload, delivery?: Delivery): Promise<HookAnswer> {
    const url = urlOf(hook);
    if (this.#closed) return { ok: false, kind: 'closed', url, message: 'the link is closed' };
    const socket = this.#socketFor(hook, type);
    if (!(socket instanceof AppSocket)) return this.#refused(socket, type);
    const answer = await socket.request(url, type, payload, delivery);
    if (answer.ok && socket !== this.#socket) this.#moveTo(socket, hook);
    else if (!answer.ok && socket !== this.#socket) socket.close(1000);
    return answer;
  }

  notify(hook: HookRef, type: string, payload: Payload, id?: string): void {
    const url = urlOf(hook);
    if (!this.#bySocket(url)) return this.#http.notify(hook, type, payload, id);
    if (this.#closed) return;
    const socket = this.#tellerFor(hook);
    if (socket instanceof AppSocket) socket.notify(url, type, payload, id);
    else this.#refused(socket, type);
  }

  complain(what: Payload): void {
    if (this.waits) this.#socket?.notify('', 'jambonz:error', what);
  }

  close(why?: 'fault' | 'moved'): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#http.close();
    const sockets = [...(this.#socket === undefined ? [] : [this.#socket]), ...this.#others.values()];
    for (const socket of sockets) {
      if (why === 'moved') socket.abort();
      else socket.close(why === 'fault' && socket === this.#socket ? 1001 : 1000);
    }
    this.#house.logs.end(this.#context.callSid);
  }

  command(command: AppCommand, from: AppSocket): ControlResult | Promise<ControlResult> {
    const told = this.#others.has(from.url);
    if (told || this.#handlers === undefined)
      return { ok: false, status: 422, message: 'this WebSocket is told of the call but does not control it' };
    const { command: perform } = this.#handlers;
    return this.#known.once(command, () => perform(command));
  }

  moved(): void {
    this.#handlers?.moved?.();
  }

  gone(socket: AppSocket): void {
    if (socket === this.#socket) this.#handlers?.gone();
  }

  /** With the application that another process had: it is dialled, and told whose call this is. */
  #goOn(from: Conversation): void {
    const place = this.#place(this.#base ?? '');
    if (!('method' in place)) return void this.#refused(place, 'session:reconnect');
    this.#socket = this.#open(place, 'call', from);
  }

  /** From a WebSocket application to one that is asked over HTTP. */
  async #redirect(hook: HookRef, type: string, payload: Payload, delivery?: Delivery): Promise<HookAnswer> {
    const answer = await this.#http.request(hook, type, payload, delivery);
    if (answer.ok && this.#socket !== undefined) this.#leaveSocket(hook);
    return answer;
  }

  /** From WebSocket to HTTP: the call hangs up when its verbs run out, as with any HTTP application. */
  #leaveSocket(hook: HookRef): void {
    const socket = this.#socket;
    this.#socket = undefined;
    this.#base = typeof hook === 'string' ? { url: hook } : hook;
    this.#http.close();
    this.#http = this.#httpLink();
    socket?.close(1000);
  }

  #moveTo(socket: AppSocket, hook: HookRef): void {
    const before = this.#socket;
    this.#socket = socket;
    // A hook relative to the old base names an application of the old base's origin.
    this.#base = { ...(typeof hook === 'string' ? undefined : hook), url: socket.url };
    before?.close(1000);
  }

  #httpLink(): Link {
    const base = this.#base;
    return new Link(this.#house.client, { ...this.#context, base }, this.#house);
  }

  /** Does the hook go over a WebSocket? A relative one goes where the application is. */
  #bySocket(url: string): boolean {
    return (schemeOf(url) ?? schemeOf(this.#base?.url ?? '')) === 'ws';
  }

  #socketFor(hook: HookRef, type: string): AppSocket | HookFault {
    const place = this.#place(hook);
    if (!('method' in place)) return place;
    const { place: current } = this.#socket ?? {};
    const relative = schemeOf(urlOf(hook)) === undefined;
    const same = current !== undefined && (takesOver.has(type) && !relative ? sameUrl : sameOrigin)(current, place);
    if (this.#socket?.alive === true && (relative || same)) return this.#socket;
    if (takesOver.has(type) || this.#socket === undefined) return this.#open(place, 'call');
    const url = place.url.replace(/^http/, 'ws');
    if (relative || same)
      return { ok: false, kind: 'closed', url, message: 'the WebSocket of the application is gone' };
    return {
      ok: false,
      kind: 'bad-url',
      url,
      message: 'hooks go over the call’s own WebSocket; redirect moves the call',
    };
  }

  #tellerFor(hook: HookRef): AppSocket | HookFault {
    const place = this.#place(hook);
    if (!('method' in place)) return place;
    const base = this.#socket?.place ?? this.#place(this.#base ?? '');
    const relative = schemeOf(urlOf(hook)) === undefined;
    if (relative && !('method' in base)) return base;
    if ('method' in base && (relative || sameOrigin(base, place))) return (this.#socket ??= this.#open(base, 'call'));
    const url = place.url.replace(/^http/, 'ws');
    const known = this.#others.get(url);
    if (known?.alive === true) return known;
    if (known === undefined && this.#others.size >= mostOthers)
      return { ok: false, kind: 'bad-url', url, message: `more than ${mostOthers} WebSockets beside the call's own` };
    const socket = this.#open(place, 'status');
    this.#others.set(url, socket);
    return socket;
  }

  #open(place: Destination, role: 'call' | 'status', from?: Conversation): AppSocket {
    return new AppSocket({ house: this.#house, context: this.#context, place, owner: this, role, from });
  }

  /** The address rules and credentials of HTTP hooks: the same place, spelt ws. */
  #place(hook: HookRef): Destination | HookFault {
    const spelt = typeof hook === 'string' ? asHttp(hook) : { ...hook, url: asHttp(hook.url) };
    const base = this.#base === undefined ? undefined : { ...this.#base, url: asHttp(this.#base.url) };
    const place = this.#house.client.places.destination(spelt, base);
    if (!('refused' in place)) return place;
    return { ok: false, kind: place.refused, url: place.url.replace(/^http/, 'ws'), message: place.message };
  }

  #refused(fault: HookFault, type: string): HookFault {
    raiseFault(this.#house.client.alerts, this.#context, type, fault);
    return fault;
  }
}

function urlOf(hook: HookRef): string {
  return typeof hook === 'string' ? hook : hook.url;
}

/** undefined: relative. */
function schemeOf(url: string): 'ws' | 'other' | undefined {
  // As nearly all are: no expression has to run.
  if (url.startsWith('/')) return undefined;
  if (url.startsWith('http://') || url.startsWith('https://')) return 'other';
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(url)?.[1]?.toLowerCase();
  return scheme === undefined ? undefined : scheme === 'ws' || scheme === 'wss' ? 'ws' : 'other';
}

function asHttp(url: string): string {
  return url.replace(/^ws(?=s?:)/i, 'http');
}

function sameOrigin(a: Destination, b: Destination): boolean {
  return a.origin === b.origin;
}

function sameUrl(a: Destination, b: Destination): boolean {
  return a.origin === b.origin && a.path === b.path;
}
