/** Requests inside a dialog of another node, passed on to it as a stateless proxy does (RFC 3261 §16.11): a Via of ours above
 * theirs, a hop less to go, and the responses back the way the request came. One hop, never two: what came with such a Via is
 * passed on no further. Nothing of it has a timer; whoever asked sends again. */
import type { Clock, Random } from '../../base/index.ts';
import { parseMessage, serialize, type SipRequest, type SipResponse, tagOf } from '../message/index.ts';
import type { Hop, Source } from '../transaction/index.ts';
import type { Network } from './options.ts';

/** What the branches of our Vias begin with, on every node. */
const MARK = 'z9hG4bK-graine-hop-';
/** ms: longer than any transaction of theirs lasts without a word. */
const KEPT_MS = 64_000;
const MOST = 2_000;

type Passed = {
  readonly key: string;
  readonly branch: string;
  /** The branch it came with; an ACK of a 2xx has another. */
  readonly theirs: string;
  to: Hop;
  from: Source;
  at: number;
  heard: () => void;
};

export class PassingOn {
  readonly #network: Network;
  readonly #clock: Clock;
  readonly #random: Random;
  /** The longest unheard of first. */
  readonly #passed = new Map<string, Passed>();
  readonly #byBranch = new Map<string, Passed>();

  constructor(parts: { network: Network; clock: Clock; random: Random }) {
    this.#network = parts.network;
    this.#clock = parts.clock;
    this.#random = parts.random;
  }

  /** `heard`: at each response. False: it must not go any further. */
  pass(request: SipRequest, from: Source, way: { to: Hop; heard: () => void }): boolean {
    const hops = hopsLeft(request);
    const theirs = branchOf(request);
    if (hops < 1 || theirs.startsWith(MARK)) return false;
    const key = keyOf(request);
    const before = this.#passed.get(key);
    const branch = before?.branch ?? MARK + this.#random.token(16);
    this.#keep({ key, branch, theirs: before?.theirs ?? theirs, from, at: 0, ...way });
    this.#send(request, { to: way.to, branch, hops: hops - 1 });
    return true;
  }

  /** What is sent again, a CANCEL or an ACK goes where the first, the INVITE, went. False: that was nowhere. */
  follow(request: SipRequest, from: Source): boolean {
    const passed = this.#passed.get(keyOf(request));
    const hops = hopsLeft(request);
    if (passed === undefined || hops < 1) return false;
    const branch = branchOf(request) === passed.theirs ? passed.branch : MARK + this.#random.token(16);
    this.#keep({ ...passed, from });
    this.#send(request, { to: passed.to, branch, hops: hops - 1 });
    return true;
  }

  /** False: it answers nothing that was passed on. */
  answer(response: SipResponse): boolean {
    const passed = this.#byBranch.get(branchOf(response));
    if (passed === undefined) return false;
    const copy = parseMessage(serialize(response));
    if (!copy.ok) return true;
    copy.message.headers.removeFirst('Via');
    this.#network.reply(serialize(copy.message), passed.from);
    this.#keep(passed);
    passed.heard();
    return true;
  }

  close(): void {
    this.#passed.clear();
    this.#byBranch.clear();
  }

  #send(request: SipRequest, { to, branch, hops }: { to: Hop; branch: string; hops: number }): void {
    // The request itself may yet be handled here.
    const copy = parseMessage(serialize(request));
    if (!copy.ok) return;
    const { headers } = copy.message;
    headers.set('Max-Forwards', String(hops));
    headers.prepend(
      'Via',
      `SIP/2.0/${to.transport.toUpperCase()} ${this.#network.localFor(to)};branch=${branch};rport`,
    );
    this.#network.send(serialize(copy.message), to);
  }

  #keep(passed: Passed): void {
    passed.at = this.#clock.monotonic();
    this.#passed.delete(passed.key);
    this.#passed.set(passed.key, passed);
    this.#byBranch.set(passed.branch, passed);
    const oldest = passed.at - KEPT_MS;
    for (const each of this.#passed.values()) {
      if (each.at > oldest && this.#passed.size <= MOST) return;
      this.#passed.delete(each.key);
      this.#byBranch.delete(each.branch);
    }
  }
}

/** One for a request, its repetitions, its CANCEL and its ACK. */
function keyOf(request: SipRequest): string {
  return `${request.callId} ${request.cseq.number} ${tagOf(request.from) ?? ''}`;
}

function branchOf(message: SipRequest | SipResponse): string {
  return String(message.via.params.get('branch') ?? '');
}

/** RFC 3261 §16.3: without the header it is as if there were plenty. */
function hopsLeft(request: SipRequest): number {
  const text = request.headers.get('Max-Forwards')?.trim() ?? '70';
  return /^\d{1,3}$/.test(text) ? Number(text) : 0;
}
