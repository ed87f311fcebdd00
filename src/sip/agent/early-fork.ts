/** One fork of an INVITE we sent, before its answer: an early dialog. RFC 3261 §12.1.2, RFC 3262 §4. */
import {
  answerTo,
  ClientRequest,
  coreOfResponse,
  type DialogCore,
  type DialogReceiver,
  type InviteFacts,
  keyOf,
  ProvisionalOrder,
  sdpOf,
  type Sender,
} from '../dialog/index.ts';
import { createResponse, type SipRequest, type SipResponse } from '../message/index.ts';
import type { Hop, Source } from '../transaction/index.ts';

export type ForkOptions = {
  readonly sender: Omit<Sender, 'core' | 'judge'>;
  readonly invite: InviteFacts;
  /** The INVITE carried no offer: the peer's first SDP is one. */
  readonly lateOffer: boolean;
  readonly contact: string;
  readonly hop: Hop | undefined;
  /** Answers an offer in a reliable 18x. */
  readonly answer: ((offer: Buffer) => Buffer) | undefined;
};

const nothing = (): void => {};

export class EarlyFork implements DialogReceiver {
  readonly core: DialogCore;
  readonly #options: ForkOptions;
  readonly #order = new ProvisionalOrder();
  /** The offer of a late-offer INVITE was answered in a PRACK: the ACK carries nothing. */
  answered: 'no' | 'inPrack' = 'no';

  constructor(options: ForkOptions, response: SipResponse) {
    this.#options = options;
    const { invite, contact, hop } = options;
    this.core = coreOfResponse(invite, response, { contact, hop });
    options.sender.host.enter(keyOf(this.core), this);
  }

  /** Acknowledges a reliable provisional; false when it is a repetition or came out of order and is not for the user. */
  acknowledge(response: SipResponse): boolean {
    const rseq = Number(response.headers.get('RSeq'));
    if (!Number.isInteger(rseq) || rseq <= 0) return true;
    if (this.#order.repeats(rseq) || !this.#order.take(rseq)) return false;
    const offer = sdpOf(response);
    const late = this.#options.lateOffer && this.answered === 'no';
    const { answer, sender: known } = this.#options;
    const body = late && offer !== undefined ? answerTo(offer, answer, known.host) : undefined;
    if (body !== undefined) this.answered = 'inPrack';
    const sender: Sender = { ...this.#options.sender, core: this.core, judge: nothing };
    const headers = [['RAck', `${rseq} ${response.cseq.number} INVITE`]] as const;
    // A lost PRACK is sent again by its own transaction, and the 18x by the peer: the repetition needs no second PRACK.
    new ClientRequest(sender, 'PRACK', body === undefined ? { headers } : { headers, body }, nothing).send();
    return true;
  }

  receive(request: SipRequest, from: Source): void {
    const { host } = this.#options.sender;
    const transaction = host.serve(request, from);
    const say = (status: number): void => void transaction.respond(createResponse(request, status));
    if (request.cseq.number <= this.core.remoteCSeq) return say(500);
    this.core.remoteCSeq = request.cseq.number;
    // §15: the callee does not end an early dialog by BYE but by a final response.
    if (request.method === 'UPDATE') return say(sdpOf(request) === undefined ? 200 : 488);
    say(request.method === 'OPTIONS' ? 200 : 481);
  }

  receiveAck(): void {
    // The peer never sends us an INVITE here.
  }

  drop(): void {
    this.#options.sender.host.leave(keyOf(this.core), this);
  }
}
