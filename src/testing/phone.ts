/** A SIP phone on real sockets with real audio, for tests of applications and of the server itself. Everything it does
 * is scripted; everything it sees is kept. */
import { randomInt } from 'node:crypto';
import { messageOf, type Random, SeededRandom } from '../base/index.ts';
import type { SrtpSuite } from '../sdp/index.ts';
import { type Behaviour, phones } from './behaviours.ts';
import type { Host, PhoneCall, Wait } from './call.ts';
import { answerChallenge, type Login } from './digest.ts';
import { Exchanges } from './exchange.ts';
import type { PhoneEvent } from './happenings.ts';
import type { IceKind } from './ice.ts';
import { IncomingPhoneCall } from './incoming.ts';
import { Journal } from './journal.ts';
import { type Header, type Message, param, read, targetOf, transportParam, userOf, write } from './message.ts';
import { type InviteOptions, OutgoingPhoneCall } from './outgoing.ts';
import { ladder, type Peer, Transcript, type Transport } from './transcript.ts';
import { type PhoneTls, Wire } from './wire.ts';

export type PhoneOptions = {
  /** Its name in ladders and the user part of its URI. */
  readonly name?: string;
  readonly address?: string;
  /** 0, the default, takes a free port. */
  readonly port?: number;
  /** How it takes calls; default: rings for ever. */
  readonly onInvite?: Behaviour;
  /** Makes its chance repeatable: packet loss, SSRCs, tags. */
  readonly seed?: number;
  /** What its Contact says and how it calls; with udp and tcp it listens on both. */
  readonly transport?: Transport;
  readonly tls?: PhoneTls;
  /** This share of its audio packets gets lost on the way out, 0 to 1; which ones, the seed says. */
  readonly loss?: number;
  /** Offers and takes SRTP in this suite, by SDES; without it, it refuses an offer of SRTP with 488. */
  readonly srtp?: SrtpSuite;
  /** With SRTP and `rtcpMux`: is found by ICE, as a full or a lite agent. */
  readonly ice?: IceKind;
  /** Takes RTCP on the port of RTP, RFC 5761. */
  readonly rtcpMux?: boolean;
  /** False: forgets a call when it is over. For phones that run for long; a test wants to look back. */
  readonly remembers?: boolean;
};

export type Server = { readonly host: string; readonly port: number };

export type RegisterOptions = Login & {
  readonly realm: string;
  readonly expires?: number;
  /** Contact value in place of our own; `*` with expires 0 removes all. */
  readonly contact?: string;
  readonly headers?: readonly Header[];
};

/** So many entries a phone keeps that does not remember: 20 s of audio. */
const recent = 1000;
/** So many calls at once it takes then; more get 486. */
const mostCalls = 1000;
/** And lets it ring, and talks, so long, ms. */
const longestRing = 600_000;
const longestCall = 14_400_000;

export class Phone implements Host {
  readonly name: string;
  readonly transcript: Transcript;
  readonly random: Random;
  readonly seed: number;
  /** Calls that rang here. */
  readonly calls = new Journal<IncomingPhoneCall>();
  /** What happened in its calls, in order. */
  readonly events = new Journal<PhoneEvent>();
  /** Requests outside of calls: OPTIONS, NOTIFY … They get `optionsStatus` and `strayStatus`. */
  readonly strays = new Journal<Message>();
  onInvite: Behaviour;
  /** Answer to OPTIONS. */
  optionsStatus = 200;
  /** Answer to other requests outside of calls. */
  strayStatus = 200;
  readonly transport: Transport;
  /** May be set anew between calls. */
  srtp: SrtpSuite | undefined;
  readonly rtcpMux: boolean;
  /** May be set anew between calls. */
  ice: IceKind | undefined;
  exchanges!: Exchanges;
  #wire!: Wire;
  #loss = 0;
  readonly #remembers: boolean;
  readonly #all = new Map<string, PhoneCall>();
  #registerCallId = '';
  #registerCSeq = 0;
  #closing: Promise<void> | undefined;

  private constructor(options: PhoneOptions) {
    this.name = options.name ?? 'phone';
    this.seed = options.seed ?? randomInt(2 ** 31);
    this.random = new SeededRandom(this.seed);
    this.transcript = new Transcript(this.name);
    this.onInvite = options.onInvite ?? phones.ringsForEver();
    this.transport = options.transport ?? 'udp';
    this.srtp = options.srtp;
    this.rtcpMux = options.rtcpMux ?? false;
    this.ice = options.ice;
    this.#remembers = options.remembers ?? true;
    if (!this.#remembers) for (const journal of [this.transcript, this.strays, this.events]) journal.limit = recent;
    this.#loss = options.loss ?? 0;
    if (!(this.#loss >= 0 && this.#loss <= 1)) throw new Error(`loss is a share from 0 to 1, not ${this.#loss}`);
    this.#registerCallId = this.random.token(20);
  }

  /** A phone that listens on UDP and TCP (a phone of transport tls: TLS instead, when it has a certificate). */
  static async listen(options: PhoneOptions = {}): Promise<Phone> {
    const phone = new Phone(options);
    const { address = '127.0.0.1', port = 0, tls = {} } = options;
    phone.#wire = await Wire.open({ address, port, tls, transport: phone.transport }, (bytes, from) =>
      phone.#take(bytes, from),
    );
    phone.exchanges = new Exchanges(phone.#wire, phone.transcript);
    return phone;
  }

  get address(): string {
    return this.#wire.address;
  }

  get port(): number {
    return this.#wire.port;
  }

  /** A browser has no address to tell. RFC 7118 §5. */
  get sentBy(): string {
    return this.#speaksWebSocket ? `${this.name}.invalid` : `${this.address}:${this.port}`;
  }

  get #speaksWebSocket(): boolean {
    return this.transport === 'ws' || this.transport === 'wss';
  }

  get loss(): number {
    return this.#loss;
  }

  get uri(): string {
    return `sip:${this.name}@${this.sentBy}${transportParam(this.transport)}`;
  }

  /** From now on this share of its audio packets gets lost. */
  dropsPackets(percent: number): void {
    this.#loss = percent / 100;
    for (const call of this.#all.values()) if (call.media !== undefined) call.media.loss = this.#loss;
  }

  /** Calls a URI. */
  invites(uri: string, options: InviteOptions = {}): OutgoingPhoneCall {
    const said = options.via !== undefined || uri.includes(';transport=');
    const full = said ? uri : `${uri}${transportParam(this.transport)}`;
    const via = this.#speaksWebSocket && !said ? { via: { ...targetOf(uri), transport: this.transport } } : {};
    const call = new OutgoingPhoneCall(this, full, { ...options, ...via });
    this.#all.set(call.callId, call);
    return call;
  }

  /** The n-th call that rang here (from 0), now or later. */
  nextCall(n = 0, wait: Wait = {}): Promise<IncomingPhoneCall> {
    const known = this.calls.entries[n];
    if (known !== undefined) return Promise.resolve(known);
    return this.calls.until((call) => this.calls.entries.indexOf(call) === n, {
      ...wait,
      what: `call number ${n + 1} at ${this.name}`,
      story: () => ladder([this.transcript]),
    });
  }

  /** The first event of this kind, now or later: `await bob.happens('message')`. */
  happens<E extends PhoneEvent['event']>(event: E, wait: Wait = {}): Promise<Extract<PhoneEvent, { event: E }>> {
    return this.events.until((each) => each.event === event, {
      ...wait,
      what: `'${event}' at ${this.name}`,
      story: () => ladder([this.transcript]),
    }) as Promise<Extract<PhoneEvent, { event: E }>>;
  }

  /** Hangs up every answered call; resolves when all said yes, or after `within` ms. */
  async hangsUpAll(within = 2000): Promise<void> {
    const live = this.calls.entries.filter((call) => call.finalStatus === 200 && !call.over);
    const limit = new Promise<void>((resolve) => this.exchanges.after(within, resolve));
    await Promise.race([Promise.allSettled(live.map((call) => call.hangsUp())), limit]);
  }

  /** Registers, answering the challenge; resolves with the final response. */
  async register(server: Server, options: RegisterOptions): Promise<Message> {
    const first = await this.#sendRegister(server, options);
    const challenge = first.get('www-authenticate');
    if (first.status !== 401 || challenge === undefined) return first;
    const uri = `sip:${options.realm}`;
    const value = answerChallenge(strongest(first.all('www-authenticate')) ?? challenge, options, {
      method: 'REGISTER',
      uri,
    });
    return this.#sendRegister(server, { ...options, headers: [...(options.headers ?? []), ['Authorization', value]] });
  }

  unregister(server: Server, options: RegisterOptions): Promise<Message> {
    return this.register(server, { ...options, expires: 0 });
  }

  /** Sends a request outside of any call; resolves with its final response. */
  request(bytes: Buffer, peer: Peer): Promise<Message> {
    return new Promise((resolve, reject) => {
      this.exchanges.request(bytes, peer, (response) => {
        if (response === undefined) reject(new Error(`${this.name}: no answer\n${ladder([this.transcript])}`));
        else if (response.status >= 200) resolve(response);
      });
    });
  }

  /** Sends any bytes, SIP or not. */
  sendRaw(bytes: Buffer | string, to: Server, transport: Transport = 'udp'): void {
    const raw = typeof bytes === 'string' ? Buffer.from(bytes) : bytes;
    this.transcript.note(`${raw.length} raw bytes to ${to.host}:${to.port}`);
    this.#wire.send(raw, { transport, address: to.host, port: to.port });
  }

  /** Finds this name and port there from now on, without asking DNS. */
  finds(host: string, port: number, at: Server): void {
    this.#wire.names.set(`${host}:${port}`, at);
  }

  /** Cuts its connections, or the one to there. */
  cutConnections(to?: Server): void {
    this.#wire.cut(to);
  }

  /** Lets go of everything. Calls still up are not hung up. */
  close(): Promise<void> {
    this.#closing ??= this.#shut();
    return this.#closing;
  }

  async #shut(): Promise<void> {
    this.exchanges.close();
    this.calls.close(`${this.name} was closed`);
    this.strays.close(`${this.name} was closed`);
    this.events.close(`${this.name} was closed`);
    this.transcript.close(`${this.name} was closed`);
    await Promise.all([this.#wire.close(), ...Array.from(this.#all.values(), (call) => call.close())]);
  }

  #sendRegister(server: Server, options: RegisterOptions): Promise<Message> {
    const { realm, username, expires = 300 } = options;
    const via = `SIP/2.0/${this.transport.toUpperCase()} ${this.sentBy};branch=z9hG4bK${this.random.token(16)};rport`;
    const own = `<sip:${username}@${this.sentBy}${transportParam(this.transport)}>`;
    const bytes = write(`REGISTER sip:${realm} SIP/2.0`, [
      ['Via', via],
      ['Max-Forwards', '70'],
      ['From', `<sip:${username}@${realm}>;tag=${this.random.token(8)}`],
      ['To', `<sip:${username}@${realm}>`],
      ['Call-ID', this.#registerCallId],
      ['CSeq', `${++this.#registerCSeq} REGISTER`],
      ['Contact', options.contact ?? own],
      ['Expires', String(expires)],
      ...(options.headers ?? []),
    ]);
    return this.request(bytes, { transport: this.transport, address: server.host, port: server.port });
  }

  #take(bytes: Buffer, from: Peer): void {
    const message = read(bytes);
    if (message === undefined) return;
    this.transcript.message('in', message, from);
    try {
      if (!message.isRequest) this.exchanges.response(message);
      else if (!this.exchanges.repeated(message)) this.#takeRequest(message, from);
    } catch (fault) {
      this.transcript.note(`this message cannot be understood: ${messageOf(fault)}`);
    }
  }

  #takeRequest(message: Message, from: Peer): void {
    const call = this.#all.get(message.callId);
    const fresh = message.method === 'INVITE' && param(message.get('to') ?? '', 'tag') === undefined;
    if (fresh && this.#duplicate(message)) return;
    if (fresh) this.#ring(message, from);
    else if (call !== undefined) call.takes(message, from);
    else if (message.method !== 'ACK') this.#takeStray(message, from);
  }

  /** A repeat of an INVITE that has no answer yet. */
  #duplicate(message: Message): boolean {
    return this.calls.entries.some((call) => call.invite.branch === message.branch);
  }

  #ring(invite: Message, from: Peer): void {
    if (!this.#remembers && this.calls.entries.length >= mostCalls) {
      new IncomingPhoneCall(this, invite, from).refuses(486);
      return;
    }
    // A phone is no browser, whatever it is reached over.
    if (/^m=audio \d+ UDP\/TLS\//m.test(invite.body.toString())) {
      new IncomingPhoneCall(this, invite, from).refuses(488);
      return;
    }
    const call = new IncomingPhoneCall(this, invite, from);
    this.#all.set(call.callId, call);
    this.calls.add(call);
    call.tells({ event: 'called', from: userOf(invite.get('from') ?? ''), to: userOf(invite.get('to') ?? '') });
    if (!this.#remembers) this.#bound(call);
    void Promise.resolve(this.onInvite(call)).catch((fault: unknown) =>
      this.transcript.note(`behaviour failed: ${String(fault)}`),
    );
  }

  /** Its memory and its time: a caller that vanishes must not hold a place for ever. */
  #bound(call: IncomingPhoneCall): void {
    call.remembersOnly(recent);
    const unanswered = this.exchanges.after(longestRing, () => call.refuses(480));
    const answered = this.exchanges.after(longestCall, () => void call.hangsUp().catch(() => {}));
    call.atEnd(() => {
      unanswered();
      answered();
      this.#forgetLater(call);
    });
  }

  /** After the time in which its last messages may come again. RFC 3261 §17: 64*T1. */
  #forgetLater(call: IncomingPhoneCall): void {
    this.exchanges.after(32_000, () => {
      this.#all.delete(call.callId);
      this.calls.entries.splice(this.calls.entries.indexOf(call), 1);
      void call.close();
    });
  }

  #takeStray(message: Message, from: Peer): void {
    const unknown =
      message.method === 'BYE' || message.method === 'CANCEL' || param(message.get('to') ?? '', 'tag') !== undefined;
    const status = unknown ? 481 : message.method === 'OPTIONS' ? this.optionsStatus : this.strayStatus;
    const kept = message.headers.filter(([name]) => /^(via|v|from|f|to|t|call-id|i|cseq)$/i.test(name));
    this.exchanges.answer(message, write(`SIP/2.0 ${status} ${status === 200 ? 'OK' : 'No'}`, kept), { peer: from });
    this.strays.add(message);
  }
}

/** The challenge with the better hash. RFC 8760 §2.3 */
function strongest(challenges: readonly string[]): string | undefined {
  return challenges.find((each) => /algorithm="?SHA-256/i.test(each)) ?? challenges[0];
}

/** Where a URI of this phone's server is: a helper for `invites`. */
export function at(user: string, server: Server): string {
  return `sip:${user}@${server.host}:${server.port}`;
}
