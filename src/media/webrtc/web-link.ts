/** The way between one endpoint and a far end of WebRTC: STUN, DTLS and SRTP on one port, told apart by their first byte
 * (RFC 7983). Only who passes ICE may speak DTLS, and only who passes DTLS may speak at all. */
import type { SrtpKeys } from '../../sdp/index.ts';
import type { WebSettings } from '../../ports/index.ts';
import type { Far, Host, Packet } from '../rtp/packet.ts';
import { Dtls, type DtlsContext } from './dtls.ts';
import { IceLite, type IceSettings } from './ice-lite.ts';
import { isStun } from './stun.ts';

/** What a datagram turned out to be. */
export const TAKEN = 0;
export const REFUSED = 1;
export const RTP = 2;
export const RTCP = 3;
export type WebVerdict = typeof TAKEN | typeof REFUSED | typeof RTP | typeof RTCP;

/** Browsers check their consent every 2 to 5 s, held or not (RFC 7675 §5.1): one that is silent for so long is gone. */
export const CONSENT_MS = 20_000;
/** A goodbye of DTLS (a page that is closed) is followed by a BYE, unless the signalling went with it. */
export const GOODBYE_MS = 1500;
/** A handshake flight has a few datagrams: one from a source that floods is cut off. */
const MAX_HANDSHAKE_DATAGRAMS = 200;

/** Of two kinds on one port: RTCP? RFC 5761 §4. */
export function isReport({ bytes, at }: Packet): boolean {
  const type = bytes[at + 1]! & 0x7f;
  return type >= 64 && type < 96;
}

export type WebLinkOptions = {
  readonly context: DtlsContext;
  readonly text: (host: Host) => string;
  readonly send: (bytes: Uint8Array, far: Far) => void;
};

export class WebLink {
  /** Once the far end proved itself. */
  keys: SrtpKeys | undefined;
  readonly #options: WebLinkOptions;
  readonly #ice: IceLite;
  #settings: WebSettings;
  #dtls: Dtls;
  #heardAt: number;
  #closedAt = -1;
  #datagrams = 0;
  #told = false;

  constructor(options: WebLinkOptions, settings: WebSettings, now: number) {
    this.#options = options;
    this.#settings = settings;
    this.#ice = new IceLite(iceOf(settings), options.text);
    this.#dtls = this.#associate(settings);
    this.#heardAt = now;
  }

  get far(): Far | undefined {
    return this.#ice.far;
  }

  /** Renegotiated: ICE may restart under the same association; another certificate is another association. */
  configure(settings: WebSettings, now: number): void {
    const { role, remote } = this.#settings;
    const same = role === settings.role && remote.fingerprint.value === settings.remote.fingerprint.value;
    this.#ice.restart(iceOf(settings));
    this.#settings = settings;
    this.#heardAt = now;
    if (same) return;
    this.#dtls.close();
    this.#dtls = this.#associate(settings);
    this.#closedAt = -1;
    this.#datagrams = 0;
    this.keys = undefined;
  }

  /** A far end that is ICE-lite as well. */
  trust(far: Far): void {
    this.#ice.trust(far);
    this.#dtls.begin();
  }

  take(packet: Packet, now: number): WebVerdict {
    const { bytes, at, length } = packet;
    const first = bytes[at] ?? 255;
    if (first >= 128 && first < 192) return this.#media(packet, now);
    const datagram = Buffer.from(bytes.buffer, bytes.byteOffset + at, length);
    if (isStun(first)) return this.#check(datagram, packet, now);
    if (first < 20 || first > 63 || !this.#ice.knows(packet.host, packet.port)) return REFUSED;
    return this.#handshake(datagram, now);
  }

  /** Why nothing can come any more; told once. */
  tick(now: number): string | undefined {
    this.#dtls.tick();
    const why = this.#lost(now);
    if (why === undefined || this.#told) return undefined;
    this.#told = true;
    return why;
  }

  close(): void {
    this.#dtls.close();
    this.keys = undefined;
  }

  #media(packet: Packet, now: number): WebVerdict {
    const { far } = this;
    if (this.keys === undefined || far === undefined || packet.length < 12) return REFUSED;
    if (!this.#ice.knows(packet.host, packet.port)) return REFUSED;
    this.#heardAt = now;
    // Several ways may lead here at a time; behind this they are one.
    packet.host = far.host;
    packet.port = far.port;
    return isReport(packet) ? RTCP : RTP;
  }

  #check(datagram: Buffer, packet: Packet, now: number): WebVerdict {
    const { host, port } = packet;
    const before = this.far;
    const answer = this.#ice.answer(datagram, host, port);
    if (answer === undefined) return REFUSED;
    this.#heardAt = now;
    this.#options.send(answer, { host, port });
    if (before === undefined && this.far !== undefined) this.#dtls.begin();
    return TAKEN;
  }

  #handshake(datagram: Buffer, now: number): WebVerdict {
    if (this.#dtls.state === 'handshake' && ++this.#datagrams > MAX_HANDSHAKE_DATAGRAMS) return REFUSED;
    this.#dtls.take(datagram);
    this.keys ??= this.#dtls.keys;
    if (this.#dtls.state === 'closed' && this.#closedAt < 0) this.#closedAt = now;
    return this.#dtls.state === 'failed' ? REFUSED : TAKEN;
  }

  #lost(now: number): string | undefined {
    const { state, fault } = this.#dtls;
    if (state === 'failed') return `DTLS: ${fault}`;
    if (this.#closedAt >= 0 && now - this.#closedAt >= GOODBYE_MS) return 'the browser closed its connection';
    if (now - this.#heardAt < CONSENT_MS) return undefined;
    const silence = `${Math.round((now - this.#heardAt) / 1000)} s`;
    return this.far === undefined
      ? `ICE: no check reached us in ${silence}`
      : `ICE: the browser has been silent for ${silence}`;
  }

  #associate({ role, remote }: WebSettings): Dtls {
    const { context, send } = this.#options;
    return new Dtls({
      context,
      role,
      fingerprint: remote.fingerprint,
      send: (datagram) => {
        const { far } = this;
        if (far !== undefined) send(datagram, far);
      },
    });
  }
}

function iceOf({ local, remote }: WebSettings): IceSettings {
  return { local, remoteUfrag: remote.ufrag };
}
