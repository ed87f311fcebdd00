/** Just enough of WASI preview 1 to run one command-line program on memory: arguments in, one file out. It sees no disk,
 * no network, no environment, so what a hostile text could make of it stays inside its own memory. */

const OK = 0;
const BADF = 8;
const NOENT = 44;
const NOSPC = 51;
/** File descriptors: 0 to 2 the standard ones, 3 the one folder, 4 the one file. */
const FOLDER = 3;
const FILE = 4;
const FOLDER_NAME = Buffer.from('/');
const TYPE_CHARACTERS = 2;
const TYPE_FOLDER = 3;
const TYPE_FILE = 4;

class Exit extends Error {
  readonly status: number;
  constructor(status: number) {
    super(`exit ${status}`);
    this.status = status;
  }
}

/** The file a program writes: grows as needed up to a limit. */
class OutputFile {
  bytes = Buffer.alloc(1 << 16);
  length = 0;
  at = 0;
  readonly #most: number;

  constructor(most: number) {
    this.#most = most;
  }

  write(data: Uint8Array): boolean {
    const end = this.at + data.length;
    if (end > this.#most) return false;
    if (end > this.bytes.length) {
      const grown = Buffer.alloc(Math.max(end, this.bytes.length * 2));
      this.bytes.copy(grown);
      this.bytes = grown;
    }
    this.bytes.set(data, this.at);
    this.at = end;
    this.length = Math.max(this.length, end);
    return true;
  }
}

/** Runs a compiled program to its end. Returns its exit status, the file it wrote, and the first words it printed. */
export function runProgram(
  program: WebAssembly.Module,
  args: readonly string[],
  mostBytes: number,
): { status: number; file: Buffer; printed: string } {
  const file = new OutputFile(mostBytes);
  const printed: string[] = [];
  const memory = { view: new DataView(new ArrayBuffer(0)) };
  let instance: WebAssembly.Instance | undefined;
  const view = (): DataView => {
    const { buffer } = instance!.exports['memory'] as WebAssembly.Memory;
    if (memory.view.buffer !== buffer) memory.view = new DataView(buffer);
    return memory.view;
  };
  const bytes = (at: number, length: number): Uint8Array => new Uint8Array(view().buffer, at, length);
  const calls = { ...argumentCalls(args, view, bytes), ...fileCalls(file, printed, view, bytes) };
  instance = new WebAssembly.Instance(program, { wasi_snapshot_preview1: calls });
  try {
    (instance.exports['_start'] as () => void)();
    return { status: 0, file: file.bytes.subarray(0, file.length), printed: printed.join('') };
  } catch (fault) {
    if (!(fault instanceof Exit)) throw fault;
    return { status: fault.status, file: file.bytes.subarray(0, file.length), printed: printed.join('') };
  }
}

type View = () => DataView;
type Bytes = (at: number, length: number) => Uint8Array;

function argumentCalls(args: readonly string[], view: View, bytes: Bytes) {
  const encoded = args.map((arg) => Buffer.from(`${arg.replaceAll('\0', ' ')}\0`));
  return {
    args_sizes_get(count: number, size: number): number {
      view().setUint32(count, encoded.length, true);
      view().setUint32(size, Buffer.concat(encoded).length, true);
      return OK;
    },
    args_get(pointers: number, text: number): number {
      let at = text;
      encoded.forEach((arg, i) => {
        view().setUint32(pointers + i * 4, at, true);
        bytes(at, arg.length).set(arg);
        at += arg.length;
      });
      return OK;
    },
    clock_time_get(_clock: number, _precision: bigint, result: number): number {
      view().setBigUint64(result, 0n, true);
      return OK;
    },
    proc_exit(status: number): never {
      throw new Exit(status);
    },
  };
}

function fileCalls(file: OutputFile, printed: string[], view: View, bytes: Bytes) {
  return {
    fd_prestat_get(fd: number, result: number): number {
      if (fd !== FOLDER) return BADF;
      view().setUint32(result, 0, true);
      view().setUint32(result + 4, FOLDER_NAME.length, true);
      return OK;
    },
    fd_prestat_dir_name(fd: number, at: number): number {
      if (fd !== FOLDER) return BADF;
      bytes(at, FOLDER_NAME.length).set(FOLDER_NAME);
      return OK;
    },
    fd_fdstat_get(fd: number, result: number): number {
      if (fd > FILE) return BADF;
      bytes(result, 24).fill(0);
      view().setUint8(result, fd === FOLDER ? TYPE_FOLDER : fd === FILE ? TYPE_FILE : TYPE_CHARACTERS);
      view().setBigUint64(result + 8, 0xfffffffn, true);
      view().setBigUint64(result + 16, 0xfffffffn, true);
      return OK;
    },
    fd_fdstat_set_flags: (): number => OK,
    fd_close: (): number => OK,
    fd_read(_fd: number, _list: number, _count: number, got: number): number {
      view().setUint32(got, 0, true);
      return OK;
    },
    /** Bit 0 of the open flags: create. The program may only make its one file. */
    path_open(...args: (number | bigint)[]): number {
      if ((Number(args[4]) & 1) === 0) return NOENT;
      view().setUint32(Number(args.at(-1)), FILE, true);
      return OK;
    },
    fd_seek(fd: number, offset: bigint, whence: number, result: number): number {
      if (fd !== FILE) return BADF;
      const from = [0, file.at, file.length][whence] ?? 0;
      file.at = Math.max(0, from + Number(offset));
      view().setBigUint64(result, BigInt(file.at), true);
      return OK;
    },
    fd_write(fd: number, list: number, count: number, written: number): number {
      let total = 0;
      for (let i = 0; i < count; i++) {
        const data = bytes(view().getUint32(list + i * 8, true), view().getUint32(list + i * 8 + 4, true));
        total += data.length;
        if (fd === FILE && !file.write(data)) return NOSPC;
        if (fd !== FILE && printed.length < 8) printed.push(Buffer.from(data).toString('utf8', 0, 200));
      }
      view().setUint32(written, total, true);
      return OK;
    },
  };
}
