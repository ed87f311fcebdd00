/** The WebRTC ends of one worker. An endpoint with one hears nothing and sends nothing in the clear: its far end is known
 * to the rest of the worker only once its keys are. */
import { messageOf } from '../../base/index.ts';
import type { StreamSettings, WebSettings } from '../../ports/index.ts';
import type { Far, Packet } from '../rtp/packet.ts';
import { Srtp } from '../srtp/srtp.ts';
import type { Certificate } from '../webrtc/certificate.ts';
import { DtlsContext } from '../webrtc/dtls.ts';
import { loadOpenSsl } from '../webrtc/openssl.ts';
import { WebLink, type WebVerdict } from '../webrtc/web-link.ts';
import type { Endpoint } from './endpoint.ts';
import type { WorkerContext } from './maker.ts';

export class WebEnds {
  readonly #context: WorkerContext;
  readonly #certificate: Certificate | undefined;
  readonly #packet: Packet = { bytes: Buffer.alloc(0), at: 0, length: 0, host: '', port: 0 };
  #dtls: DtlsContext | undefined;

  constructor(context: WorkerContext, certificate: Certificate | undefined) {
    this.#context = context;
    this.#certificate = certificate;
  }

  /** Before the endpoint itself is configured. */
  configure(endpoint: Endpoint, settings: StreamSettings, now: number): void {
    const { web, remote } = settings;
    if (web === undefined) return this.release(endpoint);
    if (endpoint.web === undefined) {
      endpoint.web = this.#open(endpoint, web, now);
      endpoint.srtp = undefined;
    } else endpoint.web.configure(web, now);
    if (web.remote.lite && remote !== undefined) {
      endpoint.web.trust({ host: this.#context.wire.host(remote.address), port: remote.port });
    }
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
  }

  /** After its last packet. */
  release(endpoint: Endpoint): void {
    endpoint.web?.close();
    endpoint.web = undefined;
  }

  close(): void {
    this.#dtls?.free();
    this.#dtls = undefined;
  }

  #open(endpoint: Endpoint, settings: WebSettings, now: number): WebLink {
    const options = {
      context: this.#shared(),
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
    const far = keys === undefined ? undefined : link.far;
    if (keys === undefined) endpoint.srtp = undefined;
    else if (endpoint.srtp === undefined) endpoint.srtp = new Srtp(keys);
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
