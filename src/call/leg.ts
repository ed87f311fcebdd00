/** One leg: a SIP dialog (or the INVITE that may become one), its audio, and what hooks are told of it. A leg ends once,
 * by finish(); who holds it hears of it through `ended`. */
import { Emitter, isPrivateAddress, Machine } from '../base/index.ts';
import type { Detection, PlayProgress } from '../ports/index.ts';
import { type Direction, mirrored, type SrtpPolicy } from '../sdp/index.ts';
import type {
  Dialog,
  DialogEnd,
  ExtraHeader,
  InDialogRequest,
  LeftCall,
  LeftInvitation,
  Reason,
} from '../sip/agent/index.ts';
import { lowerName } from '../sip/message/index.ts';
import type { Bridge } from './bridge.ts';
import type { EndCause } from './end-cause.ts';
import type { SipUri } from '../sip/message/index.ts';
import type { Replaces } from './replaces.ts';
import { takeTrickle } from './trickle.ts';
import { handleReinvite } from './reinvite.ts';
import { digitOf } from './info-digit.ts';
import { hearKeys, keyWayOf } from './keys.ts';
import { LegMedia, type MediaOwner } from './leg-media.ts';
import {
  type CallStatus,
  type FinalStatus,
  type LegEffect,
  type LegEvent,
  type LegState,
  legTable,
} from './leg-state.ts';
import type { Services } from './services.ts';

export type LegIdentity = {
  readonly callSid: string;
  /** The session's first leg: all legs of a session share one timeline. */
  readonly sessionSid: string;
  readonly accountSid: string;
  readonly applicationSid: string | undefined;
  /** Whose endpoints ours can be bridged with, where that is not the session: one media worker carries them all. */
  readonly mediaSession?: string;
  readonly parentCallSid: string | undefined;
  readonly direction: 'inbound' | 'outbound';
  readonly from: string;
  readonly to: string;
  readonly callerName: string;
  readonly traceId: string;
};

/** The INVITE of an unanswered caller, and those an unanswered callee was rung with. */
export type LeftInvites = { readonly came?: LeftInvitation; readonly sent?: readonly LeftCall[] };

/** How a leg ended. Fixed before anyone is told. */
export type LegEnd = {
  readonly status: FinalStatus;
  readonly sipStatus: number;
  readonly sipReason: string;
  readonly cause: EndCause;
  /** Headers of the BYE that ended it, when the far end sent one. */
  readonly byeHeaders: Readonly<Record<string, string>> | undefined;
};

export type LegEvents = {
  /** The state moved; what the status callback reports. */
  status: [status: CallStatus];
  /** Exactly once, after the last `status`. */
  ended: [end: LegEnd];
  digit: [digit: string, durationMs: number, source: 'rtp' | 'info'];
  /** A play came to its end by itself. */
  played: [play: string, error: string | undefined, progress: PlayProgress];
  /** What answering-machine detection found. */
  detected: [found: Detection];
  /** What played on a track came to its end by itself. */
  trackPlayed: [track: string, error: string | undefined];
  /** The keys we were told to press have gone out. */
  keysSent: [];
  /** The far end put us on hold or took us back (our direction towards it). From and To of its re-INVITE. */
  direction: [from: string, to: string];
  /** A request inside the dialog that nobody claimed and the leg does not answer itself. */
  request: [request: InDialogRequest];
  /** What became of a dial of this leg's application: provisional, then one final status. Who asked for a transfer is told. */
  dialled: [status: number, reason: string];
};

export abstract class Leg {
  readonly events = new Emitter<LegEvents>();
  identity: LegIdentity;
  readonly services: Services;
  readonly startedAt: number;
  sipCallId = '';
  sipStatus = 100;
  sipReason = 'Trying';
  /** Carrier name, 'user' or 'sip': who carries this leg. */
  trunk = '';
  remoteHost = '';
  /** What its signalling goes over. */
  transport = '';
  recordingPath: string | undefined;
  /** customerData: what the tag verb or option set. */
  tag: Readonly<Record<string, unknown>> | undefined;
  callerId: string | undefined;
  rangAt: number | undefined;
  answeredAt: number | undefined;
  /** When its talk is to end by itself, ms since the epoch. */
  talkUntil: number | undefined;
  endedAt: number | undefined;
  end: LegEnd | undefined;
  media: LegMedia | undefined;
  /** What it talks over, while it does. */
  bridge: Bridge | undefined;
  dialog: Dialog | undefined;
  /** The carrier it came or goes by. */
  carrierSid: string | undefined;
  /** The call whose place it took, by its call sid. */
  replaces: string | undefined;
  /** Whom it was told to call by an attended transfer, in place of which dialog there. */
  referredTo: { readonly uri: SipUri; readonly replaces: Replaces } | undefined;
  /** Who answers the far end's re-INVITEs while the media does not come to us. */
  takesReinvite: ((request: InDialogRequest) => void) | undefined;
  #opening: Promise<LegMedia> | undefined;
  #final: FinalStatus = 'failed';
  /** The direction to end with, while an offer of one is under way. */
  #wantedDirection: Direction | undefined;
  /** The direction we offered last of our own accord. */
  #told: Direction | undefined;
  #claims: Map<string, (request: InDialogRequest) => void> | undefined;
  // What was billed must not depend on who sets the wall clock in between.
  #answeredMonotonic = 0;
  #endedMonotonic: number | undefined;
  readonly #machine: Machine<LegState, LegEvent, LegEffect, undefined>;

  /** `carried`: where it was when another process had it. */
  constructor(services: Services, identity: LegIdentity, carried?: { startedAt: number; state: LegState }) {
    this.services = services;
    this.identity = identity;
    this.startedAt = carried?.startedAt ?? services.clock.now();
    this.#machine = new Machine<LegState, LegEvent, LegEffect, undefined>({
      table: legTable,
      initial: carried?.state ?? 'trying',
      context: undefined,
      perform: () => this.#report(),
    });
    services.registry.addLeg(this);
  }

  /** The media session of this leg and of every leg that its own calls are bridged with. */
  get mediaSession(): string {
    return this.identity.mediaSession ?? this.identity.sessionSid;
  }

  /** Its SDP names a private address, but its signalling comes from elsewhere. */
  get behindNat(): boolean {
    const address = this.media?.negotiation.agreement?.remote.address;
    return (
      address !== undefined &&
      address !== this.remoteHost &&
      isPrivateAddress(address) &&
      !isPrivateAddress(this.remoteHost)
    );
  }

  get state(): LegState {
    return this.#machine.state;
  }

  get callSid(): string {
    return this.identity.callSid;
  }

  /** call_status as hooks spell it. */
  get status(): CallStatus {
    return this.state === 'ended' ? this.#final : this.state;
  }

  /** Whole seconds since the answer. */
  get duration(): number {
    if (this.answeredAt === undefined) return 0;
    return this.secondsSince(this.#answeredMonotonic);
  }

  /** Whole seconds from a moment (monotonic ms) to its end, or to now. */
  secondsSince(monotonic: number): number {
    return Math.round(((this.#endedMonotonic ?? this.services.clock.monotonic()) - monotonic) / 1000);
  }

  /** Reserves this leg's ports, once, whoever asks: verbs may want them while they are being reserved. */
  openMedia(): Promise<LegMedia> {
    if (this.media !== undefined) return Promise.resolve(this.media);
    this.#opening ??= this.#reserve();
    return this.#opening;
  }

  async #reserve(): Promise<LegMedia> {
    try {
      const { services, mediaOwner } = this;
      const { session, callSid, ice } = mediaOwner;
      const local = await services.media.open({ session, endpoint: callSid, ice });
      return this.take(LegMedia.at(services, mediaOwner, local));
    } finally {
      this.#opening = undefined;
    }
  }

  protected get mediaOwner(): MediaOwner {
    return {
      session: this.mediaSession,
      callSid: this.callSid,
      srtp: this.srtp,
      ice: this.usesIce,
      encrypted: (suite) => this.#encrypted(suite),
      tones: () => keyWayOf(this) === 'tones',
    };
  }

  protected take(media: LegMedia): LegMedia {
    if (this.state === 'ended') {
      void media.release();
      throw new Error('the call ended while its ports were being reserved');
    }
    this.media ??= media;
    this.services.registry.addEndpoint(this.media.endpoint, this);
    return this.media;
  }

  /** May, must or must not its audio be encrypted. An offer of ours may say otherwise, for whom it goes to. */
  protected get srtp(): SrtpPolicy {
    return 'none';
  }

  /** May its far end speak ICE, or WebRTC, as far as is known before anything is agreed? */
  protected get usesIce(): boolean {
    return false;
  }

  /** Waiting for a carrier's capacity, or past it. */
  protected waiting(yes: boolean): void {
    this.#machine.handle({ type: yes ? 'queued' : 'dispatched' });
  }

  protected provisional(status: number, reason: string, withAudio: boolean): void {
    if (this.state === 'in-progress' || this.state === 'ended') return;
    this.sipStatus = status;
    this.sipReason = reason;
    this.rangAt ??= this.services.clock.now();
    this.#machine.handle({ type: withAudio ? 'earlyMedia' : 'rang' });
  }

  protected answered(dialog: Dialog): void {
    this.talks(dialog, this.services.clock.now());
    this.#machine.handle({ type: 'answered' });
  }

  /** Its dialog stands, since `answeredAt` (ms since the epoch). */
  protected talks(dialog: Dialog, answeredAt: number): void {
    const { clock } = this.services;
    this.dialog = dialog;
    this.services.registry.dialogs.confirm(this, dialog);
    this.sipStatus = 200;
    this.sipReason = 'OK';
    this.answeredAt = answeredAt;
    this.#answeredMonotonic = clock.monotonic() - Math.max(0, clock.now() - answeredAt);
    dialog.events.on('ended', (end) => this.#dialogEnded(end));
    dialog.events.on('reinvite', (request) => {
      if (this.takesReinvite === undefined) void handleReinvite(this, request);
      else this.takesReinvite(request);
    });
    dialog.events.on('request', (request) => this.#inDialog(request));
    dialog.events.on('refreshed', (answer) => {
      const agreement = this.takesReinvite === undefined ? this.media?.negotiation.refreshed(answer) : undefined;
      if (agreement !== undefined) void this.media?.configure(agreement, this.remoteHost);
    });
    hearKeys(this);
  }

  /** The far end or we ended it: the only way a leg ends. Later calls do nothing. */
  finish(end: LegEnd): void {
    if (this.end !== undefined) return;
    this.end = end;
    this.#final = end.status;
    this.sipStatus = end.sipStatus;
    this.sipReason = end.sipReason;
    this.endedAt = this.services.clock.now();
    this.#endedMonotonic = this.services.clock.monotonic();
    this.#machine.handle({ type: 'ended' });
    void this.media?.release();
    this.services.registry.removeLeg(this);
    this.events.emit('ended', end);
  }

  /** Hangs an answered leg up. Unanswered ones know their own way (reject, cancel). */
  protected bye(cause: EndCause, options: { headers?: readonly ExtraHeader[]; reason?: Reason } = {}): void {
    const dialog = this.dialog;
    this.finish({ status: 'completed', sipStatus: 200, sipReason: 'OK', cause, byeHeaders: undefined });
    dialog?.bye(options);
  }

  /** Another node carries it on: its dialog and its audio are let go of without a word. */
  abandon(): void {
    this.dialog?.abandon();
    this.media?.abandon();
  }

  /** Its session or its media were negotiated anew: what was written down of it is old. */
  renegotiated(): void {
    const session = this.services.registry.sessionOf(this);
    if (session !== undefined) this.services.standing.touch(session);
  }

  /** What a process after this one needs to end it in good order while it is unanswered. */
  left(): LeftInvites {
    return {};
  }

  /** Ends this leg from our side, whatever its state. */
  abstract hangup(cause: EndCause, options?: { headers?: readonly ExtraHeader[]; reason?: Reason }): void;

  /** Offers the far end a new direction: passes a hold on. Failure keeps what was. A change while an offer is under way
   * is offered after it, only the latest of several. */
  async redirectMedia(direction: Direction): Promise<void> {
    const busy = this.#wantedDirection !== undefined;
    this.#wantedDirection = direction;
    if (busy) return;
    for (let offered: Direction | undefined; offered !== this.#wantedDirection && this.end === undefined;) {
      offered = this.#wantedDirection;
      if (offered !== undefined) await this.#offerDirection(offered);
    }
    this.#wantedDirection = undefined;
  }

  async #offerDirection(direction: Direction): Promise<void> {
    const { dialog, media } = this;
    if (dialog === undefined || media === undefined || media.negotiation.state !== 'stable') return;
    const { negotiation, codecs: prefer } = media;
    const offer = () => negotiation.offer({ direction, prefer });
    const glare = {
      withdraw: () => negotiation.rollback(),
      again: () => (this.end === undefined ? offer() : undefined),
    };
    const response = await dialog.reinvite({ sdp: offer(), glare });
    const read = response.status < 300 ? media.negotiation.answered(response.body) : undefined;
    if (read?.ok === true) {
      this.#told = direction;
      await media.configure(read.agreement, this.remoteHost);
    } else media.negotiation.rollback();
    this.renegotiated();
  }

  /** The far end was told to hold for somebody it no longer talks with: it is told what is wanted now. */
  tellDirection(direction: Direction): void {
    if (this.#told !== undefined && this.#told !== direction) void this.redirectMedia(direction);
  }

  /** What the far end's hold means for the other leg. */
  get wantedOfOther(): 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive' {
    const ours = this.media?.negotiation.agreement?.direction ?? 'sendrecv';
    // We may not send to a far end that holds (recvonly for us): the other far end is told to expect that.
    return mirrored(ours);
  }

  /** A digit from RTP or INFO. */
  pressed(digit: string, durationMs: number, source: 'rtp' | 'info'): void {
    if (this.media?.muted === true) return;
    // Which digit stays out of the timeline: it may be a card number.
    this.note('digit', { source, durationMs });
    this.events.emit('digit', digit, durationMs, source);
  }

  /** Takes over the answering of one method inside the dialog, until the function it returns is called. The latest claim
   * counts. INFO with a digit stays the leg's own. */
  claim(method: string, handler: (request: InDialogRequest) => void): () => void {
    const claims = (this.#claims ??= new Map());
    const before = claims.get(method);
    claims.set(method, handler);
    return () => {
      if (claims.get(method) !== handler) return;
      if (before === undefined) claims.delete(method);
      else claims.set(method, before);
    };
  }

  /** From now on this leg is the first of a session of its own, with its own timeline. */
  secede(): void {
    this.note('leg.seceded', { callSid: this.callSid });
    this.identity = { ...this.identity, sessionSid: this.callSid, mediaSession: this.mediaSession };
    this.link(this.sipCallId);
    this.note('session.started', {
      accountSid: this.identity.accountSid,
      from: this.identity.from,
      to: this.identity.to,
    });
  }

  /** One line of this call's timeline. */
  note(what: string, detail: Readonly<Record<string, unknown>>): void {
    const { callSid, sessionSid, direction } = this.identity;
    const at = this.services.clock.now();
    this.services.trace.publish({ kind: 'call', at, callSid, sessionSid, what, detail, direction });
  }

  /** From now on SIP messages of this Call-ID are ours. */
  protected link(callId: string): void {
    this.sipCallId = callId;
    const { callSid, sessionSid } = this.identity;
    this.services.trace.publish({ kind: 'link', at: this.services.clock.now(), callId, callSid, sessionSid });
  }

  /** Keys that came over an open line protect from nobody who listens there; the timeline says so. */
  #encrypted(suite: string | undefined): void {
    if (suite === undefined) return this.note('media.clear', {});
    const keys = this.transport === 'tls' || this.transport === 'wss' ? 'protected' : 'in the clear';
    this.note('media.encrypted', { suite, keysExchanged: keys, signalling: this.transport });
  }

  #report(): void {
    this.note(`leg.${this.status}`, { sipStatus: this.sipStatus, sipReason: this.sipReason });
    this.events.emit('status', this.status);
  }

  #dialogEnded(end: DialogEnd): void {
    if (end.by === 'local') return;
    const farEnd = this.identity.direction === 'inbound' ? 'caller' : 'callee';
    const cause: EndCause =
      end.by === 'remote'
        ? { by: farEnd, reason: end.reason?.text ?? 'hung up' }
        : {
            by: 'error',
            reason: end.by === 'timeout' ? 'the far end no longer answers' : 'the far end is unreachable',
          };
    this.finish({
      status: 'completed',
      sipStatus: 200,
      sipReason: 'OK',
      cause,
      byeHeaders: end.request === undefined ? undefined : headersOf(end.request.headers.entries()),
    });
  }

  #inDialog(request: InDialogRequest): void {
    if (takeTrickle(this, request)) return;
    const digit = digitOf(request);
    if (digit === undefined) {
      const claimed = this.#claims?.get(request.method);
      if (claimed === undefined) this.events.emit('request', request);
      else claimed(request);
      return;
    }
    if (digit === 'unreadable') request.reply({ status: 400, reason: 'Unreadable DTMF' });
    else {
      request.reply({ status: 200 });
      this.pressed(digit.digit, digit.durationMs, 'info');
    }
  }
}

function headersOf(entries: Iterable<[string, string]>): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of entries) headers[lowerName(name)] = value;
  return headers;
}
