import { type Log, messageOf } from '../../base/index.ts';
import {
  type MessageLimits,
  createResponse,
  parseMessage,
  type ParseFault,
  type ParseOptions,
  serialize,
  type SipMessage,
  type SipRequest,
} from '../message/index.ts';
import type { SourceGuard } from './guard.ts';
import type { Tracer } from './publish.ts';
import { banHeader, originOf, takeOrigin } from './edges.ts';
import { markReceived, refusal, replyPortOf } from './reply.ts';
import { isKnownMethod, ScannerList } from './scanners.ts';
import type { Source } from './types.ts';

export type InboundOptions = {
  readonly log: Log;
  readonly guard: SourceGuard;
  readonly tracer: Tracer;
  readonly limits: MessageLimits;
  /** Is this an edge proxy of ours? */
  readonly isEdge: (address: string) => boolean;
  readonly deliver: (message: SipMessage, source: Source) => void;
  readonly answer: (bytes: Buffer, source: Source) => void;
};

export type InboundStats = {
  received: number;
  malformed: number;
  answered: number;
  scanners: number;
  keepAlives: number;
};

/** What every message goes through on its way in: guard, parser, scanner check, Via marks, trace. */
export class Inbound {
  readonly stats: InboundStats = { received: 0, malformed: 0, answered: 0, scanners: 0, keepAlives: 0 };
  readonly #options: InboundOptions;
  readonly #scanners = new ScannerList();

  readonly #datagram: ParseOptions;
  readonly #stream: ParseOptions;

  constructor(options: InboundOptions) {
    this.#options = options;
    this.#datagram = { limits: options.limits };
    this.#stream = { limits: options.limits, stream: true };
  }

  /** Takes a datagram, or one framed message. Returns what is so wrong that a stream cannot go on. Never throws: a fault
   * of ours over one message must not cost the others. */
  take(bytes: Buffer, source: Source): string | undefined {
    try {
      return this.#take(bytes, source);
    } catch (fault) {
      const { address, port } = source;
      this.#options.log.error({ address, port, fault: messageOf(fault) }, 'message could not be handled');
      return undefined;
    }
  }

  #take(bytes: Buffer, source: Source): string | undefined {
    const { guard } = this.#options;
    if (!guard.admits(source.address, bytes.length)) return 'banned';
    if (isKeepAlive(bytes)) {
      this.stats.keepAlives++;
      return undefined;
    }
    this.stats.received++;
    // A WebSocket frames like a datagram: Content-Length is not needed. RFC 7118 §4.2.
    const framed = source.transport !== 'tcp' && source.transport !== 'tls';
    const result = parseMessage(bytes, framed ? this.#datagram : this.#stream);
    if (!result.ok) return this.#refuse(result, bytes, source);
    return this.#accept(result.message, bytes, source);
  }

  #accept(message: SipMessage, bytes: Buffer, from: Source): string | undefined {
    const { guard, tracer, deliver } = this.#options;
    let source = from;
    if (message.kind === 'request') {
      const origin = takeOrigin(message, from.address, this.#options.isEdge);
      if (origin === 'bad') return this.#refuse(badOrigin(message), bytes, from);
      if (origin !== 'none') {
        source = { origin, ...from };
        if (!guard.admits(origin.address, bytes.length)) return this.#turnAway(message, source);
      }
      const { address } = originOf(source);
      if (this.#scanners.isScanner(message) && !guard.isTrusted(address)) {
        this.stats.scanners++;
        guard.penalize(address, 'scanner');
        return 'scanner';
      }
      if (!isKnownMethod(message.method)) guard.penalize(address, 'unknown-method');
      source = this.#marked(message, source);
    }
    tracer.received(bytes, message, source);
    deliver(message, source);
    return undefined;
  }

  /** Writes where it came from into its Via; the source says then where a response goes to. */
  #marked(request: SipRequest, from: Source): Source {
    const replyPort = replyPortOf(request.via, from);
    markReceived(request, from);
    return replyPort === undefined ? from : { replyPort, ...from };
  }

  /** The edge is told of a ban, to drop what comes at its own door; of a source that is only too fast it hears nothing. */
  #turnAway(request: SipRequest, from: Source): undefined {
    const seconds = this.#options.guard.bannedFor(originOf(from).address);
    if (seconds === 0 || request.method === 'ACK') return;
    const source = this.#marked(request, from);
    const headers = [[banHeader, String(seconds)]] as const;
    this.#options.answer(serialize(createResponse(request, 403, undefined, { headers })), source);
  }

  #refuse(fault: ParseFault, bytes: Buffer, from: Source): string | undefined {
    const { guard, tracer, answer, log } = this.#options;
    this.stats.malformed++;
    log.debug({ address: from.address, port: from.port, fault: fault.fault }, 'message refused');
    guard.penalize(from.address, 'malformed');
    const { request, status } = fault;
    tracer.received(bytes, request, from);
    if (request === undefined || status === undefined) return fault.fault;
    const source = this.#marked(request, from);
    const most = from.transport === 'udp' ? bytes.length : Number.MAX_SAFE_INTEGER;
    const response = refusal(request, { status, fault: fault.fault }, most);
    if (response === undefined) return undefined;
    this.stats.answered++;
    answer(response, source);
    return undefined;
  }
}

/** CRLFs or NULs alone: what devices behind NAT send to keep their hole open. STUN is not spoken here and ignored. */
function isKeepAlive(bytes: Buffer): boolean {
  const first = bytes[0];
  if (first === undefined) return true;
  if (first > 0x20) return false;
  if (bytes.length > 4) return first < 4 && bytes.length >= 20 && bytes.readUInt32BE(4) === 0x2112a442;
  return bytes.every((byte) => byte === 0x0d || byte === 0x0a || byte === 0 || byte === 0x20);
}

function badOrigin(request: SipRequest): ParseFault {
  return { ok: false, fault: 'bad X-Graine-Source', status: 400, request };
}
