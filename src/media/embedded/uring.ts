import type { Handles } from './handles.ts';
import type { Libc } from './libc.ts';
import { mapMemory } from './memory.ts';

const SETUP_CQSIZE = 1 << 3;
const SETUP_TASKRUN_FLAG = 1 << 9;
const SETUP_SINGLE_ISSUER = 1 << 12;
const SETUP_DEFER_TASKRUN = 1 << 13;
const FEATURE_EXT_ARG = 1 << 8;
const FEATURE_CQE_SKIP = 1 << 11;
const ENTER_GETEVENTS = 1;
const ENTER_EXT_ARG = 8;
const OFFSET_SQES = 0x10000000;
const SQ_ENTRIES = 4096;
const CQ_ENTRIES = 16_384;
const SQE_WORDS = 16;

/** The two queues of an io_uring, read and written as typed arrays: one system call submits and waits for many
 * operations. Used by one thread only. */
export class Uring {
  readonly fd: number;
  /** Submission entries as words; entry i begins at `i × 16`. */
  readonly sqes: Uint32Array;
  readonly sqMask: number;
  readonly #libc: Libc;
  readonly #ring: Int32Array;
  readonly #sqHead: number;
  readonly #sqTail: number;
  readonly #cqHead: number;
  readonly #cqTail: number;
  readonly #cqMask: number;
  readonly #cqes: number;
  readonly #wait: DataView;
  readonly #waitAt: number;
  #tail: number;
  #queued = 0;

  constructor(libc: Libc, handles: Handles) {
    this.#libc = libc;
    const params = Buffer.alloc(120);
    params.writeUInt32LE(CQ_ENTRIES, 4);
    params.writeUInt32LE(SETUP_CQSIZE | SETUP_TASKRUN_FLAG | SETUP_SINGLE_ISSUER | SETUP_DEFER_TASKRUN, 8);
    this.fd = libc.setup(SQ_ENTRIES, params);
    if (this.fd < 0) throw new Error(`io_uring is refused (errno ${libc.errno()})`);
    handles.add(this.fd);
    const word = (at: number): number => params.readUInt32LE(at);
    const features = word(20);
    if ((features & FEATURE_EXT_ARG) === 0 || (features & FEATURE_CQE_SKIP) === 0)
      throw new Error('io_uring is too old');
    // io_sqring_offsets at 40: head, tail, mask, entries, flags, dropped, array; io_cqring_offsets at 80 the same way.
    const size = Math.max(word(40 + 24) + word(0) * 4, word(80 + 20) + word(4) * 16);
    this.#ring = new Int32Array(mapMemory(libc, handles, { size, fd: this.fd, offset: 0 }).buffer);
    const entries = { size: word(0) * SQE_WORDS * 4, fd: this.fd, offset: OFFSET_SQES };
    this.sqes = new Uint32Array(mapMemory(libc, handles, entries).buffer);
    this.#sqHead = word(40) >> 2;
    this.#sqTail = word(44) >> 2;
    this.sqMask = this.#ring[word(48) >> 2]!;
    this.#cqHead = word(80) >> 2;
    this.#cqTail = word(84) >> 2;
    this.#cqMask = this.#ring[word(88) >> 2]!;
    this.#cqes = word(100) >> 2;
    const array = word(64) >> 2;
    for (let i = 0; i <= this.sqMask; i++) this.#ring[array + i] = i;
    this.#tail = this.#ring[this.#sqTail]!;
    const memory = mapMemory(libc, handles, { size: 4096, fd: -1, offset: 0 });
    this.#wait = new DataView(memory.buffer);
    this.#waitAt = memory.address;
    this.#wait.setUint32(8, 8, true);
    this.#wait.setBigUint64(16, BigInt(memory.address + 24), true);
  }

  /** The index of a cleared submission entry; the caller fills it. */
  next(): number {
    if (this.#queued > this.sqMask) this.submit();
    const index = this.#tail & this.sqMask;
    this.#tail = (this.#tail + 1) | 0;
    this.#queued++;
    this.sqes.fill(0, index * SQE_WORDS, index * SQE_WORDS + SQE_WORDS);
    return index;
  }

  get queued(): number {
    return this.#queued;
  }

  /** Hands over what is queued, waits for nothing. */
  submit(): void {
    if (this.#queued > 0) this.#enter(0, 0, 0, 0);
  }

  /** Hands over what is queued and waits for so many completions, at most `ms`. */
  wait(ms: number, count: number): void {
    const wait = this.#wait;
    const whole = Math.floor(ms / 1000);
    wait.setUint32(24, whole, true);
    wait.setUint32(32, Math.floor((ms - whole * 1000) * 1e6), true);
    this.#enter(count, ENTER_GETEVENTS | ENTER_EXT_ARG, this.#waitAt, 24);
  }

  /** Takes completions out: low and high word of the user data, result, flags. */
  drain(take: (low: number, high: number, result: number, flags: number) => void): void {
    const ring = this.#ring;
    let head = ring[this.#cqHead]!;
    const tail = Atomics.load(ring, this.#cqTail);
    while (head !== tail) {
      const at = this.#cqes + (head & this.#cqMask) * 4;
      head = (head + 1) | 0;
      take(ring[at]!, ring[at + 1]!, ring[at + 2]!, ring[at + 3]!);
    }
    Atomics.store(ring, this.#cqHead, head);
  }

  // oxlint-disable-next-line max-params -- a system call has them
  #enter(count: number, flags: number, argument: number, size: number): void {
    Atomics.store(this.#ring, this.#sqTail, this.#tail);
    this.#libc.enter(this.fd, this.#queued, count, flags, argument, size);
    this.#queued = (this.#tail - Atomics.load(this.#ring, this.#sqHead)) | 0;
  }
}
