/** For tests: the media of a browser on a real socket. A full ICE agent as far as we need one, DTLS client, SRTP. */
import { createSocket, type Socket } from 'node:dgram';
import { randomBytes } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import type { Payload, StreamSettings, WebSettings } from '../../ports/index.ts';
import { readRtp, writeRtp } from '../rtp/header.ts';
import type { Packet } from '../rtp/packet.ts';
import { OPENED } from '../srtp/receiver.ts';
import { Srtp } from '../srtp/srtp.ts';
import { createCertificate, type Certificate } from './certificate.ts';
import { Dtls, DtlsContext } from './dtls.ts';
import { loadOpenSsl } from './openssl.ts';
import { writeStun } from './stun.ts';

export type CheckOptions = {
  readonly username?: string;
  readonly password?: string;
  readonly nominates?: boolean;
  readonly controlled?: boolean;
  readonly transaction?: Buffer;
};

const COOKIE = Buffer.from('2112a442', 'hex');
/** The server's half: what its SDP would say. */
export const serverIce = { ufrag: 'server00', pwd: 'a-password-of-24-letters' };
const browserUfrag = 'browser0';

/** A binding request as a browser sends it to `serverIce`. */
export function checkOf(options: CheckOptions = {}): Buffer {
  const { username = `${serverIce.ufrag}:${browserUfrag}`, password = serverIce.pwd } = options;
  const attributes: [number, Buffer][] = [
    [0x0006, Buffer.from(username)],
    [0x0024, Buffer.from('6e7f1eff', 'hex')],
    [options.controlled === true ? 0x8029 : 0x802a, randomBytes(8)],
  ];
  if (options.nominates !== false) attributes.push([0x0025, Buffer.alloc(0)]);
  return writeStun(1, options.transaction ?? Buffer.concat([COOKIE, randomBytes(12)]), attributes, password);
}

export class TestBrowser {
  readonly socket: Socket;
  readonly certificate: Certificate;
  /** Payloads that came through SRTP. */
  readonly heard: NonNullable<ReturnType<typeof readRtp>>[] = [];
  /** Answers to our checks. */
  readonly answers: Buffer[] = [];
  srtp: Srtp | undefined;
  dtls: Dtls | undefined;
  #sequence = 100;
  #wake: () => void = () => {};

  private constructor(socket: Socket) {
    this.socket = socket;
    this.certificate = createCertificate(Date.now(), randomBytes(16));
    socket.on('message', (bytes) => {
      this.#take(bytes);
      this.#wake();
    });
  }

  static async open(): Promise<TestBrowser> {
    const socket = createSocket('udp4');
    await new Promise<void>((resolve) => {
      socket.bind(0, '127.0.0.1', resolve);
    });
    return new TestBrowser(socket);
  }

  /** What its SDP leaves on the server's side. */
  web(more: Partial<WebSettings['remote']> = {}): WebSettings {
    const [hash = '', value = ''] = this.certificate.fingerprint.split(' ');
    const remote = { ufrag: browserUfrag, fingerprint: { hash, value }, lite: false, ...more };
    return { local: serverIce, remote, role: 'server' };
  }

  settings(payloads: readonly Payload[], web = this.web()): StreamSettings {
    return { remote: undefined, payloads, direction: 'sendrecv', ptime: 20, web };
  }

  /** Waits, sending again whatever may have been lost or come too soon. */
  async until(holds: () => boolean, again: () => void = () => {}): Promise<void> {
    for (let turn = 0; turn < 100; turn++) {
      if (holds()) return;
      again();
      this.dtls?.tick();
      const woken = new AbortController();
      this.#wake = () => woken.abort();
      await setTimeout(50, undefined, { signal: woken.signal }).catch(() => {});
    }
    throw new Error('it never came true');
  }

  async checks(port: number, options: CheckOptions = {}): Promise<void> {
    const had = this.answers.length;
    await this.until(
      () => this.answers.length > had,
      () => this.socket.send(checkOf(options), port, '127.0.0.1'),
    );
  }

  /** ICE, then DTLS; `fingerprint` is the server's. */
  async connects({ port }: { port: number }, fingerprint: string): Promise<void> {
    await this.checks(port);
    this.begins(port, fingerprint);
    await this.until(() => this.srtp !== undefined);
  }

  /** Sends a ClientHello. */
  begins(port: number, fingerprint: string): void {
    const [hash = '', value = ''] = fingerprint.split(' ');
    this.dtls = new Dtls({
      context: new DtlsContext(loadOpenSsl(), this.certificate),
      role: 'client',
      fingerprint: { hash, value },
      send: (datagram) => this.socket.send(Buffer.from(datagram), port, '127.0.0.1'),
    });
    this.dtls.begin();
  }

  /** Says so many packets; their bytes as they went out. */
  says(port: number, payload: Buffer, options: { type?: number; count?: number } = {}): Buffer[] {
    const { type = 0, count = 1 } = options;
    return Array.from({ length: count }, () => {
      const bytes = Buffer.alloc(12 + payload.length + 32);
      const header = { payloadType: type, marker: false, sequence: this.#sequence, timestamp: this.#sequence * 160 };
      writeRtp(bytes, 0, { ...header, ssrc: 0xb0b0b0b0 });
      payload.copy(bytes, 12);
      this.#sequence++;
      const packet: Packet = { bytes, at: 0, length: 12 + payload.length, host: '', port: 0 };
      this.srtp?.protect(packet);
      const sent = Buffer.from(packet.bytes.subarray(packet.at, packet.at + packet.length));
      this.socket.send(sent, port, '127.0.0.1');
      return sent;
    });
  }

  close(): void {
    this.dtls?.close();
    this.socket.close();
  }

  #take(bytes: Buffer): void {
    const first = bytes[0] ?? 0;
    if (first < 4) this.answers.push(bytes);
    else if (first < 64) {
      this.dtls?.take(bytes);
      if (this.dtls?.keys !== undefined) this.srtp ??= new Srtp(this.dtls.keys);
    } else if ((bytes[1]! & 0x7f) < 64 || (bytes[1]! & 0x7f) >= 96) this.#hear(bytes);
  }

  #hear(bytes: Buffer): void {
    const packet: Packet = { bytes, at: 0, length: bytes.length, host: '', port: 0 };
    if (this.srtp?.open(packet, 12, performance.now()) !== OPENED) return;
    const read = readRtp(bytes.subarray(packet.at, packet.at + packet.length));
    if (read !== undefined) this.heard.push(read);
  }
}
