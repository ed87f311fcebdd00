import type { Far, Host, Packet } from '../rtp/packet.ts';
import type { Handles } from './handles.ts';
import {
  BUFFER_BYTES,
  EFD_CLOEXEC_NONBLOCK,
  ipv4Text,
  ipv4Word,
  KernelSockets,
  MSG_DONTWAIT_NOSIGNAL,
  NAME_BYTES,
  portWord,
} from './kernel-sockets.ts';
import type { Libc } from './libc.ts';
import { mapMemory } from './memory.ts';
import type { KernelWire, WireEvents } from './wire.ts';

const EPOLL_CLOEXEC = 0x80000;
const MSG_DONTWAIT_TRUNC = 0x60;
const EVENTS = 256;
/** epoll_event is packed on x86-64 alone. */
const EVENT_BYTES = process.arch === 'x64' ? 12 : 16;
const EVENT_DATA = process.arch === 'x64' ? 4 : 8;
const DOORBELL = 0xffffffff;

/** So many relayed packets wait to be sent in one go, each in the buffer it came in; twice as many buffers, so that the one
 * being handled is never the next to be filled. */
const MAX_HELD = 64;
const BUFFERS = MAX_HELD * 2;

/** Packets through recvfrom and sendto called directly, on sockets that epoll says are ready: for containers that forbid
 * io_uring. Two system calls a packet, but none of Node's objects. What a turn relays is sent at its end: a far end on this
 * machine is woken once. IPv4. */
export class EpollWire implements KernelWire {
  readonly kind = 'epoll';
  rung = true;
  readonly #libc: Libc;
  readonly #sockets: KernelSockets;
  readonly #epoll: number;
  readonly #doorbell: number;
  /** One block: received packets | packet of ours to send | sockaddrs of those held, of ours, of a sender | length of a
   * sockaddr | events. */
  readonly #base: number;
  readonly #bytes: Uint8Array;
  readonly #words: Uint32Array;
  readonly #view: DataView;
  readonly #out = BUFFER_BYTES * BUFFERS;
  readonly #names = this.#out + BUFFER_BYTES;
  readonly #to = this.#names + NAME_BYTES * MAX_HELD;
  readonly #from = this.#to + NAME_BYTES;
  readonly #length = this.#from + NAME_BYTES;
  readonly #ready = this.#length + NAME_BYTES;
  readonly #packet: Packet;
  readonly #heldFd = new Int32Array(MAX_HELD);
  readonly #heldAt = new Int32Array(MAX_HELD);
  readonly #heldLength = new Int32Array(MAX_HELD);
  #held = 0;
  /** The buffer to receive into. */
  #buffer = 0;
  #count = 0;
  #now = 0;
  #taken = 0;
  #events: WireEvents = { packet: () => {}, bound: () => {} };

  constructor(libc: Libc, handles: Handles, address: string) {
    this.#libc = libc;
    this.#sockets = new KernelSockets(libc, handles, address);
    this.#epoll = libc.epollCreate(EPOLL_CLOEXEC);
    if (this.#epoll < 0) throw new Error(`epoll is refused (errno ${libc.errno()})`);
    handles.add(this.#epoll);
    this.#doorbell = libc.eventfd(0, EFD_CLOEXEC_NONBLOCK);
    handles.doorbell = this.#doorbell;
    const size = this.#ready + EVENTS * EVENT_BYTES;
    const { address: base, buffer } = mapMemory(libc, handles, { size, fd: -1, offset: 0 });
    this.#base = base;
    this.#bytes = new Uint8Array(buffer);
    this.#words = new Uint32Array(buffer, 0, size >> 2);
    this.#view = new DataView(buffer);
    this.#packet = { bytes: this.#bytes, at: 0, length: 0, host: 0, port: 0 };
    this.#watch(this.#doorbell, DOORBELL);
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
      this.#watch(this.#sockets.fds[slot * 2]!, slot * 2);
      this.#watch(this.#sockets.fds[slot * 2 + 1]!, slot * 2 + 1);
    }
    this.#events.bound(slot, error);
  }

  send(socket: number, packet: Packet, far: Far): void {
    const fd = this.#sockets.fds[socket];
    if (fd === undefined || packet.length > BUFFER_BYTES) return;
    if (packet.bytes === this.#bytes) return this.#hold(fd, packet, far);
    this.#flush();
    const at = this.#out;
    for (let i = 0; i < packet.length; i++) this.#bytes[at + i] = packet.bytes[packet.at + i]!;
    this.#address(this.#to, far);
    this.#sendNow(fd, at, packet.length, this.#to);
  }

  /** What gathers while it sleeps wakes nobody. */
  wait(ms: number, gatherMs: number): void {
    if (gatherMs > 0) this.#libc.sleep(Math.min(ms, gatherMs));
    const timeout = gatherMs > 0 ? 0 : Math.ceil(ms);
    this.#count = this.#libc.epollWait(this.#epoll, this.#base + this.#ready, EVENTS, timeout);
  }

  take(now: number): number {
    this.#now = now;
    this.#taken = 0;
    for (let i = 0; i < this.#count; i++) {
      const socket = this.#view.getUint32(this.#ready + i * EVENT_BYTES + EVENT_DATA, true);
      if (socket === DOORBELL) this.#hear();
      else this.#receive(socket);
    }
    this.#flush();
    return this.#taken;
  }

  /** Everything is closed by the main thread once this thread has ended. */
  close(): void {}

  #hold(fd: number, packet: Packet, far: Far): void {
    if (this.#held === MAX_HELD) this.#flush();
    const i = this.#held++;
    this.#heldFd[i] = fd;
    this.#heldAt[i] = packet.at;
    this.#heldLength[i] = packet.length;
    this.#address(this.#names + i * NAME_BYTES, far);
    this.#buffer = ((packet.at / BUFFER_BYTES) | 0) + 1;
    if (this.#buffer === BUFFERS) this.#buffer = 0;
  }

  #flush(): void {
    for (let i = 0; i < this.#held; i++)
      this.#sendNow(this.#heldFd[i]!, this.#heldAt[i]!, this.#heldLength[i]!, this.#names + i * NAME_BYTES);
    this.#held = 0;
  }

  #address(at: number, far: Far): void {
    this.#words[at >> 2] = portWord(far.port);
    this.#words[(at >> 2) + 1] = far.host as number;
  }

  // oxlint-disable-next-line max-params -- numbers, not an object: this runs for every packet
  #sendNow(fd: number, at: number, length: number, name: number): void {
    this.#libc.sendto(fd, this.#base + at, length, MSG_DONTWAIT_NOSIGNAL, this.#base + name, NAME_BYTES);
  }

  /** One packet a turn; who has more is ready again. */
  #receive(socket: number): void {
    const { fds } = this.#sockets;
    this.#words[this.#length >> 2] = NAME_BYTES;
    const base = this.#base;
    const start = this.#buffer * BUFFER_BYTES;
    const got = this.#libc.recvfrom(
      fds[socket]!,
      base + start,
      BUFFER_BYTES,
      MSG_DONTWAIT_TRUNC,
      base + this.#from,
      base + this.#length,
    );
    if (got < 0 || got > BUFFER_BYTES) return;
    const packet = this.#packet;
    packet.at = start;
    packet.length = got;
    packet.port = (this.#bytes[this.#from + 2]! << 8) | this.#bytes[this.#from + 3]!;
    packet.host = this.#words[(this.#from >> 2) + 1]!;
    this.#taken++;
    this.#events.packet(socket, packet, this.#now);
  }

  #hear(): void {
    this.#libc.read(this.#doorbell, this.#base + this.#out, 8);
    this.rung = true;
  }

  #watch(fd: number, data: number): void {
    const event = new Uint8Array(EVENT_BYTES);
    event[0] = 1;
    new DataView(event.buffer).setUint32(EVENT_DATA, data, true);
    this.#libc.epollAdd(this.#epoll, fd, event);
  }
}
