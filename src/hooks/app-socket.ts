/** The conversation with one WebSocket application: what it must be told, in order, until it is acknowledged; what it
 * answers and commands. Connections come and go underneath (socket-machine.ts). */
import { Machine, printable, type Timer } from '../base/index.ts';
import type { AppCommand, AppContext, ControlResult, HookAnswer, HookFault } from '../ports/index.ts';
import { raiseFault } from './alert-types.ts';
import type { HookClient } from './client.ts';
import type { Destination } from './destination.ts';
import type { Entry, EventLogs } from './events.ts';
import type { Tally } from './link.ts';
import { traceable } from './mask.ts';
import { retryCause } from './retry.ts';
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
};

export type SocketOptions = {
  readonly house: SocketHouse;
  readonly context: AppContext;
  readonly place: Destination;
  readonly owner: SocketOwner;
  /** `call`: opens with a session message. `status`: is only told. */
  readonly role: 'call' | 'status';
};

type Payload = Readonly<Record<string, unknown>>;
type Item = {
  readonly event: Entry;
  /** The message without its closing brace. */
  readonly text: string;
  readonly asked: { at: number; settle(answer: HookAnswer): void } | undefined;
  /** On the connection that stands now. */
  sent: boolean;
  deliveries: number;
  timer: Timer | undefined;
};

const mostTries = 5;
/** Of a whole call: an application that comes and goes for ever is given up. */
const mostReturns = 20;
const mostItems = 500;
const mostEarly = 100;
const mostCommands = 64;
const mostBad = 20;
const alertedBad = 3;
const finals = new Set<unknown>(['completed', 'failed', 'busy', 'no-answer']);
const sessionTypes = new Set(['session:new', 'session:redirect', 'session:adulting']);

export class AppSocket implements SocketFacts {
  readonly place: Destination;
  readonly #options: SocketOptions;
  readonly #machine: Machine<SocketState, SocketEvent, SocketEffect, SocketFacts>;
  /** Not acknowledged, by seq. */
  readonly #items: Item[] = [];
  /** Notifications from before the session message, which must be the first. */
  readonly #early: [hook: string, type: string, data: Payload][] = [];
  #wire: SocketWire | undefined;
  #timer: Timer | undefined;
  #tries = 0;
  #returns = 0;
  #session: Payload | undefined;
  #greeting: string | undefined;
  #bad = 0;
  #waiting = 0;
  #commands: Promise<void> = Promise.resolve();
  known = false;

  constructor(options: SocketOptions) {
    this.#options = options;
    this.place = options.place;
    options.house.add();
    options.house.live.add(this);
    this.#machine = new Machine<SocketState, SocketEvent, SocketEffect, SocketFacts>({
      table: socketTable,
      initial: 'idle',
      context: this,
      perform: (effect) => this.#perform(effect),
    });
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
    return this.#options.role === 'status' && this.#items.length > 0;
  }

  mayRetry(fault: SocketFault): boolean {
    // The application has ended its control of the call.
    if (fault.kind === 'closed' || fault.kind === 'address-refused') return false;
    if (this.known) return this.#tries < mostTries && this.#returns < mostReturns;
    const { count, causes } = this.place.retry;
    const cause = retryCause({ ...fault, ok: false, url: '' });
    return cause !== undefined && causes.has(cause) && this.#tries < count;
  }

  request(hook: string, type: string, data: Payload): Promise<HookAnswer> {
    if (!this.alive) return Promise.resolve(this.#fault({ kind: 'closed', message: 'the WebSocket is closed' }));
    if (sessionTypes.has(type)) this.#session = data;
    this.#session ??= data;
    return new Promise((resolve) => {
      this.#add({ hook, type, data, asked: { at: this.#clock.monotonic(), settle: resolve } });
      for (const [earlyHook, earlyType, earlyData] of this.#early.splice(0))
        this.notify(earlyHook, earlyType, earlyData);
      this.#machine.handle({ type: 'wanted' });
    });
  }

  notify(hook: string, type: string, data: Payload): void {
    if (this.#options.role === 'call' && this.#session === undefined) {
      if (this.#early.length < mostEarly || finals.has(data['call_status'])) this.#early.push([hook, type, data]);
      return;
    }
    this.#add({ hook, type, data, asked: undefined });
    this.#machine.handle({ type: 'wanted' });
  }

  close(code: number): void {
    // Told too early to be sent, but an application may still fetch it.
    for (const [hook, type, data] of this.#early.splice(0)) this.#add({ hook, type, data, asked: undefined });
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
      data: { ...this.#session, unacknowledged: this.#items.length },
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

  #add(what: { hook: string; type: string; data: Payload; asked: Item['asked'] }): void {
    const { hook, type, data, asked } = what;
    const { house, context } = this.#options;
    const log = house.logs.open(context.accountSid, context.callSid);
    const id = house.logs.random.uuid();
    const head = { type, msgid: id, call_sid: context.callSid, ...(hook === '' ? {} : { hook }), data };
    const text = JSON.stringify(head).slice(0, -1);
    const event = log.append({
      id,
      type,
      ...(hook === '' ? {} : { hook }),
      at: this.#clock.now(),
      data,
      size: text.length,
    });
    const item: Item = { event, text, asked, sent: false, deliveries: 0, timer: undefined };
    if (text.length > house.limits.maxBytes) {
      const message = `the message is longer than ${house.limits.maxBytes} bytes`;
      return this.#settle(item, this.#fault({ kind: 'too-large', message }));
    }
    this.#items.push(item);
    if (this.#items.length > mostItems) this.#dropOldest();
  }

  /** Makes room. Questions and a call's last word are never dropped; REST still has the rest. */
  #dropOldest(): void {
    const at = this.#items.findIndex(
      ({ asked, event }) => asked === undefined && !finals.has((event.data as Payload)['call_status']),
    );
    if (at >= 0) this.#items.splice(at, 1);
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
    const { ackMs } = this.#options.house.limits;
    item.timer = this.#clock.after(ackMs, `${this.#label} ack`, () => {
      this.#remove(item);
      this.#settle(item, this.#fault({ kind: 'timeout', message: `no ack within ${ackMs} ms` }));
    });
  }

  #heard(text: string | undefined): void {
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
    const item = this.#items.find((each) => each.event.id === msgid);
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
    for (const item of this.#items.filter((each) => each.asked === undefined && each.sent && each.event.seq <= seq)) {
      item.event.acknowledged = true;
      this.#remove(item);
    }
  }

  #remove(item: Item): void {
    item.timer?.cancel();
    const at = this.#items.indexOf(item);
    if (at >= 0) this.#items.splice(at, 1);
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
    this.#lose({ kind: 'closed', message });
    this.#machine.handle({ type: 'close', code: 1008 });
  }

  /** The application is gone for good: what still waits for it fails. */
  #lose(fault: SocketFault): void {
    for (const item of this.#items.filter((each) => each.asked !== undefined)) {
      this.#remove(item);
      this.#settle(item, this.#fault(fault));
    }
    this.#options.owner.gone(this);
  }

  #goodbye(code: number): void {
    this.#timer?.cancel();
    this.#wire?.close(code, code === 1000 ? 'the call is over' : code === 1008 ? 'unreadable messages' : 'fault');
    this.#timer = this.#clock.after(closeMs, `${this.#label} close`, () => this.#machine.handle({ type: 'expired' }));
  }

  #end(): void {
    this.#timer?.cancel();
    this.#wire = undefined;
    const { house } = this.#options;
    for (const item of this.#items.splice(0)) {
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
