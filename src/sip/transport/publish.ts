import type { Clock, TraceChannel } from '../../base/index.ts';
import type { SipMessage } from '../message/index.ts';
import type { Source } from './types.ts';

type End = { readonly address: string; readonly port: number };
type Path = { readonly transport: string; readonly local: End; readonly remote: End };

const CR = 0x0d;
const SPACE = 0x20;
const version = 'SIP/2.0 ';
const callIdName = Buffer.from('\r\nCall-ID: ');

/** Puts messages on the trace channel. Costs one test a message while nobody listens there. */
export class Tracer {
  readonly #trace: TraceChannel;
  readonly #clock: Clock;

  constructor(trace: TraceChannel, clock: Clock) {
    this.#trace = trace;
    this.#clock = clock;
  }

  received(bytes: Buffer, message: SipMessage | undefined, source: Source): void {
    if (!this.#trace.listening('event')) return;
    const title = message === undefined ? 'malformed' : titleOf(message);
    this.#trace.publish({
      kind: 'sip',
      direction: 'in',
      at: this.#clock.now(),
      transport: source.transport,
      local: { address: source.localAddress, port: source.localPort },
      remote: { address: source.address, port: source.port },
      bytes,
      callId: message?.callId ?? '',
      title,
    });
  }

  /** What we send is known by its bytes only: our own printing, so the names are full and the case is ours. */
  sent(bytes: Buffer, path: Path): void {
    if (!this.#trace.listening('event')) return;
    const { transport, local, remote } = path;
    const isResponse = bytes.toString('latin1', 0, version.length) === version;
    const title = isResponse ? textUpTo(bytes, CR, version.length) : textUpTo(bytes, SPACE, 0);
    const name = bytes.indexOf(callIdName);
    const callId = name < 0 ? '' : textUpTo(bytes, CR, name + callIdName.length);
    this.#trace.publish({
      kind: 'sip',
      direction: 'out',
      at: this.#clock.now(),
      transport,
      local,
      remote,
      bytes,
      callId,
      title,
    });
  }
}

function textUpTo(bytes: Buffer, stop: number, from: number): string {
  return bytes.toString('latin1', from, Math.max(from, bytes.indexOf(stop, from)));
}

function titleOf(message: SipMessage): string {
  return message.kind === 'request' ? message.method : `${message.status} ${message.reason}`;
}
