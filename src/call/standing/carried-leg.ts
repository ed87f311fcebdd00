/** A leg that another process answered, or had answered, and that goes on here: the same dialog, the same ports. */
import type { SrtpPolicy } from '../../sdp/index.ts';
import type { Dialog, ExtraHeader, InDialogRequest, Reason } from '../../sip/agent/index.ts';
import type { EndCause } from '../end-cause.ts';
import { hearKeys } from '../keys.ts';
import { Leg } from '../leg.ts';
import { type CarriedMedia, LegMedia } from '../leg-media.ts';
import { offerPlace } from '../move-media.ts';
import { handleReinvite } from '../reinvite.ts';
import type { Slot } from '../pacing.ts';
import type { Services } from '../services.ts';
import { limitTalk } from '../talk-limit.ts';
import type { LegSnapshot } from './snapshot.ts';

const noMedia: EndCause = { by: 'error', reason: 'its media could not be carried on' };
/** Requests that the process before may have sent since its last snapshot: none of ours may look older (RFC 3261 §12.2.1.1). */
const UNSEEN_REQUESTS = 1000;

export class CarriedLeg extends Leg {
  readonly #kept: LegSnapshot;
  /** A far end that changes its session before its audio is back waits for that. */
  readonly #early: InDialogRequest[] = [];
  readonly #waits = (request: InDialogRequest): void => void this.#early.push(request);

  constructor(services: Services, kept: LegSnapshot, dialog: Dialog) {
    super(services, kept.identity, { startedAt: kept.startedAt, state: 'in-progress' });
    this.#kept = kept;
    this.carrierSid = kept.carrierSid;
    this.trunk = kept.trunk;
    this.remoteHost = kept.remoteHost;
    this.transport = kept.transport ?? '';
    this.tag = kept.tag;
    this.callerId = kept.callerId;
    this.rangAt = kept.rangAt;
    this.link(kept.sipCallId);
    this.talks(dialog, kept.answeredAt);
    this.takesReinvite = this.#waits;
    this.#takeCapacity();
    if (kept.talkUntil !== undefined) limitTalk(this, kept.talkUntil);
  }

  /** `moved`: it was another node's. */
  static restore(services: Services, kept: LegSnapshot, moved: boolean): CarriedLeg {
    const { dialog } = kept;
    const ahead = { ...dialog, localCSeq: dialog.localCSeq + UNSEEN_REQUESTS };
    // The name that goes through to Teams is the tenant's, not the node's.
    const ownContact = moved && kept.trunk !== 'teams';
    return new CarriedLeg(services, kept, services.agent.restore(ahead, { ownContact }));
  }

  /** As it was agreed: a far end that encrypts goes on to. */
  protected override get srtp(): SrtpPolicy {
    return this.#kept.media?.negotiation.agreement.srtp === undefined ? 'none' : 'require';
  }

  /** Resolves when its audio can be bridged: at the place it had, with what was agreed, and its far end notices nothing; else at
   * another place, which the far end is told of meanwhile, with keys of our own. `moved`: it was another node's. */
  async goOn(moved: boolean): Promise<void> {
    if (await this.#resume((kept) => LegMedia.restore(this.services, this.mediaOwner, kept))) {
      if (moved) void this.dialog?.showContact();
    } else if (await this.#resume((kept) => LegMedia.reanchor(this.services, this.mediaOwner, kept))) {
      void this.#tellPlace();
    } else this.hangup(noMedia);
    if (this.takesReinvite === this.#waits) this.takesReinvite = undefined;
    for (const request of this.#early.splice(0)) void handleReinvite(this, request);
  }

  async #tellPlace(): Promise<void> {
    const { media } = this;
    if (media === undefined) return;
    const placed = await offerPlace(this, media);
    if (this.end !== undefined) return;
    if (!placed.ok) {
      this.note('media.failed', { reason: placed.fault });
      return this.hangup(noMedia);
    }
    await media.configure(placed.agreement, this.remoteHost);
    this.renegotiated();
  }

  async #resume(from: (kept: CarriedMedia) => Promise<LegMedia>): Promise<boolean> {
    const kept = this.#kept.media;
    try {
      if (kept === undefined) throw new Error('its audio was not agreed on yet');
      const underWayMs = this.services.clock.now() - this.startedAt;
      const media = this.take(await from({ ...kept, underWayMs }));
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
