/** A request of ours inside a dialog, not INVITE and not ACK: answers one challenge, tells the dialog of its death. */
import { createResponse, header, type SipRequest, type SipResponse } from '../message/index.ts';
import type { ClientUser } from '../transaction/index.ts';
import { type DialogCore, pathOf, requestOf } from './core.ts';
import type { Authorizer, DialogHost } from './host.ts';
import type { RequestOptions } from './types.ts';

/** The dialog as its requests see it. */
export interface Sender {
  readonly host: DialogHost;
  readonly core: DialogCore;
  readonly authorizer: Authorizer | undefined;
  /** Looks at every final response of a request in the dialog: 408 and 481 end it. */
  judge(response: SipResponse, by: 'response' | 'timeout' | 'transport'): void;
}

export class ClientRequest implements ClientUser {
  readonly #sender: Sender;
  readonly #method: string;
  readonly #options: RequestOptions;
  readonly #done: (response: SipResponse) => void;
  #request: SipRequest;
  #challenges = 0;

  constructor(sender: Sender, method: string, options: RequestOptions, done: (response: SipResponse) => void) {
    this.#sender = sender;
    this.#method = method;
    this.#options = options;
    this.#done = done;
    this.#request = this.#build();
  }

  send(): void {
    this.#sender.host.send(this.#request, pathOf(this.#sender.core), this);
  }

  onResponse(response: SipResponse): void {
    if (response.status < 200) return;
    if (this.#challenged(response)) return;
    if (this.#options.ownUsage !== true) this.#sender.judge(response, 'response');
    this.#done(response);
  }

  onFailure(reason: 'timeout' | 'transport'): void {
    const response = createResponse(this.#request, reason === 'timeout' ? 408 : 503);
    if (this.#options.ownUsage !== true || reason === 'transport') this.#sender.judge(response, reason);
    this.#done(response);
  }

  #challenged(response: SipResponse): boolean {
    if (response.status !== 401 && response.status !== 407) return false;
    // Twice: the second may say stale=true, which the authorizer decides.
    if (this.#sender.authorizer === undefined || this.#challenges >= 2) return false;
    this.#challenges += 1;
    const next = this.#build();
    if (!this.#sender.authorizer.authorize(next, response)) return false;
    this.#request = next;
    this.send();
    return true;
  }

  #build(): SipRequest {
    const { core, host } = this.#sender;
    core.localCSeq += 1;
    const request = requestOf(core, this.#method, core.localCSeq);
    const { headers, contentType, body } = this.#options;
    if (this.#method !== 'BYE') request.headers.own(header.contact, core.contact);
    request.headers.own(header.userAgent, host.userAgent);
    for (const [name, value] of headers ?? []) request.headers.append(name, value);
    if (body !== undefined) {
      request.headers.set('Content-Type', contentType ?? 'application/sdp');
      request.body = body;
    }
    return request;
  }
}
