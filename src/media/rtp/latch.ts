import type { Far, Host } from './packet.ts';

/** After the first packet was taken, how long a better-matching source may still replace a worse one. */
export const LEARNING_MS = 3000;
/** Packets in sequence that a source needs when it is not exactly the signalled one (RFC 3550 A.1, MIN_SEQUENTIAL). */
export const PROBATION = 3;

/** How well a source matches what was signalled; higher replaces lower, while learning. */
const NONE = 0;
const NAT = 1;
const SAME_HOST = 2;
const EXACT = 3;

/** Whose packets an endpoint takes, and so where it sends: symmetric RTP (RFC 4961) with a strict lock. The rule is in
 * ../README.md. A source is learned once, briefly and only where the signalling makes it plausible; then nobody else
 * gets or injects anything until the signalling names another address. */
export class Latch {
  #signalled: Far | undefined;
  #nat: Host | undefined;
  #rank = NONE;
  #host: Host = '';
  #port = 0;
  #since = 0;
  #candidateHost: Host = '';
  #candidatePort = 0;
  #candidateSsrc = 0;
  #candidateNext = -1;
  #candidateRun = 0;
  #far: Far | undefined;

  /** Where to send: the learned source, before that the signalled address. */
  get far(): Far | undefined {
    return this.#far;
  }

  get learned(): boolean {
    return this.#rank !== NONE;
  }

  /** The source is not what was signalled: NAT, or another port. */
  get moved(): boolean {
    return this.#rank === NAT || this.#rank === SAME_HOST;
  }

  /** Sets the signalled address. The lock stays when it did not change. `nat`: the only other host that may be learned. */
  signal(far: Far | undefined, nat: Host | undefined): void {
    const before = this.#signalled;
    this.#nat = nat;
    if (far !== undefined && before !== undefined && far.host === before.host && far.port === before.port) return;
    this.#signalled = far;
    this.#far = far;
    this.#rank = NONE;
    this.#candidateRun = 0;
  }

  /** May this packet come in? Learns while learning is open. */
  // oxlint-disable-next-line max-params -- numbers, not an object: this runs for every packet
  takes(host: Host, port: number, ssrc: number, sequence: number, now: number): boolean {
    if (this.#rank !== NONE && port === this.#port && host === this.#host) return true;
    if (this.refuses(host, port, now)) return false;
    const rank = this.#rankOf(host, port);
    if (rank <= this.#rank) return false;
    if (rank !== EXACT && !this.#proves(host, port, ssrc, sequence)) return false;
    if (this.#rank === NONE) this.#since = now;
    this.#rank = rank;
    this.#host = host;
    this.#port = port;
    this.#far = { host, port };
    return true;
  }

  /** Nothing that comes from there can be taken any more, whatever it is. */
  refuses(host: Host, port: number, now: number): boolean {
    if (this.#rank === NONE) return this.#rankOf(host, port) === NONE;
    if (port === this.#port && host === this.#host) return false;
    return this.#rank === EXACT || now - this.#since > LEARNING_MS;
  }

  #rankOf(host: Host, port: number): number {
    const signalled = this.#signalled;
    if (signalled === undefined) return NONE;
    if (host === signalled.host) return port === signalled.port ? EXACT : SAME_HOST;
    return host === this.#nat ? NAT : NONE;
  }

  /** A run of packets with one SSRC, in sequence, from one source: a sweep of the port range has none. */
  #proves(host: Host, port: number, ssrc: number, sequence: number): boolean {
    const goesOn =
      this.#candidateRun > 0 &&
      port === this.#candidatePort &&
      host === this.#candidateHost &&
      ssrc === this.#candidateSsrc &&
      sequence === this.#candidateNext;
    this.#candidateRun = goesOn ? this.#candidateRun + 1 : 1;
    this.#candidateHost = host;
    this.#candidatePort = port;
    this.#candidateSsrc = ssrc;
    this.#candidateNext = (sequence + 1) & 0xffff;
    return this.#candidateRun >= PROBATION;
  }
}
