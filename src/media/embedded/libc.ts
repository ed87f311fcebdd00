/** The few C functions of the batched path, called through koffi. Linux only. */
import { createRequire } from 'node:module';

type Native = (...args: (number | bigint | Uint8Array | null)[]) => number | bigint;

export type Libc = {
  readonly socket: (family: number, type: number, protocol: number) => number;
  readonly bind: (fd: number, address: Uint8Array, length: number) => number;
  readonly close: (fd: number) => number;
  readonly write: (fd: number, bytes: Uint8Array, length: number) => number;
  readonly read: (fd: number, address: number, length: number) => number;
  /** The socket's own address into 16 bytes. */
  readonly getsockname: (fd: number, name: Uint8Array) => void;
  readonly epollCreate: (flags: number) => number;
  readonly epollAdd: (epoll: number, fd: number, event: Uint8Array) => void;
  /** epoll_wait(2): epoll, address of the events, how many, ms. */
  readonly epollWait: (...args: number[]) => number;
  /** recvfrom(2) and sendto(2) with addresses as numbers. */
  readonly recvfrom: (...args: number[]) => number;
  readonly sendto: (...args: number[]) => number;
  readonly sleep: (ms: number) => void;
  readonly eventfd: (initial: number, flags: number) => number;
  readonly errno: () => number;
  /** io_uring_setup(2). */
  readonly setup: (entries: number, params: Uint8Array) => number;
  /** io_uring_enter(2): ring, to submit, to wait for, flags, argument's address, its size. */
  readonly enter: (...args: number[]) => number;
  /** io_uring_register(2). */
  readonly register: (ring: number, what: number, argument: Uint8Array, count: number) => number;
  /** Maps memory: -1 for the handle maps fresh memory. Returns its address; 0 when refused. */
  readonly map: (length: number, fd: number, offset: number) => number;
  readonly unmap: (address: number, length: number) => void;
  /** The mapped memory as bytes. */
  readonly view: (address: number, length: number) => ArrayBuffer;
};

const SYS_SETUP = 425;
const SYS_ENTER = 426;
const SYS_REGISTER = 427;
const EPOLL_CTL_ADD = 1;
const PROT_READ_WRITE = 3;
const MAP_SHARED_POPULATE = 0x8001;
const MAP_PRIVATE_ANONYMOUS = 0x22;
const MAP_FAILED = -1;

/** Loads them; throws where there is no such library. */
export function loadLibc(): Libc {
  // Not a static import: the server runs without it, on the plain path.
  const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi');
  const lib = koffi.load('libc.so.6');
  const define = (text: string): Native => lib.func(text) as unknown as Native;
  const mmap = define('intptr_t mmap(intptr_t a, size_t l, int p, int f, int fd, long o)');
  const munmap = define('int munmap(intptr_t a, size_t l)');
  const setup = define('long syscall(long n, long a, void *b)');
  const enter = define('long syscall(long n, long a, long b, long c, long d, intptr_t e, long f)');
  const register = define('long syscall(long n, long a, long b, void *c, long d)');
  const socket = define('int socket(int a, int b, int c)');
  const bind = define('int bind(int a, void *b, int c)');
  const close = define('int close(int a)');
  const write = define('long write(int a, void *b, size_t c)');
  const read = define('long read(int a, intptr_t b, size_t c)');
  const getsockname = define('int getsockname(int a, void *b, void *c)');
  const epollCreate = define('int epoll_create1(int a)');
  const epollCtl = define('int epoll_ctl(int a, int b, int c, void *d)');
  const epollWait = define('int epoll_wait(int a, intptr_t b, int c, int d)') as unknown as Libc['epollWait'];
  const recvfrom = define('long recvfrom(int a, intptr_t b, size_t c, int d, intptr_t e, intptr_t f)');
  const sendto = define('long sendto(int a, intptr_t b, size_t c, int d, intptr_t e, int f)');
  const usleep = define('int usleep(unsigned int a)');
  const eventfd = define('int eventfd(unsigned int a, int b)');
  return {
    socket: (family, type, protocol) => Number(socket(family, type, protocol)),
    bind: (fd, address, length) => Number(bind(fd, address, length)),
    close: (fd) => Number(close(fd)),
    write: (fd, bytes, length) => Number(write(fd, bytes, length)),
    read: (fd, address, length) => Number(read(fd, address, length)),
    getsockname: (fd, name) => void getsockname(fd, name, new Uint8Array(Uint32Array.of(name.length).buffer)),
    epollCreate: (flags) => Number(epollCreate(flags)),
    epollAdd: (epoll, fd, event) => void epollCtl(epoll, EPOLL_CTL_ADD, fd, event),
    epollWait,
    recvfrom: recvfrom as Libc['recvfrom'],
    sendto: sendto as Libc['sendto'],
    sleep: (ms) => void usleep(Math.round(ms * 1000)),
    eventfd: (initial, flags) => Number(eventfd(initial, flags)),
    errno: () => koffi.errno(),
    setup: (entries, params) => Number(setup(SYS_SETUP, entries, params)),
    enter: (...args) => Number(enter(SYS_ENTER, ...args)),
    register: (ring, what, argument, count) => Number(register(SYS_REGISTER, ring, what, argument, count)),
    map: (length, fd, offset) => {
      const flags = fd < 0 ? MAP_PRIVATE_ANONYMOUS : MAP_SHARED_POPULATE;
      const address = Number(mmap(0, length, PROT_READ_WRITE, flags, fd, offset));
      return address === MAP_FAILED ? 0 : address;
    },
    unmap: (address, length) => void munmap(address, length),
    view: (address, length) => koffi.view(BigInt(address), length),
  };
}
