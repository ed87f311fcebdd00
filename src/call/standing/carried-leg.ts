/** A leg that another process answered, or had answered, and that goes on here: the same dialog, the same ports. */
import type { SrtpPolicy } from '../../sdp/index.ts';
import type { Dialog, ExtraHeader, Reason } from '../../sip/agent/index.ts';
import type { EndCause } from '../end-cause.ts';
import { hearKeys } from '../keys.ts';
import { Leg } from '../leg.ts';
import { LegMedia } from '../leg-media.ts';
import type { Slot } from '../pacing.ts';
import type { Services } from '../services.ts';
import { limitTalk } from '../talk-limit.ts';
import type { LegSnapshot } from './snapshot.ts';

/** Requests that the process before may have sent since its last snapshot: none of ours may look older (RFC 3261 §12.2.1.1). */
const UNSEEN_REQUESTS = 1000;

export class CarriedLeg extends Leg {
  readonly #kept: LegSnapshot;

  constructor(services: Services, kept: LegSnapshot, dialog: Dialog) {
    super(services, kept.identity, { startedAt: kept.startedAt, state: 'in-progress' });
    this.#kept = kept;
    this.carrierSid = kept.carrierSid;
    this.trunk = kept.trunk;
    this.remoteHost = kept.remoteHost;
    this.tag = kept.tag;
    this.callerId = kept.callerId;
    this.rangAt = kept.rangAt;
    this.link(kept.sipCallId);
    this.talks(dialog, kept.answeredAt);
    this.#takeCapacity();
    if (kept.talkUntil !== undefined) limitTalk(this, kept.talkUntil);
  }

  static restore(services: Services, kept: LegSnapshot): CarriedLeg {
    const { dialog } = kept;
    const ahead = { ...dialog, localCSeq: dialog.localCSeq + UNSEEN_REQUESTS };
    return new CarriedLeg(services, kept, services.agent.restore(ahead));
  }

  /** As it was agreed: a far end that encrypts goes on to. */
  protected override get srtp(): SrtpPolicy {
    return this.#kept.media?.negotiation.agreement.srtp === undefined ? 'none' : 'require';
  }

  /** Its ports again, with what was agreed. False when they cannot be had: it can say nothing then. */
  async resumeMedia(): Promise<boolean> {
    const kept = this.#kept.media;
    try {
      if (kept === undefined) throw new Error('encrypted audio does not outlive the process that had its keys');
      const media = this.take(await LegMedia.restore(this.services, this.mediaOwner, kept));
      await media.configure(kept.negotiation.agreement, this.remoteHost);
      if (this.#kept.muted) await media.mute(true);
      hearKeys(this);
      return true;
    } catch (fault) {
      this.note('media.failed', { reason: String(fault) });
      return false;
    }
  }

  hangup(cause: EndCause, options: { headers?: readonly ExtraHeader[]; reason?: Reason } = {}): void {
    if (this.state !== 'ended') this.bye(cause, options);
  }

  /** It counts against the limits of its carrier as before, and waits for nobody. */
  #takeCapacity(): void {
    const carrier = this.services.directory.get('carrier', this.carrierSid ?? '');
    if (this.identity.direction === 'inbound' || carrier?.maxCalls === undefined) return;
    const slot: Slot = this.services.pacers.occupy(carrier.sid, { maxCalls: carrier.maxCalls, maxCps: carrier.maxCps });
    this.events.on('ended', () => slot.release());
  }
}
