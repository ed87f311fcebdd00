/** A request of the peer inside a dialog, from its arrival until somebody replied. */
import { createResponse, header, type SipRequest, type SipResponse } from '../message/index.ts';
import type { ServerTransaction, TimerWheel, WheelTimer } from '../transaction/index.ts';
import type { ExtraHeader, InDialogRequest } from './types.ts';

export type Reply = Parameters<InDialogRequest['reply']>[0];

/** Completes and sends the replies: the dialog, or an invitation not yet answered. */
export interface Replier {
  readonly wheel: TimerWheel;
  /** Milliseconds after which a request nobody replied to is refused; RFC 3261 §17.1.2.2: its sender waits 64·T1. */
  readonly patience: number;
  /** Adds what a reply of this dialog carries, before it is sent. */
  complete(request: PendingRequest, response: SipResponse): void;
  /** A final reply is on its way out. */
  replied(request: PendingRequest, response: SipResponse): void;
}

export class PendingRequest implements InDialogRequest {
  readonly request: SipRequest;
  readonly method: string;
  readonly sdp: Buffer | undefined;
  readonly transaction: ServerTransaction;
  readonly #replier: Replier;
  readonly #limit: WheelTimer | undefined;
  #phase: 'open' | 'replied' = 'open';

  constructor(replier: Replier, request: SipRequest, transaction: ServerTransaction) {
    this.#replier = replier;
    this.request = request;
    this.method = request.method;
    this.sdp = sdpOf(request);
    this.transaction = transaction;
    // A re-INVITE may wait for a person; anything else may not.
    this.#limit =
      request.method === 'INVITE' ? undefined : replier.wheel.after(replier.patience, this, 'unanswered request');
  }

  get open(): boolean {
    return this.#phase === 'open';
  }

  reply(options: Reply): void {
    if (this.#phase === 'replied') return;
    const { status, reason, headers, sdp, body, contentType } = options;
    const content = sdp ?? body;
    const response = createResponse(this.request, status, reason, {
      ...(headers === undefined ? {} : { headers }),
      ...(content === undefined ? {} : { body: content, contentType: contentType ?? 'application/sdp' }),
    });
    this.#replier.complete(this, response);
    if (status >= 200) {
      this.#phase = 'replied';
      this.#limit?.cancel();
      this.#replier.replied(this, response);
    } else this.transaction.respond(response);
  }

  onTimer(): void {
    this.reply({ status: 500, reason: 'No Answer From The Application' });
  }

  /** The dialog goes: no timer of ours may stay. */
  drop(): void {
    this.#phase = 'replied';
    this.#limit?.cancel();
  }
}

export function sdpOf(message: SipRequest | SipResponse): Buffer | undefined {
  if (message.body.length === 0) return undefined;
  const type = message.headers.get(header.contentType);
  if (type === undefined || type === 'application/sdp') return message.body;
  const end = type.indexOf(';');
  const bare = (end < 0 ? type : type.slice(0, end)).trim().toLowerCase();
  return bare === 'application/sdp' ? message.body : undefined;
}

/** RFC 3261 §14.2: 0 to 10 s. */
export function retryAfter(seconds: number): readonly ExtraHeader[] {
  return [['Retry-After', String(seconds)]];
}
