/** The 2xx responses of one INVITE: the ACK of each, again when it repeats, and BYE to those nobody wants. Outlives the
 * call for 64·T1, as its transaction does, so it holds no more than that takes. RFC 3261 §13.2.2.4. */
import {
  type Authorizer,
  ClientRequest,
  coreOfResponse,
  type DialogCore,
  type DialogHost,
  type InviteFacts,
  pathOf,
  type Reason,
  reasonValue,
  requestOf,
  type SentAck,
  type Sender,
} from '../dialog/index.ts';
import { type SipResponse, tagOf } from '../message/index.ts';
import type { ClientUser, Hop } from '../transaction/index.ts';

/** Forks of one INVITE we follow: an attacker's To tags shall not fill the memory. */
export const maxForks = 32;

export type AnswersOptions = {
  readonly host: DialogHost;
  readonly authorizer: Authorizer | undefined;
  readonly facts: InviteFacts;
  readonly contact: string;
  /** Where requests of the dialog must go in spite of the peer's Contact. */
  readonly pinned: (response: SipResponse) => Hop | undefined;
};

const nothing = (): void => {};

export class InviteAnswers implements ClientUser {
  /** Said in the BYE of unwanted answers. */
  reason: Reason | undefined = undefined;
  readonly #options: AnswersOptions;
  /** By To tag; most often one. */
  readonly #acks: Array<{ readonly tag: string; readonly ack: SentAck }> = [];

  constructor(options: AnswersOptions) {
    this.#options = options;
  }

  /** The route set and target come from the 2xx; only the counts go on from the early dialog. */
  coreOf(response: SipResponse, early: DialogCore | undefined): DialogCore {
    const { facts, contact, pinned } = this.#options;
    const core = coreOfResponse(facts, response, { contact, hop: pinned(response) });
    if (early === undefined) return core;
    core.localCSeq = early.localCSeq;
    core.remoteCSeq = early.remoteCSeq;
    return core;
  }

  acknowledge(core: DialogCore, answer: Buffer | undefined): void {
    const { facts, host } = this.#options;
    const ack = requestOf(core, 'ACK', facts.cseq);
    // §22.1: an ACK carries the credentials of its INVITE.
    for (const [name, value] of facts.authorization) ack.headers.append(name, value);
    if (answer !== undefined) {
      ack.headers.set('Content-Type', 'application/sdp');
      ack.body = answer;
    }
    this.#acks.push({ tag: core.remoteTag, ack: host.sendAck(ack, pathOf(core)) });
  }

  /** A 2xx nobody waits for: its ACK again, or, of another fork, ACK and BYE. */
  onResponse(response: SipResponse): void {
    if (response.status < 200 || response.status >= 300 || response.cseq.number !== this.#options.facts.cseq) return;
    const tag = tagOf(response.to) ?? '';
    const known = this.#acks.find((each) => each.tag === tag);
    if (known !== undefined) known.ack.again();
    else if (this.#acks.length < maxForks) this.dismiss(this.coreOf(response, undefined));
  }

  onFailure(): void {
    // The call has had its end.
  }

  dismiss(core: DialogCore): void {
    this.acknowledge(core, undefined);
    const { host, authorizer } = this.#options;
    const sender: Sender = { host, core, authorizer, judge: nothing };
    const headers = this.reason === undefined ? [] : [['Reason', reasonValue(this.reason)] as const];
    new ClientRequest(sender, 'BYE', { headers }, nothing).send();
  }
}
