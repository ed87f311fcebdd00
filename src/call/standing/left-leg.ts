/** A leg that another process left before it was answered, here only to be ended in good order: the far end hears of it, and
 * so do the hook and the record. */
import type { EndCause } from '../end-cause.ts';
import { Leg } from '../leg.ts';
import type { Services } from '../services.ts';
import type { LeftLeg } from './snapshot.ts';

const SERVICE_UNAVAILABLE = 503;

export class Leftover extends Leg {
  readonly #left: LeftLeg;

  constructor(services: Services, left: LeftLeg) {
    super(services, left.identity, left);
    this.#left = left;
    this.trunk = left.trunk;
    this.remoteHost = left.remoteHost;
    this.tag = left.tag;
    this.callerId = left.callerId;
    this.rangAt = left.rangAt;
    this.link(left.sipCallId);
  }

  hangup(cause: EndCause): void {
    const { came, sent = [] } = this.#left.invites;
    const { agent } = this.services;
    if (came !== undefined) agent.refuseLeft(came, SERVICE_UNAVAILABLE);
    const reason = { protocol: 'SIP', cause: SERVICE_UNAVAILABLE, text: cause.reason } as const;
    for (const call of sent) agent.cancelLeft(call, reason, this.rangAt !== undefined);
    const sipReason = 'Service Unavailable';
    this.finish({ status: 'failed', sipStatus: SERVICE_UNAVAILABLE, sipReason, cause, byeHeaders: undefined });
  }
}
