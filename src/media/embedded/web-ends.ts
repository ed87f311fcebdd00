/** The ends of one worker that ICE finds: of WebRTC, and of SRTP with keys in SDP. An endpoint with one hears nothing and
 * sends nothing in the clear: its far end is known to the rest of the worker only once its keys are. */
import { randomBytes } from 'node:crypto';
import { messageOf } from '../../base/index.ts';
import type { StreamSettings } from '../../ports/index.ts';
import type { Far, Packet } from '../rtp/packet.ts';
import { Srtp } from '../srtp/srtp.ts';
import type { Certificate } from '../webrtc/certificate.ts';
import { mayBeSought } from '../webrtc/candidates.ts';
import { DtlsContext } from '../webrtc/dtls.ts';
import { loadOpenSsl } from '../webrtc/openssl.ts';
import { type LinkSettings, WebLink, type WebVerdict } from '../webrtc/web-link.ts';
import type { Endpoint } from './endpoint.ts';
import type { WorkerContext } from './maker.ts';
import type { WorkerSetup } from './protocol.ts';

export class WebEnds {
  readonly #context: WorkerContext;
  readonly #certificate: Certificate | undefined;
  readonly #packet: Packet = { bytes: Buffer.alloc(0), at: 0, length: 0, host: '', port: 0 };
  readonly #nearCandidates: boolean;
  #dtls: DtlsContext | undefined;

  constructor(context: WorkerContext, setup: Pick<WorkerSetup, 'certificate' | 'nearCandidates'>) {
    this.#context = context;
    this.#certificate = setup.certificate;
    this.#nearCandidates = setup.nearCandidates === true;
  }

  /** Before the endpoint itself is configured. */
  configure(endpoint: Endpoint, settings: StreamSettings, now: number): void {
    const link: LinkSettings | undefined = settings.web ?? settings.ice;
    if (link === undefined) return this.release(endpoint);
    if (endpoint.web === undefined) {
      endpoint.web = this.#open(endpoint, link, now);
      if (settings.web !== undefined) endpoint.srtp = undefined;
      const { far } = link.reached ?? {};
      if (far !== undefined) endpoint.web.goesOnAt({ host: this.#context.wire.host(far.address), port: far.port });
    } else endpoint.web.configure(link, now);
    const { seek } = link.remote;
    if (seek !== undefined) {
      const may = seek.candidates.filter(({ address }) => mayBeSought(address, this.#nearCandidates));
      const fars = may.map(({ address, port }) => ({ host: this.#context.wire.host(address), port }));
      endpoint.web.seek(fars, seek.pwd, now);
    }
    if (settings.underWayMs !== undefined) endpoint.underWayMs = settings.underWayMs;
    this.#settle(endpoint, endpoint.web, now);
  }

  take(endpoint: Endpoint, link: WebLink, packet: Packet, now: number): WebVerdict {
    const { far, keys } = link;
    const verdict = link.take(packet, now);
    if (link.far !== far || link.keys !== keys) this.#settle(endpoint, link, now);
    return verdict;
  }

  tick(endpoint: Endpoint, link: WebLink, now: number): void {
    const why = link.tick(now);
    if (why !== undefined) this.#context.report({ say: 'gone', id: endpoint.id, why });
    const news = link.news();
    if (news === undefined) return;
    const { far, keys } = news;
    const reached = { far: { address: this.#context.wire.address(far.host), port: far.port }, ...(keys && { keys }) };
    this.#context.report({ say: 'reached', id: endpoint.id, reached });
  }

  /** After its last packet. */
  release(endpoint: Endpoint, silently = false): void {
    endpoint.web?.close(silently);
    endpoint.web = undefined;
  }

  close(): void {
    this.#dtls?.free();
    this.#dtls = undefined;
  }

  #open(endpoint: Endpoint, settings: LinkSettings, now: number): WebLink {
    const options = {
      context: () => this.#shared(),
      bytes: randomBytes,
      text: (host: Far['host']) => this.#context.wire.address(host),
      send: (bytes: Uint8Array, far: Far) => this.#send(endpoint, bytes, far),
    };
    return new WebLink(options, settings, now);
  }

  #shared(): DtlsContext {
    if (this.#dtls !== undefined) return this.#dtls;
    if (this.#certificate === undefined) throw new Error('there is no WebRTC here');
    try {
      this.#dtls = new DtlsContext(loadOpenSsl(), this.#certificate);
    } catch (fault) {
      throw new Error(`no WebRTC: ${messageOf(fault)}`, { cause: fault });
    }
    return this.#dtls;
  }

  /** The endpoint sends where ICE says, once DTLS gave it keys. */
  #settle(endpoint: Endpoint, link: WebLink, now: number): void {
    const { keys } = link;
    const far = link.ready ? link.far : undefined;
    // Those of SDP are there since the endpoint was configured.
    if (link.byDtls) endpoint.srtp = keys && (endpoint.srtp ?? new Srtp(keys, endpoint.underWayMs));
    endpoint.reach(far);
    if (far !== undefined) this.#context.reached(endpoint, now);
  }

  #send(endpoint: Endpoint, bytes: Uint8Array, far: Far): void {
    const packet = this.#packet;
    packet.bytes = bytes;
    packet.at = 0;
    packet.length = bytes.length;
    this.#context.wire.send(endpoint.slot * 2, packet, far);
  }
}
