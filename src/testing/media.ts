/** A phone's RTP: one socket pair, 20 ms pacing, a voice out, ears in, RFC 4733 digits both ways, minimal RTCP. */
import dgram from 'node:dgram';
import { type Random, SeededRandom } from '../base/index.ts';
import { OPENED, Srtp } from '../media/index.ts';
import type { SrtpKeys } from '../sdp/index.ts';
import {
  decodeAlaw,
  decodeUlaw,
  encodeAlaw,
  encodeUlaw,
  samplesVoice,
  silence,
  toneVoice,
  type Voice,
} from './audio.ts';
import { Ears } from './ears.ts';
import { Hearing } from './hearing.ts';
import type { PhoneIce } from './ice.ts';
import type { PhoneSdp } from './sdp.ts';

const digits = '0123456789*#ABCD';
const frame = 160;
/** The most that SRTP makes a packet longer. */
const growth = 20;

/** A key that is down. `sent` counts its packets, `start` is its RTP timestamp. */
type Press = {
  readonly event: number;
  sent: number;
  readonly packets: number;
  start: number;
  readonly done: () => void;
};

export class PhoneMedia {
  readonly ears = new Ears();
  readonly #hearing = new Hearing();
  readonly address: string;
  readonly port: number;
  /** Share of our packets that get lost on the way out, 0 to 1. */
  loss = 0;
  packetsSent = 0;
  /** Packets of RTP and RTCP that came in and did not pass SRTP. */
  packetsForged = 0;
  /** RTCP shares the port of RTP, both ways. */
  mux = false;
  /** Reports that came to the port of RTP. */
  muxedReports = 0;
  /** The last packet as it left. */
  lastSent: Buffer = Buffer.alloc(0);
  /** How it finds the other side, or is found; nothing is sent before. */
  ice: PhoneIce | undefined;
  #srtp: Srtp | undefined;
  readonly #rtp: dgram.Socket;
  readonly #rtcp: dgram.Socket;
  readonly #random: Random;
  readonly #ssrc: number;
  #remote: PhoneSdp | undefined;
  #voice: Voice = silence;
  #voiceAt = 0;
  /** Somebody waits for the voice to reach this sample. */
  #saying: { readonly until: number; readonly done: () => void } | undefined;
  #sequence: number;
  #timestamp: number;
  #marker = true;
  #digits: Press[] = [];
  #lastDigit = -1;
  #over = false;
  #ticker: NodeJS.Timeout | undefined;
  #reporter: NodeJS.Timeout | undefined;
  #started = 0;
  #frames = 0;

  private constructor(rtp: dgram.Socket, rtcp: dgram.Socket, random: Random) {
    this.#rtp = rtp;
    this.#rtcp = rtcp;
    this.#random = random;
    this.#ssrc = random.integer(0x7fffffff);
    this.#sequence = random.integer(0x7fff);
    this.#timestamp = random.integer(0x7fffffff);
    this.address = rtp.address().address;
    this.port = rtp.address().port;
    rtp.on('message', (bytes, from) => {
      if (this.ice !== undefined && (bytes[0] ?? 255) < 4) return this.ice.takes(bytes, from);
      const type = (bytes[1] ?? 0) & 0x7f;
      if (!this.mux || type < 64 || type > 95) this.#receive(bytes, `${from.address}:${from.port}`);
      else if (this.#heardReport(bytes)) this.muxedReports++;
    });
    rtp.on('error', () => {});
    rtcp.on('message', (bytes) => void this.#heardReport(bytes));
    rtcp.on('error', () => {});
  }

  /** Binds an even port and the odd one above it. */
  static async open(address: string, random: Random = new SeededRandom(1)): Promise<PhoneMedia> {
    for (let attempt = 0; ; attempt++) {
      const first = await bind(address, 0);
      const port = first.address().port;
      const even = port % 2 === 0;
      try {
        const second = await bind(address, even ? port + 1 : port - 1);
        return new PhoneMedia(even ? first : second, even ? second : first, random);
      } catch (fault) {
        first.close();
        if (attempt > 50) throw fault;
      }
    }
  }

  /** Where and how to send from now on. Starts the flow unless the other side may not hear us. */
  connect(remote: PhoneSdp): void {
    this.#remote = remote;
    const mayHear = remote.direction === 'sendrecv' || remote.direction === 'recvonly';
    if (!mayHear || remote.port === 0 || remote.address === '0.0.0.0') this.pause();
    else this.#start();
  }

  /** From now on its packets are protected so, and only such are heard; undefined: in the clear. */
  secure(keys: SrtpKeys | undefined): void {
    if (keys === undefined) this.#srtp = undefined;
    else if (this.#srtp === undefined) this.#srtp = new Srtp(keys);
    else this.#srtp.rekey(keys, performance.now());
  }

  /** The next packet has this sequence number: to see it go round. */
  numbersFrom(sequence: number): void {
    this.#sequence = (sequence - 1) & 0xffff;
  }

  /** Stops sending; listening goes on. */
  pause(): void {
    clearTimeout(this.#ticker);
    clearInterval(this.#reporter);
    this.#ticker = undefined;
  }

  /** The call is over: what was not pressed yet never will be. */
  stop(): void {
    this.pause();
    this.#over = true;
    for (const digit of this.#digits.splice(0)) digit.done();
    this.#said();
  }

  /** Speaks from now on. */
  speaks(voice: Voice | Int16Array): void {
    this.#voice = typeof voice === 'function' ? voice : samplesVoice(voice);
    this.#voiceAt = 0;
    this.#said();
  }

  /** Speaks these 8 kHz samples once; resolves when the last is sent, something else is spoken, or the call is over. */
  says(samples: Int16Array): Promise<void> {
    this.speaks(samples);
    if (this.#over || samples.length === 0) return Promise.resolve();
    return new Promise((done) => {
      this.#saying = { until: samples.length, done };
    });
  }

  tone(hz: number, levelDb?: number): void {
    this.speaks(toneVoice(hz, levelDb));
  }

  /** Presses keys one after another, 100 ms each with 60 ms between; resolves when the last is up. RFC 4733. */
  async presses(keys: string, durationMs = 100): Promise<void> {
    for (const key of keys) {
      const event = digits.indexOf(key.toUpperCase());
      if (event < 0) throw new Error(`'${key}' is no key of a phone`);
      if (this.#over) return;
      await new Promise<void>((resolve) => {
        const packets = Math.max(3, Math.round(durationMs / 20));
        this.#digits.push({ event, sent: 0, packets, start: 0, done: resolve });
      });
    }
  }

  /** Sends any bytes from our RTP port. */
  sendRaw(bytes: Buffer, to: { address: string; port: number }): void {
    this.#rtp.send(bytes, to.port, to.address, () => {});
  }

  async close(): Promise<void> {
    this.stop();
    this.ice?.close();
    this.ears.close('the phone was closed');
    await Promise.all(
      [this.#rtp, this.#rtcp].map(
        (socket) =>
          new Promise<void>((resolve) => {
            socket.close(() => resolve());
          }),
      ),
    );
  }

  #start(): void {
    if (this.#ticker !== undefined) return;
    this.#started = performance.now();
    this.#frames = 0;
    this.#tick();
    this.#reporter = setInterval(() => this.#report(), 2000);
  }

  /** Sends what is due by the clock; a late timer is caught up, so the rate stays 50 packets a second. */
  #tick(): void {
    const due = Math.floor((performance.now() - this.#started) / 20) + 1;
    // After a long stall (a suspended process) the missed audio is gone, as it is for a real phone.
    if (due - this.#frames > 25) this.#frames = due - 1;
    while (this.#frames < due) {
      this.#frames++;
      this.#sendFrame();
    }
    const next = this.#started + this.#frames * 20 - performance.now();
    this.#ticker = setTimeout(() => this.#tick(), Math.max(1, next));
  }

  #sendFrame(): void {
    const remote = this.#remote;
    if (remote === undefined) return;
    const digit = this.#digits[0];
    if (digit !== undefined) this.#sendDigit(digit, remote);
    else this.#sendAudio(remote);
    this.#timestamp = (this.#timestamp + frame) >>> 0;
  }

  #sendAudio(remote: PhoneSdp): void {
    const payload = remote.payloads.find((pt) => pt === 0 || pt === 8) ?? 0;
    const packet = Buffer.alloc(12 + frame);
    this.#header(packet, payload, this.#marker, this.#timestamp);
    this.#marker = false;
    const encode = payload === 8 ? encodeAlaw : encodeUlaw;
    for (let n = 0; n < frame; n++) packet[12 + n] = encode(Math.round(this.#voice(this.#voiceAt++)));
    this.#transmit(packet, remote);
    if (this.#saying !== undefined && this.#voiceAt >= this.#saying.until) this.#said();
  }

  #said(): void {
    const saying = this.#saying;
    this.#saying = undefined;
    saying?.done();
  }

  #sendDigit(digit: Press, remote: PhoneSdp): void {
    if (digit.sent === 0) digit.start = this.#timestamp;
    digit.sent++;
    const ending = digit.sent > digit.packets;
    // RFC 4733 §2.5.1.4: the end is sent three times. Then three frames of pause, so that keys stay apart.
    if (digit.sent <= digit.packets + 3) {
      const packet = Buffer.alloc(16);
      this.#header(packet, remote.events ?? 101, digit.sent === 1, digit.start);
      packet[12] = digit.event;
      packet[13] = (ending ? 0x80 : 0) | 10;
      packet.writeUInt16BE(Math.min(digit.sent, digit.packets) * frame, 14);
      this.#transmit(packet, remote);
    } else if (digit.sent >= digit.packets + 6) {
      this.#digits.shift();
      digit.done();
    }
  }

  #header(packet: Buffer, payload: number, marker: boolean, timestamp: number): void {
    packet[0] = 0x80;
    packet[1] = (marker ? 0x80 : 0) | payload;
    this.#sequence = (this.#sequence + 1) & 0xffff;
    packet.writeUInt16BE(this.#sequence, 2);
    packet.writeUInt32BE(timestamp, 4);
    packet.writeUInt32BE(this.#ssrc, 8);
  }

  #transmit(packet: Buffer, remote: PhoneSdp): void {
    this.packetsSent++;
    const bytes = this.#protected(packet, 'rtp');
    this.lastSent = bytes;
    if (this.loss > 0 && this.#random.integer(1000) < this.loss * 1000) return;
    const to = this.ice === undefined || remote.ice === undefined ? remote : this.ice.far;
    if (to !== undefined) this.#rtp.send(bytes, to.port, to.address, () => {});
  }

  #protected(bytes: Buffer, kind: 'rtp' | 'rtcp'): Buffer {
    if (this.#srtp === undefined) return bytes;
    const roomy = Buffer.concat([bytes, Buffer.alloc(growth)]);
    const packet = { bytes: roomy, at: 0, length: bytes.length, host: '', port: 0 };
    if (kind === 'rtp') this.#srtp.protect(packet);
    else this.#srtp.protectRtcp(packet);
    return roomy.subarray(0, packet.length);
  }

  /** Takes SRTP off in place; the length without it, 0 for what did not pass. */
  #opens(bytes: Buffer, kind: 'rtp' | 'rtcp'): number {
    const packet = { bytes, at: 0, length: bytes.length, host: '', port: 0 };
    const now = performance.now();
    const offset = 12 + 4 * ((bytes[0] ?? 0) & 0x0f);
    const verdict = kind === 'rtp' ? this.#srtp?.open(packet, offset, now) : this.#srtp?.openRtcp(packet, now);
    if (verdict === OPENED) return packet.length;
    this.packetsForged++;
    return 0;
  }

  #heardReport(bytes: Buffer): boolean {
    if (this.#srtp !== undefined && !this.#opens(bytes, 'rtcp')) return false;
    const type = bytes[1] ?? 0;
    this.#hearing.heardReport(bytes);
    this.ears.rtcp.set(type, (this.ears.rtcp.get(type) ?? 0) + 1);
    return true;
  }

  #receive(received: Buffer, source: string): void {
    if (received.length < 12 || (received[0] ?? 0) >> 6 !== 2) return;
    const bytes = this.#srtp === undefined ? received : received.subarray(0, this.#opens(received, 'rtp'));
    if (bytes.length === 0) return;
    const payload = (bytes[1] ?? 0) & 0x7f;
    this.#hearing.heard(bytes, payload === 0 || payload === 8 ? 8000 : 0);
    const sequence = bytes.readUInt16BE(2);
    const ssrc = bytes.readUInt32BE(8);
    const marker = ((bytes[1] ?? 0) & 0x80) !== 0;
    const data = bytes.subarray(12 + 4 * ((bytes[0] ?? 0) & 0x0f));
    if (payload === 13) {
      this.ears.noise.add({ at: performance.now(), level: data[0] ?? 0 });
      return;
    }
    if (payload !== 0 && payload !== 8) return this.#receiveDigit(bytes, data);
    const decode = payload === 8 ? decodeAlaw : decodeUlaw;
    const samples = Int16Array.from(data, decode);
    this.ears.packets.add({ at: performance.now(), source, payload, sequence, ssrc, marker, samples });
  }

  #receiveDigit(packet: Buffer, data: Buffer): void {
    const timestamp = packet.readUInt32BE(4);
    if (data.length < 4 || ((data[1] ?? 0) & 0x80) === 0 || timestamp === this.#lastDigit) return;
    this.#lastDigit = timestamp;
    this.ears.digits.add({
      at: performance.now(),
      digit: digits[data[0] ?? 0] ?? '?',
      duration: data.readUInt16BE(2) / 8,
    });
  }

  /** A sender report, with a block about what it hears. RFC 3550 §6.4.1. */
  #report(): void {
    const remote = this.#remote;
    if (remote === undefined || remote.port === 0) return;
    const report = this.#hearing.report({
      ssrc: this.#ssrc,
      timestamp: this.#timestamp,
      packets: this.packetsSent,
      bytes: (this.packetsSent * frame) >>> 0,
    });
    const bytes = this.#protected(report, 'rtcp');
    if (this.mux) this.#rtp.send(bytes, remote.port, remote.address, () => {});
    else this.#rtcp.send(bytes, remote.port + 1, remote.address, () => {});
  }
}

async function bind(address: string, port: number): Promise<dgram.Socket> {
  const socket = dgram.createSocket({ type: address.includes(':') ? 'udp6' : 'udp4', recvBufferSize: 1 << 18 });
  await new Promise<void>((resolve, reject) => {
    socket.once('error', (fault) => {
      socket.close();
      reject(fault);
    });
    socket.bind(port, address, resolve);
  });
  socket.removeAllListeners('error');
  return socket;
}
