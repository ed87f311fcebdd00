/** The way between one endpoint and a far end that is found by ICE: STUN, DTLS and SRTP on one port, told apart by their
 * first byte (RFC 7983). Only who passes ICE may speak DTLS, and only who passes DTLS may speak at all; where keys are in
 * SDP, only who passes ICE and has them. */
import type { SrtpKeys } from '../../sdp/index.ts';
import type { IceSettings, WebSettings } from '../../ports/index.ts';
import type { Far, Host, Packet } from '../rtp/packet.ts';
import { Checks } from './checks.ts';
import { Dtls, type DtlsContext } from './dtls.ts';
import { IceLite, type IceSettings as LiteSettings } from './ice-lite.ts';
import { isIndication, isStun } from './stun.ts';

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
  readonly context: () => DtlsContext;
  readonly bytes: (length: number) => Buffer;
  readonly text: (host: Host) => string;
  readonly send: (bytes: Uint8Array, far: Far) => void;
};

/** Without DTLS: the keys are in SDP. */
export type LinkSettings = WebSettings | (IceSettings & { readonly role?: undefined });

export class WebLink {
  /** Of DTLS, once the far end proved itself. */
  keys: SrtpKeys | undefined;
  readonly #options: WebLinkOptions;
  readonly #ice: IceLite;
  readonly #checks: Checks;
  #settings: LinkSettings;
  /** Undefined: the keys are in SDP. */
  #dtls: Dtls | undefined;
  #heardAt: number;
  #closedAt = -1;
  #datagrams = 0;
  #told = false;
  /** What was told by `news`. */
  #toldFar: Far | undefined;
  #toldKeys: SrtpKeys | undefined;

  constructor(options: WebLinkOptions, settings: LinkSettings, now: number) {
    this.#options = options;
    this.#checks = new Checks(options);
    this.#settings = settings;
    this.#ice = new IceLite(iceOf(settings), options.text);
    // An association that another process made has left its keys, and nothing else is needed of it.
    this.keys = settings.role === undefined ? undefined : settings.reached?.keys;
    this.#dtls = this.keys === undefined ? this.#associate(settings) : undefined;
    this.#heardAt = now;
  }

  /** Another process found it there, and it has not said goodbye since. */
  goesOnAt(far: Far): void {
    this.#ice.trust(far);
    this.#toldFar = far;
    this.#toldKeys = this.keys;
  }

  /** Where the far end is and its keys, where that changed since it was last asked for. */
  news(): { readonly far: Far; readonly keys: SrtpKeys | undefined } | undefined {
    const { far, keys } = this;
    if (!this.ready || far === undefined || (far === this.#toldFar && keys === this.#toldKeys)) return undefined;
    this.#toldFar = far;
    this.#toldKeys = keys;
    return { far, keys };
  }

  get far(): Far | undefined {
    return this.#ice.far;
  }

  /** Keys come by DTLS, not in SDP. */
  get byDtls(): boolean {
    return this.#settings.role !== undefined;
  }

  /** May sound go to `far`: by the keys of DTLS, or by those that were there from the beginning? */
  get ready(): boolean {
    return this.far !== undefined && (!this.byDtls || this.keys !== undefined);
  }

  /** Renegotiated: ICE may restart under the same association; another certificate is another association. */
  configure(settings: LinkSettings, now: number): void {
    const before = this.#settings;
    const same = before.role === settings.role && printOf(before) === printOf(settings);
    this.#ice.restart(iceOf(settings));
    this.#settings = settings;
    this.#heardAt = now;
    if (same) return;
    this.#dtls?.close();
    this.#dtls = this.#associate(settings);
    this.#closedAt = -1;
    this.#datagrams = 0;
    this.keys = undefined;
  }

  /** A far end that is lite makes no checks: it is looked for at these. RFC 8445 §6.1.1. */
  seek(candidates: readonly Far[], password: string, now: number): void {
    const { local, remote } = this.#settings;
    this.#checks.seek({ username: `${remote.ufrag}:${local.ufrag}`, password, candidates }, now);
    this.#checks.tick(now);
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
    this.#dtls?.tick();
    if (!this.#told) this.#checks.tick(now);
    const why = this.#lost(now);
    if (why === undefined || this.#told) return undefined;
    this.#told = true;
    return why;
  }

  /** `silently`: without the goodbye of DTLS. */
  close(silently = false): void {
    this.#dtls?.close(silently);
    this.keys = undefined;
  }

  #media(packet: Packet, now: number): WebVerdict {
    const { far } = this;
    if (!this.ready || far === undefined || packet.length < 12) return REFUSED;
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
    if (isIndication(datagram)) return this.#kept(packet, now);
    if (this.#checks.take(datagram, { host, port }, now)) return this.#answered(now);
    const answer = this.#ice.answer(datagram, host, port);
    if (answer === undefined) return REFUSED;
    this.#heardAt = now;
    this.#options.send(answer, { host, port });
    if (before === undefined && this.far !== undefined) this.#dtls?.begin();
    return TAKEN;
  }

  /** A check of ours was answered. */
  #answered(now: number): WebVerdict {
    const { nominated } = this.#checks;
    this.#heardAt = now;
    if (nominated === undefined || nominated === this.far) return TAKEN;
    this.#ice.trust(nominated);
    this.#dtls?.begin();
    return TAKEN;
  }

  /** Full agents without RFC 7675 keep a silent stream alive so. It has no password, so it keeps nothing but a way that is
   * known already. */
  #kept({ host, port }: Packet, now: number): WebVerdict {
    if (!this.#ice.knows(host, port)) return REFUSED;
    this.#heardAt = now;
    return TAKEN;
  }

  #handshake(datagram: Buffer, now: number): WebVerdict {
    const dtls = this.#dtls;
    if (dtls === undefined) return REFUSED;
    if (dtls.state === 'handshake' && ++this.#datagrams > MAX_HANDSHAKE_DATAGRAMS) return REFUSED;
    dtls.take(datagram);
    this.keys ??= dtls.keys;
    if (dtls.state === 'closed' && this.#closedAt < 0) this.#closedAt = now;
    return dtls.state === 'failed' ? REFUSED : TAKEN;
  }

  #lost(now: number): string | undefined {
    if (this.#dtls?.state === 'failed') return `DTLS: ${this.#dtls.fault}`;
    if (this.#closedAt >= 0 && now - this.#closedAt >= GOODBYE_MS) return 'the browser closed its connection';
    const unfound = this.#checks.lost(now);
    if (unfound !== undefined) return unfound;
    if (now - this.#heardAt < CONSENT_MS) return undefined;
    const silence = `${Math.round((now - this.#heardAt) / 1000)} s`;
    return this.far === undefined
      ? `ICE: no check reached us in ${silence}`
      : `ICE: the far end has been silent for ${silence}`;
  }

  #associate(settings: LinkSettings): Dtls | undefined {
    const { context, send } = this.#options;
    if (settings.role === undefined) return undefined;
    return new Dtls({
      context: context(),
      role: settings.role,
      fingerprint: settings.remote.fingerprint,
      send: (datagram) => {
        const { far } = this;
        if (far !== undefined) send(datagram, far);
      },
    });
  }
}

function printOf(settings: LinkSettings): string | undefined {
  return settings.role === undefined ? undefined : settings.remote.fingerprint.value;
}

function iceOf({ local, remote }: LinkSettings): LiteSettings {
  return { local, remoteUfrag: remote.ufrag };
}
