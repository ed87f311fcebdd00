/** A call a phone places: INVITE, what comes back, ACK, CANCEL. RFC 3261 §13.2. */
import { type Host, PhoneCall, type Wait } from './call.ts';
import { answerChallenge, type Login } from './digest.ts';
import { Journal } from './journal.ts';
import { type Header, type Message, read, targetOf, write } from './message.ts';
import type { Peer } from './transcript.ts';

export type InviteOptions = {
  /** Who calls: the user part (and host) of From. Default: the phone's name at its own address. */
  readonly from?: string;
  readonly fromName?: string;
  /** Whole From value, where it must be odd. */
  readonly rawFrom?: string;
  /** Next hop where it is not the Request-URI's host. */
  readonly via?: Peer;
  /** 'offer' by default; 'none' asks for a late offer; any other text is sent as it is. */
  readonly sdp?: string;
  /** Payload types offered. */
  readonly payloads?: readonly number[];
  readonly headers?: readonly Header[];
  /** Whole values in place of its own. */
  readonly contact?: string;
  readonly allow?: string;
  /** Answers a 401 or 407. */
  readonly login?: Login;
  /** False: the ACK of the 200 gets lost. */
  readonly acks?: boolean;
  /** Speaks this tone once there is someone to hear it. */
  readonly tone?: number;
};

export class OutgoingPhoneCall extends PhoneCall {
  /** Final responses to the INVITE, challenges that were answered left out. */
  readonly #finals = new Journal<Message>();
  readonly #options: InviteOptions;
  readonly #uri: string;
  #invite: Buffer = Buffer.alloc(0);
  #ackPeer: Peer | undefined;
  #tried = false;

  constructor(host: Host, uri: string, options: InviteOptions) {
    super(host, `${host.random.token(20)}@${host.address}`);
    this.#uri = uri;
    this.#options = options;
    this.transport = (options.via ?? targetOf(uri)).transport;
    const identity = options.from ?? host.name;
    const sipUri = identity.includes('@') ? `sip:${identity}` : `sip:${identity}@${host.address}:${host.port}`;
    this.local = options.rawFrom ?? `${options.fromName === undefined ? '' : `"${options.fromName}" `}<${sipUri}>`;
    this.remote = `<${uri}>`;
    this.remoteTarget = uri;
    void this.#place();
  }

  /** 180, 181, 182 or 183. */
  rings(wait: Wait = {}): Promise<Message> {
    return this.gets((message) => message.method === 'INVITE' && message.status > 100 && message.status < 200, wait);
  }

  /** The first final response. */
  async final(wait: Wait = {}): Promise<Message> {
    return this.#finals.until(() => true, {
      ...wait,
      what: `an answer to ${this.host.name}'s INVITE`,
      story: () => this.story(),
    });
  }

  /** The 200; fails when the call is refused. */
  async answered(wait: Wait = {}): Promise<Message> {
    const final = await this.final(wait);
    if (final.status >= 300) throw new Error(`${this.host.name} was refused with ${final.title}\n${this.story()}`);
    return final;
  }

  /** The final refusal; fails when the call is answered. */
  async refused(wait: Wait = {}): Promise<Message> {
    const final = await this.final(wait);
    if (final.status < 300) throw new Error(`${this.host.name} was answered, not refused\n${this.story()}`);
    return final;
  }

  /** Gives up: CANCEL. RFC 3261 §9.1. */
  cancels(headers: readonly Header[] = []): void {
    const sent = read(this.#invite);
    if (sent === undefined) return;
    const kept = sent.headers.filter(([name]) => /^(via|max-forwards|route|from|to|call-id)$/i.test(name));
    const bytes = write(`CANCEL ${sent.uri} SIP/2.0`, [...kept, ['CSeq', `${sent.cseq} CANCEL`], ...headers]);
    this.host.exchanges.request(bytes, this.#peer(), (response) => {
      if (response !== undefined) this.received.add(response);
    });
  }

  /** Sends the ACK that `acks: false` held back; `answer: false` leaves a late offer without its answer. */
  acks({ answer = true }: { answer?: boolean } = {}): void {
    this.#ack(this.localCSeq, answer);
  }

  override async close(): Promise<void> {
    this.#finals.close(`${this.host.name} was closed`);
    await super.close();
  }

  async #place(): Promise<void> {
    const media = await this.openMedia();
    if (this.#options.tone !== undefined) media.tone(this.#options.tone);
    this.#send([]);
  }

  #send(extra: readonly Header[]): void {
    const { sdp = 'offer', headers = [] } = this.#options;
    const offer = sdp === 'offer' ? this.#offer() : sdp;
    const all: Header[] = [
      ['Contact', this.#options.contact ?? this.contact],
      ['Allow', this.#options.allow ?? 'INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE, INFO'],
      ...headers,
      ...extra,
    ];
    this.#invite = this.compose('INVITE', this.localCSeq, {
      headers: all,
      ...(sdp === 'none' ? {} : { contentType: 'application/sdp', body: offer }),
    });
    this.host.exchanges.request(this.#invite, this.#peer(), (response) => this.#hear(response));
  }

  #offer(): string {
    const offer = this.ownSdp('sendrecv');
    const { payloads } = this.#options;
    return payloads === undefined ? offer : offer.replace(/AVP 0 8/, `AVP ${payloads.join(' ')}`);
  }

  #peer(): Peer {
    return this.#options.via ?? targetOf(this.#uri);
  }

  #hear(response: Message | undefined): void {
    if (response === undefined) {
      this.#finals.close(`nobody answered ${this.host.name}'s INVITE`);
      return;
    }
    this.received.add(response);
    if (response.sdp !== undefined) this.learn(response.sdp);
    if (response.status < 200) return;
    if (response.status >= 300) this.#refused(response);
    else this.#accepted(response);
  }

  #refused(response: Message): void {
    this.media?.pause();
    const { login } = this.#options;
    const challenge = response.get(response.status === 407 ? 'proxy-authenticate' : 'www-authenticate');
    const asked = response.status === 401 || response.status === 407;
    if (!asked || login === undefined || challenge === undefined || this.#tried) {
      if (this.#finals.entries.length === 0) this.#finals.add(response);
      return;
    }
    this.#tried = true;
    this.localCSeq++;
    const value = answerChallenge(challenge, login, { method: 'INVITE', uri: this.#uri });
    this.#send([[response.status === 407 ? 'Proxy-Authorization' : 'Authorization', value]]);
  }

  #accepted(response: Message): void {
    const first = this.#finals.entries.length === 0;
    if (first) {
      this.remote = response.get('to') ?? this.remote;
      this.meet(response, true);
      this.#finals.add(response);
    }
    if (this.#options.acks !== false) this.#ack(response.cseq);
  }

  #ack(cseq: number, answer = true): void {
    this.#ackPeer ??= this.nextHop();
    const late = answer && this.#options.sdp === 'none' && this.remoteSdp !== undefined;
    const extras = late ? { contentType: 'application/sdp', body: this.ownSdp('sendrecv', this.remoteSdp) } : {};
    this.host.exchanges.send(this.compose('ACK', cseq, extras), this.#ackPeer);
  }
}
