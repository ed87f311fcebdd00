import type { Handles } from './handles.ts';
import type { Libc } from './libc.ts';

export const AF_INET = 2;
const SOCK_DGRAM_CLOEXEC = 0x80002;
export const EFD_CLOEXEC_NONBLOCK = 0x80800;
export const MSG_DONTWAIT_NOSIGNAL = 0x4040;
/** Room of a packet buffer, and of a sockaddr_in. */
export const BUFFER_BYTES = 2048;
export const NAME_BYTES = 16;

/** An IPv4 literal as the 32 bits in network order that lie in a sockaddr_in, read as this machine reads them. */
export function ipv4Word(address: string): number {
  const [a, b, c, d] = address.split('.').map(Number);
  return (a! | (b! << 8) | (c! << 16) | (d! << 24)) >>> 0;
}

/** The literal of such a word. */
export function ipv4Text(word: number): string {
  return `${word & 255}.${(word >>> 8) & 255}.${(word >>> 16) & 255}.${word >>> 24}`;
}

/** First word of a sockaddr_in: family and port. */
export function portWord(port: number): number {
  return (AF_INET | ((port & 0xff) << 24) | ((port >> 8) << 16)) >>> 0;
}

/** UDP sockets that Node knows nothing of, by number: even RTP, odd RTCP. */
export class KernelSockets {
  readonly fds: (number | undefined)[] = [];
  readonly #libc: Libc;
  readonly #handles: Handles;
  readonly #address: number;

  constructor(libc: Libc, handles: Handles, address: string) {
    this.#libc = libc;
    this.#handles = handles;
    this.#address = ipv4Word(address);
  }

  /** Opens `port` and `port + 1`; the reason when they cannot be had. */
  openPair(slot: number, port: number): string | undefined {
    const rtp = this.open(slot * 2, port);
    const error = rtp ?? this.open(slot * 2 + 1, port + 1);
    if (error !== undefined && rtp === undefined) this.drop(slot * 2);
    return error;
  }

  open(socket: number, port: number): string | undefined {
    const fd = this.#libc.socket(AF_INET, SOCK_DGRAM_CLOEXEC, 0);
    if (fd < 0) return `no socket (errno ${this.#libc.errno()})`;
    const name = new Uint8Array(NAME_BYTES);
    new Uint32Array(name.buffer).set([portWord(port), this.#address]);
    this.fds[socket] = fd;
    this.#handles.add(fd);
    if (this.#libc.bind(fd, name, NAME_BYTES) === 0) return undefined;
    const error = `cannot bind port ${port} (errno ${this.#libc.errno()})`;
    this.drop(socket);
    return error;
  }

  /** The port the kernel chose. */
  portOf(socket: number): number {
    const name = new Uint8Array(NAME_BYTES);
    this.#libc.getsockname(this.fds[socket]!, name);
    return (name[2]! << 8) | name[3]!;
  }

  drop(socket: number): void {
    const fd = this.fds[socket];
    if (fd === undefined) return;
    this.fds[socket] = undefined;
    this.#handles.remove(fd);
    this.#libc.close(fd);
  }
}
