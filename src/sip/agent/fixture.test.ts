/** Two agents and a network between them, in memory (with a fake clock) or on real UDP sockets. No tests here. */
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { type Clock, FakeClock, SeededRandom, silentLog, SystemClock } from '../../base/index.ts';
import { parseMessage, parseUri, type SipMessage, type SipRequest, type SipResponse } from '../message/index.ts';
import type { FaultListener, Hop, SipTimers, Source } from '../transaction/index.ts';
import type { Network, UserAgent, UserAgentOptions } from './options.ts';
import type { Dialog, DialogEnd, Failure, Invitation, Progress } from './types.ts';
import { createUserAgent } from './user-agent.ts';

export const carrier = {
  kind: 'carrier',
  carrierSid: 'carrier',
  accountSid: 'account',
  gatewaySid: 'gateway',
} as const;

export function sdp(version: number): Buffer {
  return Buffer.from(
    `v=0\r\no=- 1 ${version} IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n`,
  );
}

export function parse(bytes: Buffer): SipMessage {
  const result = parseMessage(bytes);
  if (!result.ok) throw new Error(`${result.fault} in:\n${bytes.toString()}`);
  return result.message;
}

function hopOf(uri: string): Hop[] {
  const parsed = parseUri(uri);
  if (parsed === undefined || parsed.host === '' || parsed.host.endsWith('.invalid')) return [];
  const transport = parsed.params.get('transport') === 'tcp' ? 'tcp' : 'udp';
  return [{ transport, address: parsed.host, port: parsed.port ?? 5060 }];
}

/** A network in memory: what is sent arrives `delay` ms later, unless `lose` says otherwise. */
export class Wires {
  readonly clock: FakeClock;
  readonly sent: Array<{ from: number; to: number; message: SipMessage; at: number }> = [];
  /** Looks at every message; true: it is lost. */
  lose: (message: SipMessage, from: number, to: number) => boolean = () => false;
  readonly #ends = new Map<number, End>();
  readonly delay: number;

  constructor(clock: FakeClock, delay = 10) {
    this.clock = clock;
    this.delay = delay;
  }

  end(port: number, transport: Hop['transport'] = 'udp'): End {
    const end = new End(this, port, transport);
    this.#ends.set(port, end);
    return end;
  }

  carry(bytes: Buffer, from: End, to: number, listener?: FaultListener): void {
    const message = parse(bytes);
    this.sent.push({ from: from.port, to, message, at: this.clock.now() });
    if (this.lose(message, from.port, to)) return;
    const copy = Buffer.from(bytes);
    this.clock.after(this.delay, 'wire', () => {
      const target = this.#ends.get(to);
      if (target === undefined) return from.transport === 'udp' ? undefined : listener?.transportFailed();
      const source: Source = {
        transport: from.transport,
        address: '127.0.0.1',
        port: from.port,
        localAddress: '127.0.0.1',
        localPort: to,
      };
      target.onMessage(parse(copy), source);
    });
  }

  /** What went over the wire, as a ladder prints it. */
  titles(): string[] {
    return this.sent.map(({ from, message }) => `${from} ${titleOf(message)}`);
  }
}

export function titleOf(message: SipMessage): string {
  return message.kind === 'request' ? message.method : `${message.status} ${message.cseq.method}`;
}

export class End implements Network {
  onMessage: (message: SipMessage, source: Source) => void = () => {};
  readonly offences: number[] = [];
  readonly #wires: Wires;
  readonly port: number;
  readonly transport: Hop['transport'];

  constructor(wires: Wires, port: number, transport: Hop['transport']) {
    this.#wires = wires;
    this.port = port;
    this.transport = transport;
  }

  send(bytes: Buffer, to: Hop, listener?: FaultListener): void {
    this.#wires.carry(bytes, this, to.port, listener);
  }
  reply(bytes: Buffer, to: Source, listener?: FaultListener): void {
    this.#wires.carry(bytes, this, to.port, listener);
  }
  localFor(): string {
    return `127.0.0.1:${this.port}`;
  }
  resolve(uri: string): Hop[] {
    return hopOf(uri).map((hop) => ({ ...hop, transport: this.transport }));
  }
  offence(_: Source, weight: number): void {
    this.offences.push(weight);
  }
  good(): void {}
}

export type Side = {
  readonly agent: UserAgent;
  readonly network: End;
  readonly port: number;
  /** INVITEs that came, in order. */
  readonly invitations: Invitation[];
};

/** Alice on 5061 and Bob on 5062, with a fake clock; each takes the other for a carrier. */
export function pair(
  options: {
    transport?: Hop['transport'];
    bob?: Partial<UserAgentOptions>;
    live?: (clock: Clock) => Promise<unknown>;
  } = {},
) {
  const clock = new FakeClock();
  const wires = new Wires(clock);
  const ready = options.live?.(clock);
  const alice = side(wires, 5061, options.transport, {});
  const bob = side(wires, 5062, options.transport, options.bob ?? {});
  const settle = async (ms = 100): Promise<void> => {
    for (let step = 0; step < ms; step += 10) {
      await Promise.resolve();
      clock.advance(10);
    }
    await Promise.resolve();
  };
  const close = (): void => {
    void alice.agent.close();
    void bob.agent.close();
    clock.advance(wires.delay);
  };
  return { clock, wires, alice, bob, ready, settle, close };
}

export function side(
  wires: Wires,
  port: number,
  transport: Hop['transport'] = 'udp',
  more: Partial<UserAgentOptions> = {},
): Side {
  const network = wires.end(port, transport);
  const agent = createUserAgent({
    network,
    clock: wires.clock,
    random: new SeededRandom(port),
    log: silentLog,
    identify: () => carrier,
    ...more,
  });
  const invitations: Invitation[] = [];
  agent.onInvitation((invitation) => void invitations.push(invitation));
  return { agent, network, port, invitations };
}

/** An endpoint without a stack: a test writes its messages by hand. */
export class Phone {
  readonly received: SipMessage[] = [];
  readonly port: number;
  readonly #end: End;

  constructor(wires: Wires, port: number, transport: Hop['transport'] = 'udp') {
    this.port = port;
    this.#end = wires.end(port, transport);
    this.#end.onMessage = (message) => void this.received.push(message);
  }

  send(to: number, lines: readonly string[], body = ''): void {
    const text = `${[...lines, `Content-Length: ${Buffer.byteLength(body)}`].join('\r\n')}\r\n\r\n${body}`;
    this.#end.send(
      Buffer.from(text),
      { transport: 'udp', address: '127.0.0.1', port: to },
      { transportFailed: () => {} },
    );
  }

  /** Answers a request by hand. */
  answer(
    request: SipRequest,
    status: number,
    options: { tag?: string; headers?: readonly string[]; body?: string; to: number },
  ): void {
    const { tag, headers = [], body = '', to } = options;
    const lines = [`SIP/2.0 ${status} Anything`, ...request.headers.all('Via').map((via) => `Via: ${via}`)];
    lines.push(`From: ${request.headers.get('From')}`);
    lines.push(`To: ${request.headers.get('To')}${tag === undefined ? '' : `;tag=${tag}`}`);
    lines.push(`Call-ID: ${request.callId}`, `CSeq: ${request.headers.get('CSeq')}`, ...headers);
    if (body !== '') lines.push('Content-Type: application/sdp');
    this.send(to, lines, body);
  }

  last(title: string): SipMessage | undefined {
    return this.received.filter((message) => titleOf(message) === title).at(-1);
  }
  lastRequest(method: string): SipRequest {
    const found = this.last(method);
    if (found?.kind !== 'request') throw new Error(`no ${method} came`);
    return found;
  }
  lastResponse(title: string): SipResponse {
    const found = this.last(title);
    if (found?.kind !== 'response') throw new Error(`no ${title} came`);
    return found;
  }
}

/** Alice calls Bob's port and everything she hears is kept. */
export function dial(from: Side, port: number, more: object = {}) {
  const call = from.agent.invite({
    uri: `sip:bob@127.0.0.1:${port}`,
    from: { uri: 'sip:alice@example.test' },
    sdp: sdp(1),
    ...more,
  });
  const heard = {
    progress: [] as Progress[],
    failed: [] as Failure[],
    dialogs: [] as Dialog[],
    sent: 0,
    answers: [] as unknown[],
  };
  call.events.on('progress', (progress) => void heard.progress.push(progress));
  call.events.on('failed', (failure) => void heard.failed.push(failure));
  call.events.on('sent', () => void (heard.sent += 1));
  call.events.on('answered', (dialog, answer) => {
    heard.dialogs.push(dialog);
    heard.answers.push(answer?.toString());
  });
  return { call, heard };
}

export async function established(options: Parameters<typeof pair>[0] = {}) {
  const world = pair(options);
  const { call, heard } = dial(world.alice, 5062);
  await world.settle();
  const [invitation] = world.bob.invitations;
  assert.ok(invitation);
  const bobs = invitation.accept({ sdp: sdp(2) });
  await world.settle();
  const [alices] = heard.dialogs;
  assert.ok(alices);
  const ends: { alice: DialogEnd[]; bob: DialogEnd[] } = { alice: [], bob: [] };
  alices.events.on('ended', (end) => void ends.alice.push(end));
  bobs.events.on('ended', (end) => void ends.bob.push(end));
  return { ...world, call, heard, alices, bobs, ends };
}

export function clean(world: { close(): void; clock: FakeClock }): void {
  world.close();
  assert.deepEqual(world.clock.pending(), []);
}

/** Alice against a phone played by hand. */
export function byHand() {
  const clock = new FakeClock();
  const wires = new Wires(clock);
  const alice = side(wires, 5061);
  const phone = new Phone(wires, 5070);
  const settle = async (ms = 100): Promise<void> => {
    for (let step = 0; step < ms; step += 10) {
      await Promise.resolve();
      clock.advance(10);
    }
    await Promise.resolve();
  };
  const close = (): void => {
    void alice.agent.close();
    clock.advance(wires.delay);
  };
  return { clock, wires, alice, phone, settle, close };
}

/** A real UDP socket as a network. */
export async function udpNetwork(): Promise<Network & { port: number; stop(): void }> {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  const network = {
    port,
    onMessage: (() => {}) as Network['onMessage'],
    send: (bytes: Buffer, to: Hop) => socket.send(bytes, to.port, to.address),
    reply: (bytes: Buffer, to: Source) => socket.send(bytes, to.port, to.address),
    localFor: () => `127.0.0.1:${port}`,
    resolve: hopOf,
    offence: () => {},
    good: () => {},
    stop: () => void socket.close(),
  };
  socket.on('message', (bytes, from) => {
    const result = parseMessage(bytes);
    if (!result.ok) return;
    network.onMessage(result.message, {
      transport: 'udp',
      address: from.address,
      port: from.port,
      localAddress: '127.0.0.1',
      localPort: port,
    });
  });
  return network;
}

/** An agent on a real UDP socket, with quick timers. */
export async function realSide(more: Partial<UserAgentOptions> = {}, timers?: SipTimers) {
  const network = await udpNetwork();
  const clock: Clock = new SystemClock();
  const agent = createUserAgent({
    network,
    clock,
    random: new SeededRandom(network.port),
    log: silentLog,
    identify: () => carrier,
    ...(timers === undefined ? {} : { timers }),
    ...more,
  });
  const stop = (): void => {
    void agent.close();
    network.stop();
  };
  return { agent, network, clock, port: network.port, stop };
}
