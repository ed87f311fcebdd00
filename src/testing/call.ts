/** One call at a phone, either side: its dialog as RFC 3261 §12 has it, its audio, and what came in and went out. */
import type { Random } from '../base/index.ts';
import type { SrtpKey, SrtpSuite } from '../sdp/index.ts';
import type { Exchanges } from './exchange.ts';
import type { PhoneEvent } from './happenings.ts';
import { after, Journal } from './journal.ts';
import { type IceKind, PhoneIce } from './ice.ts';
import { PhoneKeys } from './keys.ts';
import { PhoneMedia } from './media.ts';
import { type Header, type Message, param, splitList, targetOf, transportParam, uriOf, write } from './message.ts';
import { type Direction, mirrored, type PhoneSdp, readSdp, type SdpOptions, writeSdp } from './sdp.ts';
import { ladder, type Peer, type Transcript, type Transport } from './transcript.ts';

/** What a call needs of its phone. */
export type Host = {
  readonly name: string;
  readonly address: string;
  readonly port: number;
  /** Host and port that its Via and Contact say. */
  readonly sentBy: string;
  readonly transcript: Transcript;
  readonly exchanges: Exchanges;
  readonly random: Random;
  /** Share of RTP packets lost on the way out, 0 to 1. */
  readonly loss: number;
  /** It takes RTCP on the port of RTP, and sends it so to who does too. */
  readonly rtcpMux: boolean;
  /** SRTP that it offers and takes; undefined: none. */
  readonly srtp: SrtpSuite | undefined;
  /** How it is found, where its audio is SRTP; undefined: by its SDP. */
  readonly ice: IceKind | undefined;
  /** What happened in its calls. */
  readonly events: Journal<PhoneEvent>;
};

/** Who ended it; 'closed': the phone was let go of, 'refused': never answered. */
export type EndedBy = 'them' | 'us' | 'refused' | 'closed';

export type Wait = { readonly within?: number; readonly since?: number };
export type RequestExtras = {
  readonly headers?: readonly Header[];
  readonly contentType?: string;
  readonly body?: string;
};

/** A status, alone or with headers of its own. */
export type OwnAnswer = number | { readonly status: number; readonly headers?: readonly Header[] };

/** A re-INVITE or UPDATE from the other side; return a status to refuse it, nothing to accept. */
export type OnReinvite = (request: Message) => number | undefined;

export abstract class PhoneCall {
  readonly host: Host;
  readonly callId: string;
  /** Every message of this call that came in, as it came. */
  readonly received = new Journal<Message>();
  media: PhoneMedia | undefined;
  onReinvite: OnReinvite = () => undefined;
  /** How long a re-INVITE waits for its answer, ms. */
  reinviteDelayMs = 0;
  /** The SDP the other side sent last. */
  remoteSdp: PhoneSdp | undefined;
  protected readonly keys: PhoneKeys;
  protected localTag: string;
  protected local = '';
  protected remote = '';
  protected remoteTarget = '';
  protected routes: readonly string[] = [];
  protected localCSeq: number;
  protected transport: Transport = 'udp';
  #direction: Direction = 'sendrecv';
  #version = 0;
  #answers: Readonly<Record<string, OwnAnswer>> = {};
  #invitePending = false;
  #opening: Promise<PhoneMedia> | undefined;
  #stopRepeating: () => void = () => {};
  #over = false;
  #keeps = Infinity;
  readonly #atEnd = new Set<(by: EndedBy) => void>();

  constructor(host: Host, callId: string) {
    this.host = host;
    this.callId = callId;
    this.localTag = host.random.token(10);
    this.keys = new PhoneKeys(host.srtp);
    this.localCSeq = 1 + host.random.integer(1000);
  }

  /** The next requests go there, until the far end says again where it is. */
  asksAt({ host, port }: { readonly host: string; readonly port: number }): void {
    this.remoteTarget = `sip:${host}:${port}`;
  }

  /** The story so far, for a failure message. */
  story(): string {
    return ladder([this.host.transcript]);
  }

  /** Waits for a message of this call: a method, a status, or whatever matches. What already came counts. */
  gets(what: string | number | ((message: Message) => boolean), wait: Wait = {}): Promise<Message> {
    const match =
      typeof what === 'function'
        ? what
        : (message: Message) =>
            typeof what === 'string'
              ? message.isRequest && message.method === what
              : message.status === what && message.method === 'INVITE';
    const described = typeof what === 'function' ? 'a certain message' : String(what);
    return this.received.until(match, {
      ...wait,
      what: `${described} at ${this.host.name}`,
      story: () => this.story(),
    });
  }

  /** The other side hung up. */
  byed(wait: Wait = {}): Promise<Message> {
    return this.gets('BYE', wait);
  }

  /** Sends a request in the dialog; resolves with its final response. Rejects when none comes. */
  request(method: string, extras: RequestExtras = {}): Promise<Message> {
    const cseq = ++this.localCSeq;
    const bytes = this.compose(method, cseq, extras);
    return new Promise((resolve, reject) => {
      this.host.exchanges.request(bytes, this.nextHop(), (response) => {
        if (response === undefined) {
          reject(new Error(`${this.host.name}: no answer to ${method}\n${this.story()}`));
          return;
        }
        this.received.add(response);
        if (response.status < 200) return;
        if (method === 'INVITE') this.#endReinvite(response, extras.body === undefined);
        resolve(response);
      });
    });
  }

  /** Presses one key by SIP INFO; resolves with the answer. `type` without `application/`. */
  pressesByInfo(key: string, options: { type?: 'dtmf-relay' | 'dtmf'; body?: string } = {}): Promise<Message> {
    const { type = 'dtmf-relay', body = type === 'dtmf' ? key : `Signal=${key}\r\nDuration=160\r\n` } = options;
    return this.request('INFO', { contentType: `application/${type}`, body });
  }

  /** True once it is hung up, refused or let go of. */
  get over(): boolean {
    return this.#over;
  }

  /** Calls back once when the call is over, however it ends; at once when it is already. */
  atEnd(listener: (by: EndedBy) => void): void {
    if (this.#over) listener('us');
    else this.#atEnd.add(listener);
  }

  /** Keeps only so many of its messages, packets and digits. */
  remembersOnly(entries: number): void {
    this.#keeps = entries;
    this.received.limit = entries;
  }

  /** Says BYE; resolves with its answer. */
  hangsUp(headers: readonly Header[] = []): Promise<Message> {
    this.media?.stop();
    this.stopRepeating();
    this.end('us');
    return this.request('BYE', { headers });
  }

  /** Changes the session by re-INVITE. `offer: false` asks the other side for the offer. */
  async reInvites(
    options: {
      direction?: Direction;
      address?: string;
      offer?: boolean;
      payloads?: readonly number[];
      /** Sends with another SRTP key from now on. */
      rekeys?: boolean;
    } = {},
  ): Promise<Message> {
    const media = await this.openMedia();
    this.#direction = options.direction ?? this.#direction;
    if (options.rekeys === true) this.keys.renew();
    const body = writeSdp({
      address: options.address ?? media.address,
      port: media.port,
      direction: this.#direction,
      version: ++this.#version,
      mux: this.host.rtcpMux && this.remoteSdp?.mux !== false,
      crypto: this.remoteSdp?.secure === false ? undefined : this.keys.offered,
      ice: this.#iceLines(media, this.remoteSdp),
      ...(options.payloads === undefined ? {} : { payloads: options.payloads }),
    });
    this.#invitePending = true;
    const contact: Header = ['Contact', this.contact];
    const extras =
      options.offer === false ? { headers: [contact] } : { headers: [contact], contentType: 'application/sdp', body };
    try {
      return await this.request('INVITE', extras);
    } finally {
      this.#invitePending = false;
    }
  }

  /** Puts the other side on hold; after a 491 it waits as RFC 3261 §14.1 says and tries again. */
  holds(): Promise<Message> {
    return this.#insists({ direction: 'sendonly' });
  }

  resumes(): Promise<Message> {
    return this.#insists({ direction: 'sendrecv' });
  }

  /** From its next SDP on, be it an offer or an answer, it sends with another SRTP key. */
  rekeys(): void {
    this.keys.renew();
  }

  /** The SRTP key it sends with, once there is one. */
  get sends(): SrtpKey | undefined {
    return this.remoteSdp === undefined ? undefined : this.keys.agreed(this.remoteSdp)?.send;
  }

  presses(keys: string, durationMs?: number): Promise<void> {
    if (this.media === undefined) throw new Error(`${this.host.name} has no media yet`);
    return this.media.presses(keys, durationMs);
  }

  speaks(hz: number, levelDb?: number): void {
    this.media?.tone(hz, levelDb);
  }

  /** Resolves when a tone is heard; fails with what was heard instead. */
  async hears(hz: number, wait: { within?: number; since?: number } = {}): Promise<number> {
    const media = await this.openMedia();
    return media.ears.hears(hz, { ...wait, story: () => this.story() });
  }

  async close(): Promise<void> {
    this.end('closed');
    this.stopRepeating();
    this.received.close(`${this.host.name} was closed`);
    await (await this.#opening)?.close();
  }

  /** Feeds a request inside the dialog (or ACK). */
  takes(request: Message, peer: Peer): void {
    this.received.add(request);
    if (request.method === 'ACK') this.acked(request);
    else if (request.method === 'INVITE' || request.method === 'UPDATE')
      this.#accept(request, peer).catch((fault: unknown) =>
        this.host.transcript.note(`no answer to ${request.method}: ${String(fault)}`),
      );
    else if (request.method === 'BYE') {
      this.media?.stop();
      this.stopRepeating();
      this.respond(request, peer, { status: 200, reason: 'OK' });
      this.end('them');
    } else {
      const said = this.#answers[request.method] ?? (request.method === 'REFER' ? 202 : 200);
      const { status, headers = [] } = typeof said === 'number' ? { status: said } : said;
      this.respond(request, peer, { status, reason: status < 300 ? 'OK' : 'No', headers });
    }
  }

  /** What requests inside the dialog get from now on, by method; 200 (REFER: 202) where nothing is said. */
  answersRequests(answers: Readonly<Record<string, OwnAnswer>>): void {
    this.#answers = answers;
  }

  get contact(): string {
    const { name, sentBy } = this.host;
    return `<sip:${name}@${sentBy}${transportParam(this.transport)}>`;
  }

  get via(): string {
    const { sentBy, random } = this.host;
    return `SIP/2.0/${this.transport.toUpperCase()} ${sentBy};branch=z9hG4bK${random.token(16)};rport`;
  }

  respond(request: Message, peer: Peer, answer: Answer): () => void {
    const headers: Header[] = [
      ...request.headers.filter(([name]) => /^(via|v|record-route|from|f|call-id|i|cseq)$/i.test(name)),
      [
        'To',
        answer.status === 100
          ? (request.get('to') ?? '')
          : withTag(request.get('to') ?? '', answer.tag ?? this.localTag),
      ],
      ...(answer.headers ?? []),
    ];
    if (answer.body !== undefined) headers.push(['Content-Type', 'application/sdp']);
    const bytes = write(`SIP/2.0 ${answer.status} ${answer.reason}`, headers, answer.body ?? '');
    return this.host.exchanges.answer(request, bytes, { peer, untilAcked: answer.untilAcked ?? false });
  }

  async openMedia(): Promise<PhoneMedia> {
    // Several may ask before the sockets are bound: they get the same ones.
    this.#opening ??= PhoneMedia.open(this.host.address, this.host.random).then((media) => {
      const { ice, random } = this.host;
      if (ice !== undefined) media.ice = new PhoneIce(ice, random, (bytes, to) => media.sendRaw(bytes, to));
      this.opened(media);
      return media;
    });
    this.media = await this.#opening;
    this.media.loss = this.host.loss;
    this.media.ears.packets.limit = this.#keeps;
    this.media.ears.digits.limit = this.#keeps;
    return this.media;
  }

  /** Called once, with the audio as it is opened. */
  protected opened(_media: PhoneMedia): void {}

  protected end(by: EndedBy): void {
    if (this.#over) return;
    this.#over = true;
    for (const listener of this.#atEnd) listener(by);
    this.#atEnd.clear();
  }

  protected stopRepeating(next: () => void = () => {}): void {
    this.#stopRepeating();
    this.#stopRepeating = next;
  }

  protected acked(ack: Message): void {
    this.stopRepeating();
    if (ack.sdp !== undefined) this.learn(ack.sdp);
  }

  /** Takes the other side's SDP into use. */
  protected learn(sdp: string): void {
    this.remoteSdp = readSdp(sdp);
    this.media?.secure(this.keys.agreed(this.remoteSdp));
    if (this.media !== undefined) this.media.mux = this.host.rtcpMux && this.remoteSdp.mux;
    if (this.remoteSdp.ice !== undefined) this.media?.ice?.meets(this.remoteSdp.ice);
    this.media?.connect(this.remoteSdp);
  }

  /** None where the other side has none. */
  #iceLines({ ice, address, port }: PhoneMedia, theirs: PhoneSdp | undefined): SdpOptions['ice'] {
    if (ice === undefined || (theirs !== undefined && theirs.ice === undefined)) return undefined;
    return { session: ice.sessionLines(), media: ice.mediaLines({ address, port }) };
  }

  protected ownSdp(direction: Direction, offered?: PhoneSdp): string {
    const media = this.media;
    if (media === undefined) throw new Error('media is not open');
    const crypto = offered === undefined ? this.keys.offered : this.keys.answered(offered);
    const shared = offered?.payloads.filter((pt) => pt === 0 || pt === 8);
    return writeSdp({
      address: media.address,
      port: media.port,
      direction,
      version: ++this.#version,
      mux: this.host.rtcpMux && offered?.mux !== false,
      crypto: crypto === 'refused' ? undefined : crypto,
      ice: this.#iceLines(media, offered),
      ...(shared === undefined ? {} : { payloads: shared.slice(0, 1), events: offered?.events }),
    });
  }

  protected compose(method: string, cseq: number, extras: RequestExtras = {}): Buffer {
    const headers: Header[] = [
      ['Via', this.via],
      ['Max-Forwards', '70'],
      ...this.routes.map((route): Header => ['Route', route]),
      ['From', withTag(this.local, this.localTag)],
      ['To', this.remote],
      ['Call-ID', this.callId],
      ['CSeq', `${cseq} ${method}`],
      ...(extras.headers ?? []),
    ];
    if (extras.contentType !== undefined) headers.push(['Content-Type', extras.contentType]);
    return write(`${method} ${this.remoteTarget} SIP/2.0`, headers, extras.body ?? '');
  }

  protected nextHop(): Peer {
    return targetOf(this.routes[0] === undefined ? this.remoteTarget : uriOf(this.routes[0]));
  }

  /** Remembers the way to the other side from a message that has its Contact and Record-Route. */
  protected meet(message: Message, asCaller: boolean): void {
    const contact = message.get('contact');
    if (contact !== undefined) this.remoteTarget = uriOf(splitList(contact)[0] ?? contact);
    const routes = message.all('record-route');
    this.routes = asCaller ? routes.reverse() : routes;
  }

  async #accept(request: Message, peer: Peer): Promise<void> {
    const refusal = this.#invitePending && request.method === 'INVITE' ? 491 : this.onReinvite(request);
    if (refusal !== undefined) {
      this.stopRepeating(
        this.respond(request, peer, { status: refusal, reason: 'Refused', untilAcked: request.method === 'INVITE' }),
      );
      return;
    }
    if (this.reinviteDelayMs > 0) await after(this.reinviteDelayMs);
    await this.openMedia();
    this.meetAgain(request);
    const offered = request.sdp === undefined ? undefined : readSdp(request.sdp);
    if (request.sdp !== undefined) this.learn(request.sdp);
    const body =
      request.sdp === undefined && request.method === 'UPDATE'
        ? undefined
        : this.ownSdp(mirrored(offered?.direction ?? 'sendrecv'), offered);
    this.stopRepeating(
      this.respond(request, peer, {
        status: 200,
        reason: 'OK',
        headers: [['Contact', this.contact]],
        ...(body === undefined ? {} : { body }),
        untilAcked: request.method === 'INVITE',
      }),
    );
  }

  protected meetAgain(message: Message): void {
    const contact = message.get('contact');
    if (contact !== undefined) this.remoteTarget = uriOf(contact);
  }

  #endReinvite(response: Message, late: boolean): void {
    if (response.status >= 300) return;
    if (response.sdp !== undefined) this.learn(response.sdp);
    this.meetAgain(response);
    const offered = this.remoteSdp;
    const answered = late && offered !== undefined;
    const extras = answered
      ? { contentType: 'application/sdp', body: this.ownSdp(mirrored(offered.direction), offered) }
      : {};
    this.host.exchanges.send(this.compose('ACK', response.cseq, extras), this.nextHop());
  }

  async #insists(options: { direction: Direction }): Promise<Message> {
    for (let attempt = 0; ; attempt++) {
      const response = await this.reInvites(options);
      if (response.status !== 491 || attempt === 3) return response;
      await new Promise<void>((resolve) => {
        this.host.exchanges.after(this.host.random.integer(2000), resolve);
      });
    }
  }
}

export type Answer = {
  readonly status: number;
  readonly reason: string;
  readonly body?: string;
  readonly tag?: string;
  readonly headers?: readonly Header[];
  readonly untilAcked?: boolean;
};

export function withTag(value: string, tag: string): string {
  return param(value, 'tag') === undefined ? `${value};tag=${tag}` : value;
}
