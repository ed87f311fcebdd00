/** The far ends of a dial in memory: the caller, and who answers our INVITEs. For races.test.ts. */
import { Emitter } from '../../../base/index.ts';
import type { Dialog, InDialogRequest, Invitation, OutgoingCall, Reason } from '../../../sip/agent/index.ts';
import { createRequest, createResponse, parseNameAddr, type SipRequest } from '../../../sip/message/index.ts';
import type { World } from './dial-fixture.test.ts';
import type { Peer } from './races-script.test.ts';

export const accountSid = 'account';
const sdp = (port: number): Buffer =>
  Buffer.from(
    `v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio ${port} RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n`,
  );

function requestOf(method: string, headers: readonly (readonly [string, string])[] = []): SipRequest {
  const [from, to] = ['<sip:alice@a.example>;tag=a', '<sip:100@b.example>'];
  return createRequest({ method, uri: 'sip:100@b.example', from, to, callId: 'inbound', cseq: 1, headers });
}

export class FakeDialog implements Dialog {
  readonly events: Dialog['events'] = new Emitter();
  readonly localTag = 'l';
  readonly remoteTag = 'r';
  readonly remoteTarget = parseNameAddr('<sip:peer@192.0.2.1>')!.uri as Dialog['remoteTarget'];
  readonly source = undefined;
  readonly callId: string;
  readonly #world: World;
  end: 'local' | 'remote' | undefined;
  byeReason: Reason | undefined;
  /** The sipfrag of each NOTIFY sent to this peer. */
  readonly notified: string[] = [];
  /** Status of the answer to each REFER of this peer. */
  readonly referred: number[][] = [];

  constructor(world: World, callId: string) {
    this.#world = world;
    this.callId = callId;
  }

  reinvite(): ReturnType<Dialog['reinvite']> {
    return this.#world.later(50, createResponse(requestOf('INVITE'), 200, 'OK', { body: sdp(4000) }));
  }

  request(method: string, options: { body?: Buffer } = {}): ReturnType<Dialog['request']> {
    if (method === 'NOTIFY' && this.end === undefined) this.notified.push(String(options.body));
    return this.#world.later(50, createResponse(requestOf(method), this.end === undefined ? 200 : 481));
  }

  bye({ reason }: { reason?: Reason } = {}): void {
    if (this.end === undefined) this.byeReason = reason;
    this.#over('local');
  }

  snapshot(): never {
    throw new Error('not of this test');
  }

  /** The peer hangs up. */
  hangUp(): void {
    this.#over('remote');
  }

  refer(): void {
    if (this.end !== undefined) return;
    const replies: number[] = [];
    this.referred.push(replies);
    const request = requestOf('REFER', [['Refer-To', '<sip:carol@c.example>']]);
    const reply: InDialogRequest['reply'] = ({ status }) => void replies.push(status);
    this.events.emit('request', { method: 'REFER', request, sdp: undefined, reply });
  }

  showContact(): ReturnType<Dialog['showContact']> {
    return this.reinvite();
  }

  abandon(): void {
    this.end ??= 'local';
  }

  #over(by: 'local' | 'remote'): void {
    if (this.end !== undefined) return;
    this.end = by;
    const request = by === 'remote' ? requestOf('BYE') : undefined;
    this.events.emit('ended', { by, reason: undefined, request });
  }
}

/** One INVITE of ours and the peer that answers it. As the agent promises: `answered` or `failed`, never both; a 200 that
 * crosses our CANCEL is ended inside. */
export class FakeCall implements OutgoingCall {
  readonly events: OutgoingCall['events'] = new Emitter();
  readonly callId: string;
  readonly #world: World;
  readonly #peer: Peer;
  state: 'calling' | 'cancelling' | 'answered' | 'failed' = 'calling';
  cancelled = false;
  cancelReason: Reason | undefined;
  dialog: FakeDialog | undefined;

  constructor(world: World, callId: string, peer: Peer) {
    this.#world = world;
    this.#peer = peer;
    this.callId = callId;
    if (peer.rings !== undefined) world.at(peer.rings, () => this.#progress());
    if (peer.final !== 'never') world.at(peer.after, () => this.#final());
  }

  snapshot(): undefined {}

  get alive(): boolean {
    return this.state === 'calling' || (this.dialog !== undefined && this.dialog.end === undefined);
  }

  cancel(reason?: Reason): void {
    if (this.state !== 'calling') return;
    this.state = 'cancelling';
    this.cancelled = true;
    this.cancelReason = reason;
    this.#world.at(100, () => this.#fail(487, 'cancelled'));
  }

  #progress(): void {
    if (this.state !== 'calling') return;
    const early = this.#peer.early;
    const response = createResponse(requestOf('INVITE'), early ? 183 : 180);
    const { status, reason } = response;
    this.events.emit('progress', { status, reason, sdp: early ? sdp(4000) : undefined, fork: 'f', response });
  }

  #final(): void {
    const { final, hangsUp, refers } = this.#peer;
    if (this.state !== 'calling') return;
    if (typeof final === 'number') return this.#fail(final, 'response');
    this.state = 'answered';
    const dialog = (this.dialog = new FakeDialog(this.#world, this.callId));
    if (hangsUp !== undefined) this.#world.at(hangsUp, () => dialog.hangUp());
    if (refers !== undefined) this.#world.at(refers, () => dialog.refer());
    const body = final === 'answer' ? sdp(4000) : undefined;
    this.events.emit('answered', dialog, body, createResponse(requestOf('INVITE'), 200));
  }

  #fail(status: number, by: 'response' | 'cancelled'): void {
    this.state = 'failed';
    this.events.emit('failed', { status, reason: 'Failed', by, response: undefined });
  }
}

export class FakeInvitation implements Invitation {
  readonly events: Invitation['events'] = new Emitter();
  readonly request = requestOf('INVITE');
  readonly source = {
    transport: 'udp',
    address: '192.0.2.9',
    port: 5060,
    localAddress: '192.0.2.2',
    localPort: 5060,
  } as const;
  readonly caller = { kind: 'carrier', carrierSid: 'in', accountSid, gatewaySid: 'g' } as const;
  readonly callId = 'inbound';
  readonly from = parseNameAddr('<sip:alice@a.example>;tag=a')!;
  readonly to = parseNameAddr('<sip:100@b.example>')!;
  readonly offer = sdp(4000);
  readonly #world: World;
  final: 'accepted' | 'rejected' | 'cancelled' | undefined;
  dialog: FakeDialog | undefined;

  constructor(world: World) {
    this.#world = world;
  }

  snapshot(): ReturnType<Invitation['snapshot']> {
    return { request: '', source: this.source, localTag: '' };
  }

  progress(): void {
    if (this.final !== undefined) this.#world.faults.push(`the caller got a provisional after it was ${this.final}`);
  }

  accept(): Dialog {
    this.#finally('accepted');
    return (this.dialog = new FakeDialog(this.#world, this.callId));
  }

  reject(): void {
    this.#finally('rejected');
  }

  hangUp(): void {
    if (this.dialog !== undefined) return this.dialog.hangUp();
    if (this.final !== undefined) return;
    this.final = 'cancelled';
    this.events.emit('cancelled', undefined);
  }

  #finally(final: 'accepted' | 'rejected'): void {
    if (this.final !== undefined) this.#world.faults.push(`the caller was ${final} after it was ${this.final}`);
    this.final = final;
  }
}
