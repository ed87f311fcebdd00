/** A call that rings a phone: what it may answer, when, and how wrong. RFC 3261 §13.3. */
import { type Answer, type Host, PhoneCall, type Wait } from './call.ts';
import type { Happening } from './happenings.ts';
import type { PhoneMedia } from './media.ts';
import { type Header, type Message, splitList, uriOf } from './message.ts';
import { type PhoneSdp, readSdp } from './sdp.ts';
import { now, type Peer } from './transcript.ts';

const reasons: Readonly<Record<number, string>> = {
  100: 'Trying',
  180: 'Ringing',
  181: 'Call Is Being Forwarded',
  182: 'Queued',
  183: 'Session Progress',
  302: 'Moved Temporarily',
  401: 'Unauthorized',
  404: 'Not Found',
  407: 'Proxy Authentication Required',
  408: 'Request Timeout',
  480: 'Temporarily Unavailable',
  486: 'Busy Here',
  487: 'Request Terminated',
  488: 'Not Acceptable Here',
  500: 'Server Internal Error',
  503: 'Service Unavailable',
  600: 'Busy Everywhere',
  603: 'Decline',
};

export type AnswerOptions = {
  /** 'none' sends no SDP; any other text is sent as it is. */
  readonly sdp?: string;
  /** To tag: another one makes another fork. */
  readonly tag?: string;
  readonly headers?: readonly Header[];
};

export class IncomingPhoneCall extends PhoneCall {
  readonly invite: Message;
  /** The offer of the INVITE; undefined when it came without. */
  readonly offer: PhoneSdp | undefined;
  readonly #peer: Peer;
  /** What happens on CANCEL before a final answer. Default: 200 to it, 487 to the INVITE. */
  onCancel: ((cancel: Message) => void) | undefined;
  /** So many ACKs get lost on their way here: the 200 is repeated meanwhile. */
  lostAcks = 0;
  /** The final status that left, else 0. */
  #final = 0;

  constructor(host: Host, invite: Message, peer: Peer) {
    super(host, invite.callId);
    this.invite = invite;
    this.#peer = peer;
    this.transport = peer.transport;
    this.local = invite.get('to') ?? '';
    this.remote = invite.get('from') ?? '';
    this.remoteTarget = uriOf(splitList(invite.get('contact') ?? '')[0] ?? '');
    this.offer = invite.sdp === undefined ? undefined : readSdp(invite.sdp);
    this.meet(invite, false);
    this.received.add(invite);
    this.atEnd((by) => {
      if (this.#final === 200 && (by === 'them' || by === 'us')) this.tells({ event: 'ended', by });
    });
  }

  /** The status this phone gave finally, 0 while it has not. */
  get finalStatus(): number {
    return this.#final;
  }

  /** Writes down what happened in this call, for `phone.events`. */
  tells(happening: Happening): void {
    this.host.events.add({ ...happening, at: now(), phone: this.host.name, call: this.callId });
  }

  protected override opened(media: PhoneMedia): void {
    media.ears.digits.follow(({ digit }) => this.tells({ event: 'key', key: digit, by: 'rtp' }));
  }

  /** Opens the audio beforehand, so that `answerNow` sends within the same tick. */
  async prepare(): Promise<this> {
    await this.openMedia();
    return this;
  }

  /** 180 (or another provisional) without SDP. */
  rings(status = 180, options: { tag?: string; headers?: readonly Header[] } = {}): void {
    if (this.#final !== 0) return;
    this.#reply({
      status,
      reason: reasons[status] ?? 'Progress',
      headers: [['Contact', this.contact], ...(options.headers ?? [])],
      ...tagOf(options),
    });
  }

  /** 183 with SDP; what it says is early media. */
  async earlyMedia(hz?: number): Promise<void> {
    const media = await this.openMedia();
    if (this.#final !== 0) return;
    if (hz !== undefined) media.tone(hz);
    this.#reply({
      status: 183,
      reason: 'Session Progress',
      headers: [['Contact', this.contact]],
      body: this.ownSdp('sendrecv', this.offer),
    });
    if (this.offer !== undefined) this.learnOffer();
  }

  /** 200 with an answer (or, to an INVITE without one, an offer). Does nothing when the call was ended before. */
  async answers(options: AnswerOptions = {}): Promise<void> {
    await this.openMedia();
    if (this.#final === 0) this.answerNow(options);
  }

  /** As `answers`, at once: needs `prepare()`. Sends a 200 whatever was sent before. */
  answerNow(options: AnswerOptions = {}): void {
    const cannot =
      options.sdp === undefined && this.offer !== undefined && this.keys.answered(this.offer) === 'refused';
    if (cannot) return this.refuses(488);
    const body = options.sdp === 'none' ? undefined : (options.sdp ?? this.ownSdp('sendrecv', this.offer));
    if (this.#final === 0) this.tells({ event: 'answered' });
    this.#final = 200;
    const stop = this.#reply({
      status: 200,
      reason: 'OK',
      headers: [
        ['Contact', this.contact],
        ['Allow', 'INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE, INFO'],
        ...(options.headers ?? []),
      ],
      untilAcked: true,
      ...(body === undefined ? {} : { body }),
      ...tagOf(options),
    });
    this.stopRepeating(stop);
    if (options.tag !== undefined) this.localTag = options.tag;
    if (this.offer !== undefined && options.sdp !== 'none') this.learnOffer();
  }

  /** Refuses: 300 to 699. */
  refuses(status: number, reason?: string, headers: readonly Header[] = []): void {
    if (this.#final !== 0) return;
    this.#final = status;
    this.media?.pause();
    const untilAcked = this.#peer.transport === 'udp';
    this.stopRepeating(this.#reply({ status, reason: reason ?? reasons[status] ?? 'Refused', headers, untilAcked }));
    if (status !== 487) this.tells({ event: 'refused', status });
    this.end('refused');
  }

  /** The other side gave up. */
  cancelled(wait: Wait = {}): Promise<Message> {
    return this.gets('CANCEL', wait);
  }

  /** The ACK of our final response. */
  acknowledged(wait: Wait = {}): Promise<Message> {
    return this.gets('ACK', wait);
  }

  override takes(request: Message, peer: Peer): void {
    if (request.method === 'ACK' && this.lostAcks > 0) {
      this.lostAcks--;
      return;
    }
    if (request.method === 'INFO') this.#hearInfo(request);
    if (request.method !== 'CANCEL') {
      super.takes(request, peer);
      return;
    }
    this.received.add(request);
    this.respond(request, peer, { status: 200, reason: 'OK' });
    if (this.#final === 0) this.tells({ event: 'cancelled' });
    if (this.onCancel !== undefined) this.onCancel(request);
    else this.refuses(487);
  }

  /** A key in application/dtmf-relay (`Signal=5`) or application/dtmf (`5`). */
  #hearInfo(request: Message): void {
    if (!/^application\/dtmf/i.test(request.get('content-type') ?? '')) return;
    const key = /^(?:\s*Signal\s*=)?\s*([0-9*#A-D])\s*$/im.exec(request.body.toString())?.[1];
    if (key !== undefined) this.tells({ event: 'key', key: key.toUpperCase(), by: 'info' });
  }

  private learnOffer(): void {
    if (this.invite.sdp !== undefined) this.learn(this.invite.sdp);
  }

  #reply(answer: Answer): () => void {
    return this.respond(this.invite, this.#peer, answer);
  }
}

function tagOf(options: { readonly tag?: string }): { tag?: string } {
  return options.tag === undefined ? {} : { tag: options.tag };
}
