/** For tests: an engine on loopback and a phone's media on real sockets. */
import { createSocket, type Socket } from 'node:dgram';
import type { AddressInfo } from 'node:net';
import { SeededRandom, silentLog, SystemClock } from '../base/index.ts';
import type { Payload, StreamSettings } from '../ports/index.ts';
import type { SrtpKeys } from '../sdp/index.ts';
import { decodeG711, encodeG711, type G711 } from './codec/g711.ts';
import { createEmbeddedEngine } from './embedded/create.ts';
import type { EmbeddedEngine } from './embedded/engine.ts';
import type { EmbeddedOptions } from './embedded/options.ts';
import { readRtp, writeRtp } from './rtp/header.ts';
import { OPENED, REPLAYED } from './srtp/receiver.ts';
import { Srtp } from './srtp/srtp.ts';
import { toneSamples } from './tone/generate.ts';

export const PCMU: Payload = { receive: 0, send: 0, codec: 'PCMU', clockRate: 8000, channels: 1 };
export const PCMA: Payload = { receive: 8, send: 8, codec: 'PCMA', clockRate: 8000, channels: 1 };
export const EVENTS: Payload = { receive: 101, send: 101, codec: 'TELEPHONE-EVENT', clockRate: 8000, channels: 1 };

export type Heard = NonNullable<ReturnType<typeof readRtp>>;

export type Talk = {
  readonly codec: G711;
  readonly levelDb: number;
  /** Payloads instead of the tone, over and over; their type and the steps of their clock. */
  readonly say: readonly Uint8Array[];
  readonly type: number;
  readonly step: number;
  /** Packets that are not sent, by number. */
  readonly lose: (packet: number) => boolean;
};

/** Of those that run beside each other (scripts/runner.mjs). */
const slot = Number(process.env['GRAINE_TEST_SLOT'] ?? process.pid) % 4;
let range = 0;

/** An engine on ports that no other test process has now, and none of the last ten engines of this one: above the kernel's
 * ephemeral ports, as those below are given to servers of wire tests (test/kit/ports.ts). */
export function testEngine(options: Partial<EmbeddedOptions> = {}): Promise<EmbeddedEngine> {
  const low = 61_000 + slot * 1100 + (range++ % 11) * 100;
  return createEmbeddedEngine({
    address: '127.0.0.1',
    ports: `${low}-${low + 99}`,
    workers: 1,
    clock: new SystemClock(),
    random: new SeededRandom(process.pid),
    log: silentLog,
    ...options,
  });
}

async function bound(address: string): Promise<Socket> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => {
    socket.bind(0, address, resolve);
  });
  return socket;
}

/** RTP and RTCP sockets of a far end, and what came in. */
export class TestPhone {
  readonly rtp: Socket;
  readonly rtcp: Socket;
  readonly heard: Heard[] = [];
  readonly reports: Buffer[] = [];
  sequence = 1000;
  timestamp = 50_000;
  ssrc = 0x11223344;
  /** The longest that `talk` was behind, ms: a machine that stood still leaves holes that are not the engine's. */
  behindMs = 0;
  /** What came and had not its key. */
  forged = 0;
  /** Of those, what had the number of one that came before. */
  replayed = 0;
  #srtp: Srtp | undefined;
  #wake: () => void = () => {};

  private constructor(rtp: Socket, rtcp: Socket) {
    this.rtp = rtp;
    this.rtcp = rtcp;
    rtp.on('message', (bytes) => {
      const clear = this.#opened(bytes);
      const packet = clear === undefined ? undefined : readRtp(clear);
      if (packet !== undefined) this.heard.push(packet);
      this.#wake();
    });
    rtcp.on('message', (bytes) => {
      this.reports.push(bytes);
      this.#wake();
    });
  }

  static async open(address = '127.0.0.1'): Promise<TestPhone> {
    return new TestPhone(await bound(address), await bound(address));
  }

  get remote(): { address: string; port: number; rtcpPort: number } {
    const rtp = this.rtp.address() as AddressInfo;
    return { address: rtp.address, port: rtp.port, rtcpPort: (this.rtcp.address() as AddressInfo).port };
  }

  settings(payloads: readonly Payload[] = [PCMU, EVENTS], extra: Partial<StreamSettings> = {}): StreamSettings {
    return { remote: this.remote, payloads, direction: 'sendrecv', ptime: 20, ...extra };
  }

  /** RTP is encrypted from now on. `ours`: the keys as the engine has them. */
  seal({ send, receive }: SrtpKeys): void {
    this.#srtp = new Srtp({ send: receive, receive: send });
  }

  /** Sends one packet; resolves when the kernel has it. */
  send(to: { address: string; port: number }, type: number, payload: Uint8Array, marker = false): Promise<void> {
    const bytes = Buffer.alloc(12 + payload.length);
    const { sequence, timestamp, ssrc } = this;
    writeRtp(bytes, 0, { payloadType: type, marker, sequence: this.sequence++ & 0xffff, timestamp, ssrc });
    if (sequence > 0xffff) this.sequence = 1;
    bytes.set(payload, 12);
    return this.raw(to, this.#sealed(bytes));
  }

  #sealed(bytes: Buffer): Uint8Array {
    if (this.#srtp === undefined) return bytes;
    const packet = { bytes: Buffer.concat([bytes, Buffer.alloc(32)]), at: 0, length: bytes.length, host: '', port: 0 };
    this.#srtp.protect(packet);
    return packet.bytes.subarray(0, packet.length);
  }

  #opened(bytes: Buffer): Buffer | undefined {
    if (this.#srtp === undefined) return bytes;
    const packet = { bytes, at: 0, length: bytes.length, host: '', port: 0 };
    const verdict = this.#srtp.open(packet, 12, 0);
    if (verdict === OPENED) return bytes.subarray(0, packet.length);
    this.forged++;
    if (verdict === REPLAYED) this.replayed++;
    return undefined;
  }

  raw(to: { address: string; port: number }, bytes: Uint8Array, socket = this.rtp): Promise<void> {
    return new Promise((resolve) => {
      socket.send(bytes, to.port, to.address, () => resolve());
    });
  }

  /** Sends a tone of 20 ms packets, as fast as the kernel takes them. */
  async tone(
    to: { address: string; port: number },
    frequency: number,
    packets: number,
    codec: G711 = 'PCMU',
  ): Promise<void> {
    const bytes = encodeG711(codec, toneSamples([frequency], packets * 20));
    for (let i = 0; i < packets; i++) {
      await this.send(to, codec === 'PCMU' ? 0 : 8, bytes.subarray(i * 160, i * 160 + 160));
      this.timestamp += 160;
    }
  }

  /** Sends a tone as a phone does, a packet every 20 ms, until told to stop. Late ones are made up for at once. */
  talk(to: { address: string; port: number }, frequency: number, options: Partial<Talk> = {}): () => void {
    const { codec = 'PCMU', levelDb = -20, lose = () => false, type = codec === 'PCMU' ? 0 : 8 } = options;
    const clock = new SystemClock();
    // A second holds whole periods of any whole frequency: it can be repeated.
    const tone = encodeG711(codec, toneSamples([frequency], 1000, levelDb));
    const say = options.say ?? Array.from({ length: 50 }, (_, i) => tone.subarray(i * 160, i * 160 + 160));
    const start = clock.monotonic();
    let sent = 0;
    const { step = 160 } = options;
    const next = (): void => {
      this.behindMs = Math.max(this.behindMs, clock.monotonic() - start - sent * 20);
      for (; start + sent * 20 <= clock.monotonic(); sent++) {
        if (lose(sent)) this.sequence++;
        else void this.send(to, type, say[sent % say.length]!);
        this.timestamp += step;
      }
      timer = clock.after(Math.max(1, start + sent * 20 - clock.monotonic()), 'phone', next);
    };
    let timer = clock.after(0, 'phone', next);
    return () => timer.cancel();
  }

  /** Resolves once so many more packets have come. */
  more(packets: number): Promise<void> {
    const wanted = this.heard.length + packets;
    return this.until(() => this.heard.length >= wanted);
  }

  /** Resolves once `ready` holds; looks again with every packet. */
  async until(ready: () => boolean): Promise<void> {
    while (!ready()) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** The audio that came in, decoded. */
  audio(codec: G711 = 'PCMU', type = codec === 'PCMU' ? 0 : 8): Int16Array {
    const packets = this.heard.filter((packet) => packet.payloadType === type);
    return Int16Array.from(packets.flatMap((packet) => [...decodeG711(codec, packet.payload)]));
  }

  close(): void {
    this.rtp.close();
    this.rtcp.close();
  }
}
