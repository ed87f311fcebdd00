import type { Far, Host, Packet } from '../rtp/packet.ts';
import type { Handles } from './handles.ts';
import {
  BUFFER_BYTES,
  EFD_CLOEXEC_NONBLOCK,
  ipv4Text,
  ipv4Word,
  KernelSockets,
  MSG_DONTWAIT_NOSIGNAL,
  portWord,
} from './kernel-sockets.ts';
import type { Libc } from './libc.ts';
import { mapMemory } from './memory.ts';
import { Uring } from './uring.ts';
import type { KernelWire, WireEvents } from './wire.ts';

const OP_RECVMSG = 10;
const OP_CANCEL = 14;
const OP_READ = 22;
const OP_SEND = 26;
const SQE_BUFFER_SELECT = 32;
const SQE_SKIP_SUCCESS = 64;
const RECV_MULTISHOT = 2;
const CQE_BUFFER = 1;
const CQE_MORE = 2;
const REGISTER_BUFFERS = 22;
const MSG_TRUNCATED = 0x20;

const CANCELED = -125;
const NO_BUFFERS = -105;
/** Pause before a socket that failed is armed again. */
const REARM_MS = 100;

const FROM_SOCKET = 1;
const SENT = 2;
const DOORBELL = 3;

/** A received packet lies behind io_uring_recvmsg_out (16 bytes) and the sender's sockaddr_in (16). */
const NAME = 16;
const DATA = 32;
const STRIDE = BUFFER_BYTES;
const BUFFERS = 2048;
const SCRATCH = 512;
/** Give buffers back in mid-batch when this many are held. */
const MAX_HELD = 512;
/** As many packets are a batch, however long others might be waited for. */
const BATCH = 64;

/** Packets through io_uring: one system call receives and sends as many as there are. A socket is armed once and then
 * yields packets into a ring of buffers; a relayed packet is sent from the buffer it came in. IPv4. */
export class UringWire implements KernelWire {
  readonly kind = 'io_uring';
  rung = true;
  #events: WireEvents = { packet: () => {}, bound: () => {} };
  readonly #ring: Uring;
  readonly #sockets: KernelSockets;
  readonly #doorbell: number;
  /** One block of memory: packet buffers | buffer ring | a sockaddr per submission | scratch per submission | msghdr. */
  readonly #base: number;
  readonly #bytes: Uint8Array;
  readonly #words: Uint32Array;
  readonly #halves: Uint16Array;
  readonly #bufferRing = BUFFERS * STRIDE;
  readonly #names: number;
  readonly #scratch: number;
  readonly #header: number;
  readonly #packet: Packet;
  readonly #held = new Uint16Array(BUFFERS);
  readonly #failed: number[] = [];
  #failedAt = 0;
  #heldCount = 0;
  #bufferTail = 0;
  #keeps = false;
  #now = 0;
  #taken = 0;

  constructor(libc: Libc, handles: Handles, address: string) {
    this.#sockets = new KernelSockets(libc, handles, address);
    this.#doorbell = libc.eventfd(0, EFD_CLOEXEC_NONBLOCK);
    handles.doorbell = this.#doorbell;
    this.#ring = new Uring(libc, handles);
    const entries = this.#ring.sqMask + 1;
    this.#names = this.#bufferRing + BUFFERS * 16;
    this.#scratch = this.#names + entries * 16;
    this.#header = this.#scratch + entries * SCRATCH;
    const { address: base, buffer } = mapMemory(libc, handles, { size: this.#header + 4096, fd: -1, offset: 0 });
    this.#base = base;
    this.#bytes = new Uint8Array(buffer);
    this.#words = new Uint32Array(buffer);
    this.#halves = new Uint16Array(buffer);
    this.#packet = { bytes: this.#bytes, at: 0, length: 0, host: 0, port: 0 };
    // msghdr: room for the sender's name, no vectors: the packet goes into a chosen buffer.
    this.#words[(this.#header + 8) >> 2] = NAME;
    const registration = Buffer.alloc(40);
    registration.writeBigUInt64LE(BigInt(base + this.#bufferRing), 0);
    registration.writeUInt32LE(BUFFERS, 8);
    if (libc.register(this.#ring.fd, REGISTER_BUFFERS, registration, 1) < 0)
      throw new Error('buffer rings are refused');
    for (let id = 0; id < BUFFERS; id++) this.#offer(id);
    this.#publish();
    this.#armDoorbell();
  }

  listen(events: WireEvents): this {
    this.#events = events;
    return this;
  }

  host(address: string): number {
    return ipv4Word(address);
  }

  address(host: Host): string {
    return ipv4Text(host as number);
  }

  bind(slot: number, port: number): void {
    const error = this.#sockets.openPair(slot, port);
    if (error === undefined) {
      this.#arm(slot * 2);
      this.#arm(slot * 2 + 1);
    }
    this.#events.bound(slot, error);
  }

  send(socket: number, packet: Packet, far: Far): void {
    const fd = this.#sockets.fds[socket];
    if (fd === undefined) return;
    const index = this.#ring.next();
    let at = packet.at;
    if (packet.bytes === this.#bytes) this.#keeps = true;
    else {
      if (packet.length > SCRATCH) packet.length = 0;
      at = this.#scratch + index * SCRATCH;
      for (let i = 0; i < packet.length; i++) this.#bytes[at + i] = packet.bytes[packet.at + i]!;
    }
    const name = this.#names + index * 16;
    this.#words[name >> 2] = portWord(far.port);
    this.#words[(name >> 2) + 1] = far.host as number;
    const { sqes } = this.#ring;
    const word = index * 16;
    sqes[word] = OP_SEND | (SQE_SKIP_SUCCESS << 8);
    sqes[word + 1] = fd;
    put64(sqes, word + 2, this.#base + name);
    put64(sqes, word + 4, this.#base + at);
    sqes[word + 6] = packet.length;
    sqes[word + 7] = MSG_DONTWAIT_NOSIGNAL;
    sqes[word + 9] = SENT;
    sqes[word + 11] = 16;
  }

  wait(ms: number, gatherMs: number): void {
    if (gatherMs > 0) this.#ring.wait(Math.min(ms, gatherMs), BATCH);
    else this.#ring.wait(ms, 1);
    this.#giveBack();
  }

  take(now: number): number {
    if (this.#failed.length > 0 && now - this.#failedAt > REARM_MS) this.#rearm(now);
    this.#now = now;
    this.#taken = 0;
    this.#ring.drain(this.#take);
    this.#publish();
    return this.#taken;
  }

  /** Sends itself a packet. Throws where the kernel has the calls but not all that they are asked for. */
  prove(): this {
    const { host, port } = { host: ipv4Word('127.0.0.1'), port: this.#testPort() };
    let got = 0;
    this.#events = { packet: (_socket, packet) => (got = packet.length), bound: () => {} };
    this.#arm(0);
    const packet: Packet = { bytes: new Uint8Array(172), at: 0, length: 172, host, port };
    this.send(0, packet, { host, port });
    for (let turn = 0; turn < 10 && got === 0; turn++) this.#turn(20);
    const cancel = this.#ring.next() * 16;
    this.#ring.sqes[cancel] = OP_CANCEL;
    this.#ring.sqes[cancel + 4] = 0;
    this.#ring.sqes[cancel + 5] = FROM_SOCKET;
    this.#turn(0);
    this.#sockets.drop(0);
    if (got !== 172) throw new Error('io_uring lost the packet of its test');
    return this;
  }

  #turn(ms: number): void {
    this.wait(ms, 0);
    this.take(0);
  }

  #testPort(): number {
    const error = this.#sockets.open(0, 0);
    if (error !== undefined) throw new Error(error);
    return this.#sockets.portOf(0);
  }

  #rearm(now: number): void {
    for (const socket of this.#failed.splice(0)) if (this.#sockets.fds[socket] !== undefined) this.#arm(socket);
    this.#failedAt = now;
  }

  /** Everything is closed by the main thread once this thread has ended. */
  close(): void {
    this.#ring.submit();
  }

  readonly #take = (low: number, high: number, result: number, flags: number): void => {
    if (high === FROM_SOCKET) this.#received(low, result, flags);
    else if (high === DOORBELL) {
      this.rung = true;
      this.#armDoorbell();
    }
  };

  #received(socket: number, result: number, flags: number): void {
    if ((flags & CQE_BUFFER) !== 0) {
      const id = flags >>> 16;
      const at = id * STRIDE;
      const word = at >> 2;
      this.#keeps = false;
      if (result >= DATA && (this.#words[word + 3]! & MSG_TRUNCATED) === 0) {
        const packet = this.#packet;
        packet.at = at + DATA;
        packet.length = this.#words[word + 2]!;
        packet.port = (this.#bytes[at + NAME + 2]! << 8) | this.#bytes[at + NAME + 3]!;
        packet.host = this.#words[word + 5]!;
        this.#taken++;
        this.#events.packet(socket, packet, this.#now);
      }
      if (this.#keeps) this.#held[this.#heldCount++] = id;
      else this.#offer(id);
      if (this.#heldCount >= MAX_HELD) {
        this.#ring.submit();
        this.#giveBack();
        this.#publish();
      }
    }
    if ((flags & CQE_MORE) !== 0 || result === CANCELED) return;
    // Out of buffers, or an error of a far end: armed again. Anything else might fail again at once: later.
    if (result >= 0 || result === NO_BUFFERS) this.#arm(socket);
    else this.#failed.push(socket);
  }

  #arm(socket: number): void {
    const word = this.#ring.next() * 16;
    const { sqes } = this.#ring;
    sqes[word] = OP_RECVMSG | (SQE_BUFFER_SELECT << 8) | (RECV_MULTISHOT << 16);
    sqes[word + 1] = this.#sockets.fds[socket]!;
    put64(sqes, word + 4, this.#base + this.#header);
    sqes[word + 6] = 1;
    sqes[word + 8] = socket;
    sqes[word + 9] = FROM_SOCKET;
  }

  #armDoorbell(): void {
    const word = this.#ring.next() * 16;
    const { sqes } = this.#ring;
    sqes[word] = OP_READ;
    sqes[word + 1] = this.#doorbell;
    put64(sqes, word + 4, this.#base + this.#header + 128);
    sqes[word + 6] = 8;
    sqes[word + 9] = DOORBELL;
  }

  /** What was sent from is free once the kernel has taken the batch. */
  #giveBack(): void {
    for (let i = 0; i < this.#heldCount; i++) this.#offer(this.#held[i]!);
    this.#heldCount = 0;
  }

  #offer(id: number): void {
    const at = this.#bufferRing + (this.#bufferTail & (BUFFERS - 1)) * 16;
    put64(this.#words, at >> 2, this.#base + id * STRIDE);
    this.#words[(at >> 2) + 2] = STRIDE;
    this.#halves[(at + 12) >> 1] = id;
    this.#bufferTail = (this.#bufferTail + 1) & 0xffff;
  }

  /** The ring's tail lies over the unused half of its first entry. */
  #publish(): void {
    Atomics.store(this.#halves, (this.#bufferRing + 14) >> 1, this.#bufferTail);
  }
}

function put64(words: Uint32Array, at: number, value: number): void {
  words[at] = value;
  words[at + 1] = value / 4294967296;
}
