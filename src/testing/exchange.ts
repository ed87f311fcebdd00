/** The little of transactions a phone needs: it repeats what was not answered, answers repeats as before, and matches
 * responses by branch. Written apart from src/sip so that the two cannot be wrong together. RFC 3261 §17. */
import { type Message, read, write } from './message.ts';
import type { Peer, Transcript } from './transcript.ts';
import type { Wire } from './wire.ts';

const t1 = 500;
const t2 = 4000;
const giveUp = 64 * t1;

export type OnResponse = (response: Message | undefined) => void;

type Client = {
  readonly request: Message;
  readonly peer: Peer;
  readonly onResponse: OnResponse;
  readonly stop: () => void;
  /** A refusal was passed up. */
  refused: boolean;
};

export class Exchanges {
  readonly #wire: Wire;
  readonly #transcript: Transcript;
  readonly #clients = new Map<string, Client>();
  readonly #answers = new Map<string, { bytes: Buffer; peer: Peer }>();
  #closed = false;
  readonly #timers = new Set<NodeJS.Timeout>();

  constructor(wire: Wire, transcript: Transcript) {
    this.#wire = wire;
    this.#transcript = transcript;
  }

  /** Sends and writes it down; nothing once closed. */
  send(bytes: Buffer, peer: Peer): void {
    if (this.#closed) return;
    const message = read(bytes);
    if (message !== undefined) this.#transcript.message('out', message, peer);
    this.#wire.send(bytes, peer);
  }

  /** Sends a request, over UDP again and again until answered; `onResponse` gets every response but refusals that come
   * again, undefined when none came in 32 s. */
  request(bytes: Buffer, peer: Peer, onResponse: OnResponse): void {
    const message = read(bytes);
    if (message === undefined) throw new Error('a phone can only start a transaction with a request');
    const stop = this.#repeat(bytes, peer, {
      cap: message.method === 'INVITE' ? Infinity : t2,
      onEnd: () => {
        this.#clients.delete(key);
        onResponse(undefined);
      },
    });
    const key = `${message.branch} ${message.method}`;
    this.#clients.set(key, { request: message, peer, onResponse, stop, refused: false });
    this.send(bytes, peer);
  }

  /** Feeds a response. */
  response(message: Message): void {
    const client = this.#clients.get(`${message.branch} ${message.method}`);
    if (client === undefined) return;
    const invite = client.request.method === 'INVITE';
    if (message.status >= 200 || invite) client.stop();
    if (message.status >= 200) this.#forgetLater(this.#clients, `${message.branch} ${message.method}`);
    // One that comes again is acknowledged again, and goes no further: who was challenged has asked anew. §17.1.1.2.
    if (message.status >= 300 && invite) this.send(ackOf(client.request, message), client.peer);
    if (client.refused) return;
    client.refused = message.status >= 300;
    client.onResponse(message);
  }

  /** Sends a response and keeps it for repeats of the request. `untilAcked`: repeats it until `stop` is called. */
  answer(request: Message, bytes: Buffer, options: { peer: Peer; untilAcked?: boolean }): () => void {
    this.#answers.set(`${request.branch} ${request.method}`, { bytes, peer: options.peer });
    this.#forgetLater(this.#answers, `${request.branch} ${request.method}`);
    this.send(bytes, options.peer);
    if (options.untilAcked !== true) return () => {};
    return this.#repeat(bytes, options.peer, { cap: t2, everywhere: true, onEnd: () => {} });
  }

  /** True when this request was answered already: the answer is sent again. */
  repeated(request: Message): boolean {
    const known = this.#answers.get(`${request.branch} ${request.method}`);
    if (known === undefined || request.method === 'ACK') return false;
    this.send(known.bytes, known.peer);
    return true;
  }

  /** Calls back once, unless closed before. */
  after(ms: number, fire: () => void): () => void {
    if (this.#closed) return () => {};
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      fire();
    }, ms);
    this.#timers.add(timer);
    return () => {
      clearTimeout(timer);
      this.#timers.delete(timer);
    };
  }

  close(): void {
    this.#closed = true;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    this.#clients.clear();
  }

  /** When no repeat of it can come any more. */
  #forgetLater(known: Map<string, unknown>, key: string): void {
    const value = known.get(key);
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      if (known.get(key) === value) known.delete(key);
    }, giveUp);
    timer.unref();
    this.#timers.add(timer);
  }

  #repeat(bytes: Buffer, peer: Peer, options: { cap: number; everywhere?: boolean; onEnd: () => void }): () => void {
    const resends = peer.transport === 'udp' || options.everywhere === true;
    let cancel = (): void => {};
    const step = (wait: number, waited: number): void => {
      const next = resends ? Math.min(wait, giveUp - waited) : giveUp;
      cancel = this.after(next, () => {
        if (waited + next >= giveUp) return options.onEnd();
        this.send(bytes, peer);
        step(Math.min(wait * 2, options.cap), waited + next);
      });
    };
    step(t1, 0);
    return () => cancel();
  }
}

/** Of a refusal: part of the INVITE's own transaction. §17.1.1.3. */
function ackOf(invite: Message, refusal: Message): Buffer {
  return write(`ACK ${invite.uri} SIP/2.0`, [
    ...invite.headers.filter(([name]) => /^(via|max-forwards|route|from|call-id)$/i.test(name)),
    ['To', refusal.get('to') ?? ''],
    ['CSeq', `${refusal.cseq} ACK`],
  ]);
}
