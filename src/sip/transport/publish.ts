import type { Clock, SipTrace, TraceChannel } from '../../base/index.ts';
import type { SipMessage } from '../message/index.ts';
import type { Source } from './types.ts';

type End = { readonly address: string; readonly port: number };
type Path = { readonly transport: string; readonly local: End; readonly remote: End };

const version = 'SIP/2.0 ';
const callIdName = '\r\nCall-ID: ';
/** The head of most messages, and not much more: what is beyond is looked at only when the Call-ID is not in it. */
const USUAL_HEAD = 512;

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

  sent(bytes: Buffer, path: Path): void {
    if (this.#trace.listening('event')) this.#trace.publish(new SentMessage(this.#clock.now(), bytes, path));
  }
}

/** What we send is known by its bytes only: our own printing, so the names are full and the case is ours. They are read when
 * somebody asks, which is later and of many together. */
class SentMessage implements SipTrace {
  readonly kind = 'sip';
  readonly direction = 'out';
  readonly at: number;
  readonly transport: string;
  readonly local: End;
  readonly remote: End;
  readonly bytes: Buffer;
  #facts: Facts | undefined = undefined;

  constructor(at: number, bytes: Buffer, { transport, local, remote }: Path) {
    this.at = at;
    this.transport = transport;
    this.local = local;
    this.remote = remote;
    this.bytes = bytes;
  }

  get callId(): string {
    return this.#read().callId;
  }

  get title(): string {
    return this.#read().title;
  }

  #read(): Facts {
    return (this.#facts ??= factsOf(this.bytes));
  }
}

type Facts = { readonly title: string; readonly callId: string };

function factsOf(bytes: Buffer): Facts {
  // One text for both: each way into a Buffer costs as much as all the searching.
  let text = bytes.toString('latin1', 0, USUAL_HEAD);
  let name = text.indexOf(callIdName);
  if (bytes.length > USUAL_HEAD && (name < 0 || text.indexOf('\r', name + 2) < 0)) {
    text = bytes.toString('latin1');
    name = text.indexOf(callIdName);
  }
  const title = text.startsWith(version) ? upTo(text, '\r', version.length) : upTo(text, ' ', 0);
  return { title, callId: name < 0 ? '' : upTo(text, '\r', name + callIdName.length) };
}

function upTo(text: string, stop: string, from: number): string {
  return text.slice(from, Math.max(from, text.indexOf(stop, from)));
}

function titleOf(message: SipMessage): string {
  return message.kind === 'request' ? message.method : `${message.status} ${message.reason}`;
}
