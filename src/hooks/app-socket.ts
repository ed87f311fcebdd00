/** The conversation with one WebSocket application: what it must be told, in order, until it is acknowledged; what it
 * answers and commands. Connections come and go underneath (socket-machine.ts). */
import { Machine, printable, type Timer } from '../base/index.ts';
import type {
  AppCommand,
  AppContext,
  ControlResult,
  Conversation,
  Delivery,
  HookAnswer,
  HookFault,
} from '../ports/index.ts';
import { raiseFault } from './alert-types.ts';
import type { HookClient } from './client.ts';
import type { Destination } from './destination.ts';
import type { EventLog, EventLogs } from './events.ts';
import { isFinal } from './final.ts';
import type { Tally } from './link.ts';
import { traceable } from './mask.ts';
import { retryCause } from './retry.ts';
import { type Item, SocketItems, unsent } from './socket-items.ts';
import { type Frame, readFrame } from './socket-frames.ts';
import {
  type SocketEffect,
  type SocketEvent,
  type SocketFacts,
  type SocketFault,
  type SocketState,
  socketTable,
} from './socket-machine.ts';
import { closeMs, SocketWire } from './socket-wire.ts';

/** What all sockets of the service share. */
export type SocketHouse = Tally & {
  readonly client: HookClient;
  readonly logs: EventLogs;
  readonly live: Set<AppSocket>;
  readonly limits: SocketLimits;
};
export type SocketLimits = {
  readonly handshakeMs: number;
  readonly ackMs: number;
  readonly pingMs: number;
  /** Longest message, either way. */
  readonly maxBytes: number;
};

export type SocketOwner = {
  command(command: AppCommand, from: AppSocket): ControlResult | Promise<ControlResult>;
  gone(socket: AppSocket): void;
  /** What `conversation` says has changed. */
  moved(): void;
};

export type SocketOptions = {
  readonly house: SocketHouse;
  readonly context: AppContext;
  readonly place: Destination;
  readonly owner: SocketOwner;
  /** `call`: opens with a session message. `status`: is only told. */
  readonly role: 'call' | 'status';
  /** It goes on from where another process was. */
  readonly from?: Conversation | undefined;
};

type Payload = Readonly<Record<string, unknown>>;
type Telling = Pick<Item, 'asked'> & {
  readonly hook: string;
  readonly type: string;
  readonly data: Payload;
  readonly id: string | undefined;
  readonly again?: boolean | undefined;
};

const mostTries = 5;
/** Of a whole call: an application that comes and goes for ever is given up. */
const mostReturns = 20;
const mostEarly = 100;
const mostCommands = 64;
const mostBad = 20;
/** Messages of one application: nobody's call may keep the thread from the others. */
const mostInSecond = 500;
const alertedBad = 3;
const sessionTypes = new Set(['session:new', 'session:redirect', 'session:adulting']);

export class AppSocket implements SocketFacts {
  readonly place: Destination;
  readonly #options: SocketOptions;
  readonly #machine: Machine<SocketState, SocketEvent, SocketEffect, SocketFacts>;
  readonly #items: SocketItems;
  /** Notifications from before the session message, which must be the first. */
  readonly #early: [hook: string, type: string, data: Payload, id: string | undefined][] = [];
  #wire: SocketWire | undefined;
  #timer: Timer | undefined;
  #tries = 0;
  #returns = 0;
  #session: Payload | undefined;
  #greeting: string | undefined;
  #bad = 0;
  #second = 0;
  #inSecond = 0;
  #waiting = 0;
  #commands: Promise<void> = Promise.resolve();
  known = false;

  constructor(options: SocketOptions) {
    this.#options = options;
    this.place = options.place;
    this.#items = new SocketItems(options.context.callSid);
    options.house.add();
    options.house.live.add(this);
    this.#machine = new Machine<SocketState, SocketEvent, SocketEffect, SocketFacts>({
      table: socketTable,
      initial: 'idle',
      context: this,
      perform: (effect) => this.#perform(effect),
    });
    if (options.from !== undefined) this.#resume(options.from);
  }

  /** Where it stands, as long as an application has the call and may be asked back. */
  get conversation(): Omit<Conversation, 'done'> | undefined {
    if (!this.known || !this.alive || this.#session === undefined) return undefined;
    return { session: this.#session, last: this.#log.last, owed: this.#items.written() };
  }

  get url(): string {
    return this.place.url.replace(/^http/, 'ws');
  }

  /** Is it, or may it come back? */
  get alive(): boolean {
    const { state } = this.#machine;
    return state !== 'closed' && state !== 'closing' && state !== 'leaving';
  }

  /** Has the call's application been asked anything? */
  get engaged(): boolean {
    return this.#session !== undefined;
  }

  get owes(): boolean {
    return this.#options.role === 'status' && this.#items.size > 0;
  }

  mayRetry(fault: SocketFault): boolean {
    // The application has ended its control of the call.
    if (fault.kind === 'closed' || fault.kind === 'address-refused') return false;
    if (this.known) return this.#tries < mostTries && this.#returns < mostReturns;
    const { count, causes } = this.place.retry;
    const cause = retryCause({ ...fault, ok: false, url: '' });
    return cause !== undefined && causes.has(cause) && this.#tries < count;
  }

  request(
    hook: string,
    type: string,
    data: Payload,
    { patienceMs = 0, id, again }: Delivery = {},
  ): Promise<HookAnswer> {
    if (!this.alive) return Promise.resolve(this.#fault({ kind: 'closed', message: 'the WebSocket is closed' }));
    if (sessionTypes.has(type)) this.#session = data;
    this.#session ??= data;
    return new Promise((resolve) => {
      const asked = { at: this.#clock.monotonic(), settle: resolve, patienceMs };
      this.#add({ hook, type, data, id, asked, again });
      for (const early of this.#early.splice(0)) this.notify(...early);
      this.#machine.handle({ type: 'wanted' });
    });
  }

  notify(hook: string, type: string, data: Payload, id?: string): void {
    const { state } = this.#machine;
    if (state === 'closing' || state === 'leaving') return;
    if (this.#options.role === 'call' && this.#session === undefined) {
      if (this.#early.length < mostEarly || isFinal(data)) this.#early.push([hook, type, data, id]);
      return;
    }
    this.#add({ hook, type, data, id, asked: undefined });
    this.#machine.handle({ type: 'wanted' });
  }

  close(code: number): void {
    // Told too early to be sent, but an application may still fetch it.
    for (const [hook, type, data, id] of this.#early.splice(0)) this.#add({ hook, type, data, id, asked: undefined });
    this.#machine.handle({ type: 'close', code });
  }

  /** Ends at once. */
  abort(): void {
    this.#machine.handle({ type: 'abort' });
  }

  get #clock() {
    return this.#options.house.client.clock;
  }

  get #label(): string {
    return `app socket ${this.#options.context.callSid}`;
  }

  #perform(effect: SocketEffect): void {
    switch (effect.type) {
      case 'connect':
        return this.#connect();
      case 'greet':
        return this.#greet();
      case 'flush':
        return this.#flush();
      case 'rest':
        return this.#rest();
      case 'lose':
        return this.#lose(effect.fault);
      case 'goodbye':
        return this.#goodbye(effect.code);
      case 'cut':
        return this.#wire?.cut();
      case 'end':
        return this.#end();
    }
  }

  #connect(): void {
    const { house, context } = this.#options;
    const { handshakeMs, maxBytes, pingMs } = house.limits;
    this.#wire = new SocketWire({
      clock: this.#clock,
      connections: house.client.connections,
      url: this.place.origin.replace(/^http/, 'ws') + this.place.path,
      headers: house.client.handshakeHeaders(context, this.place),
      handshakeMs,
      maxBytes,
      pingMs,
      label: this.#label,
      on: {
        opened: () => this.#machine.handle({ type: 'opened' }),
        message: (text) => this.#heard(text),
        failed: (fault) => this.#machine.handle({ type: 'failed', fault }),
        dropped: (fault) => {
          this.#unsend();
          this.#machine.handle({ type: 'dropped', fault });
        },
      },
    });
  }

  /** A new connection says first whose call it continues. Unanswered it counts as lost. */
  #greet(): void {
    const { context, house } = this.#options;
    this.#greeting = house.logs.random.uuid();
    const fields = {
      type: 'session:reconnect',
      msgid: this.#greeting,
      call_sid: context.callSid,
      data: { ...this.#session, unacknowledged: this.#items.size },
    };
    this.#wire?.send(JSON.stringify(fields), house.limits.maxBytes);
    this.#timer = this.#clock.after(house.limits.ackMs, `${this.#label} reconnect`, () => {
      this.#wire?.cut();
      this.#machine.handle({ type: 'dropped', fault: { kind: 'timeout', message: 'session:reconnect had no ack' } });
    });
  }

  #rest(): void {
    this.#timer?.cancel();
    const delay = 500 * 2 ** this.#tries++;
    this.#timer = this.#clock.after(delay, `${this.#label} rest`, () => this.#machine.handle({ type: 'rested' }));
  }

  #unsend(): void {
    this.#returns++;
    for (const item of this.#items) {
      item.sent = false;
      item.timer?.cancel();
    }
  }

  get #log(): EventLog {
    const { house, context } = this.#options;
    return house.logs.open(context.accountSid, context.callSid);
  }

  #resume(from: Conversation): void {
    this.#session = from.session;
    this.known = true;
    this.#items.resume(from, this.#log);
    this.#machine.handle({ type: 'wanted' });
  }

  #add(what: Telling): void {
    const { type, data, asked, again } = what;
    const { house } = this.#options;
    const hook = what.hook === '' ? {} : { hook: what.hook };
    const message = { id: what.id ?? house.logs.random.uuid(), type, ...hook, at: this.#clock.now(), data };
    const text = this.#items.textOf(message);
    // The process before has told it, and had no ack.
    if (asked === undefined && this.#items.find(message.id) !== undefined) return;
    const before = this.#items.askedBefore(message.id);
    const event = before ?? this.#log.append({ ...message, size: text.length });
    const item: Item = { ...unsent, event, text, asked, deliveries: again === true ? 1 : 0 };
    this.#options.owner.moved();
    if (text.length > house.limits.maxBytes) {
      const why = `the message is longer than ${house.limits.maxBytes} bytes`;
      return this.#settle(item, this.#fault({ kind: 'too-large', message: why }));
    }
    this.#items.add(item);
  }

  #flush(): void {
    for (const item of this.#items) {
      if (item.sent) continue;
      const { seq } = item.event;
      const text = `${item.text},"seq":${seq}${item.deliveries > 0 ? ',"redelivered":true' : ''}}`;
      if (this.#wire?.send(text, 4 * this.#options.house.limits.maxBytes) !== true) return;
      item.sent = true;
      if (item.deliveries++ === 0 && item.asked === undefined) this.#trace(item, undefined);
      if (item.asked !== undefined) this.#await(item);
    }
  }

  #await(item: Item): void {
    const ackMs = Math.max(this.#options.house.limits.ackMs, item.asked?.patienceMs ?? 0);
    item.timer = this.#clock.after(ackMs, `${this.#label} ack`, () => {
      this.#remove(item);
      this.#settle(item, this.#fault({ kind: 'timeout', message: `no ack within ${ackMs} ms` }));
    });
  }

  #heard(text: string | undefined): void {
    const second = Math.floor(this.#clock.monotonic() / 1000);
    if (second !== this.#second) [this.#second, this.#inSecond] = [second, 0];
    if (++this.#inSecond > mostInSecond) return this.#giveUp('the application sends too much');
    const frame: Frame = text === undefined ? { type: 'bad', why: 'a binary message' } : readFrame(text);
    switch (frame.type) {
      case 'ack':
        return this.#acknowledged(frame);
      case 'command':
        return this.#command(frame, text ?? '');
      case 'bad':
        return this.#refuseFrame(frame.why, text);
    }
  }

  #acknowledged({ msgid, seq, data }: Extract<Frame, { type: 'ack' }>): void {
    if (msgid !== undefined && msgid === this.#greeting) {
      this.#greeting = undefined;
      this.#timer?.cancel();
      this.#tries = 0;
      this.#machine.handle({ type: 'greeted' });
      return;
    }
    if (seq !== undefined) return this.#confirmUpTo(seq);
    const item = this.#items.find(msgid);
    if (item === undefined) return; // Late, or acknowledged before.
    this.#remove(item);
    item.event.acknowledged = true;
    // Messages keep their order on a connection: this one proves that those before it arrived.
    this.#confirmUpTo(item.event.seq);
    if (item.asked === undefined) return;
    if (sessionTypes.has(item.event.type)) {
      this.known = true;
      this.#tries = 0;
    }
    this.#settle(item, { ok: true, status: 200, body: data, url: this.url });
  }

  #confirmUpTo(seq: number): void {
    for (const item of [...this.#items].filter(
      (each) => each.asked === undefined && each.sent && each.event.seq <= seq,
    )) {
      item.event.acknowledged = true;
      this.#remove(item);
    }
  }

  #remove(item: Item): void {
    this.#items.remove(item);
    this.#options.owner.moved();
  }

  #settle(item: Item, answer: HookAnswer): void {
    const { context, house } = this.#options;
    this.#trace(item, answer);
    if (!answer.ok) raiseFault(house.client.alerts, context, item.event.type, answer);
    item.asked?.settle(answer);
  }

  /** One after the other, in the order they came. */
  #command(command: AppCommand, text: string): void {
    if (this.#waiting >= mostCommands)
      return this.#refuseCommand(command.command, { status: 429, message: 'too many commands wait' }, text);
    this.#waiting++;
    this.#commands = this.#commands.then(async () => {
      const result = await Promise.resolve(this.#options.owner.command(command, this)).catch((fault: unknown) => ({
        ok: false as const,
        status: 500,
        message: printable(String(fault), 300),
      }));
      this.#waiting--;
      if (!result.ok && this.alive) this.#refuseCommand(command.command, result, text);
    });
  }

  #refuseCommand(command: string, why: { status: number; message: string }, content: string): void {
    this.notify('', 'jambonz:error', {
      msg: 'CommandRefused',
      command,
      status: why.status,
      details: why.message,
      content: content.slice(0, 1024),
    });
  }

  #refuseFrame(why: string, text: string | undefined): void {
    const { house, context } = this.#options;
    this.#bad++;
    if (this.#bad <= alertedBad)
      house.client.alerts.raise({
        accountSid: context.accountSid,
        callSid: context.callSid,
        type: 'invalid-app-payload',
        message: `a message of the WebSocket application: ${why}`,
        url: this.url,
      });
    this.notify('', 'jambonz:error', { msg: 'InvalidMessage', details: why, content: text?.slice(0, 1024) });
    if (this.#bad >= mostBad) this.#giveUp('the application sends what nobody can read');
  }

  #giveUp(message: string): void {
    if (!this.alive) return;
    this.#lose({ kind: 'closed', message });
    this.#machine.handle({ type: 'close', code: 1008 });
  }

  /** The application is gone for good: what still waits for it fails. */
  #lose(fault: SocketFault): void {
    const asked = [...this.#items].filter((each) => each.asked !== undefined);
    for (const item of asked) {
      this.#remove(item);
      this.#settle(item, this.#fault(fault));
    }
    // A question that failed has raised the alert.
    const { house, context } = this.#options;
    if (asked.length === 0) raiseFault(house.client.alerts, context, 'WebSocket', this.#fault(fault));
    this.#options.owner.gone(this);
  }

  #goodbye(code: number): void {
    this.#timer?.cancel();
    this.#wire?.close(
      code,
      code === 1000 ? 'the call is over' : code === 1008 ? 'unreadable or too many messages' : 'fault',
    );
    this.#timer = this.#clock.after(closeMs, `${this.#label} close`, () => this.#machine.handle({ type: 'expired' }));
  }

  #end(): void {
    this.#timer?.cancel();
    this.#wire = undefined;
    const { house } = this.#options;
    for (const item of this.#items.clear()) {
      item.timer?.cancel();
      item.asked?.settle(this.#fault({ kind: 'closed', message: 'the call is over' }));
    }
    house.live.delete(this);
    house.remove();
  }

  #fault(fault: SocketFault): HookFault {
    return { ok: false, url: this.url, ...fault };
  }

  #trace(item: Item, answer: HookAnswer | undefined): void {
    const { house, context } = this.#options;
    const { event, asked } = item;
    house.client.publish({
      kind: 'hook',
      at: event.at,
      callSid: context.callSid,
      url: this.url,
      method: 'WS',
      type: event.type,
      status: answer?.status,
      durationMs: asked === undefined ? 0 : this.#clock.monotonic() - asked.at,
      attempt: Math.max(0, item.deliveries - 1),
      request: traceable(event.data, event.size),
      response: answer?.ok === true ? traceable(answer.body, 0) : undefined,
      error: answer === undefined || answer.ok ? undefined : `${answer.kind}: ${answer.message}`,
    });
  }
}
