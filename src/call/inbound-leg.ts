/** The caller's leg: an INVITE that came in. Rings, early media, the answer; every step at most once. */
import { messageOf } from '../base/index.ts';
import {
  type CallerIdentity,
  type Dialog,
  type ExtraHeader,
  type Invitation,
  originOf,
  type Reason,
} from '../sip/agent/index.ts';
import { asksForIce, type Format, parseSdp, type SrtpPolicy } from '../sdp/index.ts';
import { reasonPhrase } from '../sip/message/index.ts';
import type { EndCause } from './end-cause.ts';
import { Leg, type LegIdentity, type LeftInvites } from './leg.ts';
import type { LegMedia } from './leg-media.ts';
import { warning } from './reinvite.ts';
import type { Services } from './services.ts';

/** As the carrier's gateway says; a user may call either way unless it is said otherwise. */
export function srtpOfCaller({ directory }: Services, caller: CallerIdentity): SrtpPolicy {
  if (caller.kind === 'carrier') return directory.get('gateway', caller.gatewaySid)?.srtp ?? 'none';
  if (caller.kind === 'teams') return 'require';
  return directory.get('client', caller.clientSid)?.srtp ?? 'offer';
}

export class InboundLeg extends Leg {
  readonly invitation: Invitation;

  constructor(services: Services, identity: LegIdentity, invitation: Invitation) {
    super(services, identity);
    this.invitation = invitation;
    const { address, transport } = originOf(invitation.source);
    this.remoteHost = address;
    if (invitation.caller.kind === 'carrier') this.carrierSid = invitation.caller.carrierSid;
    this.transport = transport;
    this.link(invitation.callId);
    invitation.events.on('cancelled', (reason) => this.#cancelled(reason));
    // An UPDATE before the answer may only change what was already agreed; we agree to nothing new then.
    invitation.events.on('update', (request) => request.reply({ status: request.sdp === undefined ? 200 : 491 }));
  }

  /** The caller's codecs, best first: what was agreed, else what it offers. */
  get codecs(): readonly Format[] | undefined {
    const agreed = this.media?.spoken;
    if (agreed !== undefined) return agreed;
    const { offer } = this.invitation;
    const read = offer === undefined ? undefined : parseSdp(offer);
    return read?.ok === true
      ? read.sdp.media.find((line) => line.type === 'audio' && line.port !== 0)?.formats
      : undefined;
  }

  protected override get srtp(): SrtpPolicy {
    return srtpOfCaller(this.services, this.invitation.caller);
  }

  protected override get usesIce(): boolean {
    const { offer } = this.invitation;
    return offer === undefined ? this.#fromBrowser : asksForIce(offer);
  }

  get unanswered(): boolean {
    return this.state !== 'in-progress' && this.state !== 'ended';
  }

  /** 180, once, and not after early media. */
  ring(): void {
    if (this.state !== 'trying') return;
    this.invitation.progress({ status: 180 });
    this.provisional(180, 'Ringing', false);
  }

  /** 183 with our answer, so that something can be heard before the call is answered. False when that cannot be. */
  async earlyMedia(prefer?: readonly Format[]): Promise<boolean> {
    if (this.state === 'early-media') return true;
    if (!this.unanswered || this.invitation.offer === undefined) return false;
    const media = await this.#ports();
    if (media === undefined || !this.unanswered) return false;
    const sdp = this.#agree(media, prefer);
    if (sdp === undefined) return false;
    this.invitation.progress({ status: 183, sdp });
    this.provisional(183, 'Session Progress', true);
    return this.state !== 'in-progress';
  }

  /** 200. Resolves once it was sent; false when the caller is gone, has no codec we speak, or there are no ports for it. */
  async answer(prefer?: readonly Format[], headers: readonly ExtraHeader[] = []): Promise<boolean> {
    if (!this.unanswered) return this.state === 'in-progress';
    const media = await this.#ports();
    if (!this.unanswered) return this.answered200;
    if (media === undefined) {
      this.reject({ status: 503, reason: 'No Media', cause: { by: 'error', reason: 'no ports could be reserved' } });
      return false;
    }
    const late = this.invitation.offer === undefined;
    const sdp = late ? this.#lateOffer(media, prefer) : this.#agree(media, prefer);
    if (sdp === undefined) return false;
    const dialog = this.invitation.accept({ sdp, headers });
    this.answered(dialog);
    return late ? this.#lateAnswer(media, dialog) : true;
  }

  get answered200(): boolean {
    return this.state === 'in-progress';
  }

  /** Refuses the call. Nothing happens when it was answered or is over. */
  reject(end: {
    status: number;
    reason?: string;
    cause: EndCause;
    headers?: readonly ExtraHeader[];
    /** What hooks are told, where the code alone would say something else. */
    as?: 'failed';
  }): void {
    if (!this.unanswered) return;
    const { status, reason, cause, headers } = end;
    this.invitation.reject({
      status,
      ...(reason === undefined ? {} : { reason }),
      ...(headers === undefined ? {} : { headers }),
    });
    const final =
      end.as ?? (status === 486 || status === 600 ? 'busy' : status === 487 || status === 480 ? 'no-answer' : 'failed');
    const sipReason = reason ?? reasonPhrase(status);
    this.finish({ status: final, sipStatus: status, sipReason, cause, byeHeaders: undefined });
  }

  override left(): LeftInvites {
    return { came: this.invitation.snapshot() };
  }

  hangup(cause: EndCause, options: { headers?: readonly ExtraHeader[]; reason?: Reason } = {}): void {
    if (this.state === 'ended') return;
    if (this.unanswered)
      this.reject({ status: 480, cause, ...(options.headers === undefined ? {} : { headers: options.headers }) });
    else this.bye(cause, options);
  }

  /** undefined: there are none, or the caller gave up while they were being reserved. */
  async #ports(): Promise<LegMedia | undefined> {
    try {
      return await this.openMedia();
    } catch (fault) {
      this.note('media.failed', { reason: messageOf(fault) });
      return undefined;
    }
  }

  /** The SDP answer of this call: made once; a 200 after a 183 repeats it. */
  #agree(media: LegMedia, prefer: readonly Format[] | undefined): Buffer | undefined {
    const { negotiation } = media;
    if (negotiation.agreement !== undefined) return negotiation.localSdp;
    const received = negotiation.receive(this.invitation.offer ?? Buffer.alloc(0));
    const rtcpMux = this.invitation.caller.kind === 'teams' ? true : undefined;
    const answer = received.ok ? negotiation.answer({ prefer, rtcpMux }) : { fault: received.fault };
    if ('fault' in answer) {
      this.reject({
        status: 488,
        reason: 'Not Acceptable Here',
        headers: [['Warning', warning(answer.fault)]],
        cause: { by: 'error', reason: answer.fault },
      });
      return undefined;
    }
    void media.configure(answer.agreement, this.remoteHost);
    return answer.sdp;
  }

  #lateOffer(media: LegMedia, prefer: readonly Format[] | undefined): Buffer {
    return media.negotiation.offer({ web: this.#fromBrowser, prefer });
  }

  /** Who calls over a WebSocket is one, even who leaves the offer to us. */
  get #fromBrowser(): boolean {
    const { transport } = originOf(this.invitation.source);
    return transport === 'ws' || transport === 'wss';
  }

  /** Our 200 carried the offer: nothing can be heard before the ACK brings the answer. */
  #lateAnswer(media: LegMedia, dialog: Dialog): Promise<boolean> {
    return new Promise((resolve) => {
      this.events.on('ended', () => resolve(false));
      dialog.events.once('acknowledged', (answer) => {
        const read = answer === undefined ? undefined : media.negotiation.answered(answer);
        if (read?.ok === true) {
          void media.configure(read.agreement, this.remoteHost);
          return resolve(true);
        }
        const reason = read?.ok === false ? read.fault : 'the ACK of a late offer had no answer';
        return this.hangup({ by: 'error', reason });
      });
    });
  }

  #cancelled(reason: Reason | undefined): void {
    this.finish({
      status: 'no-answer',
      sipStatus: 487,
      sipReason: 'Request Terminated',
      cause: { by: 'caller', reason: reason?.text ?? 'gave up while it rang' },
      byeHeaders: undefined,
    });
  }
}
