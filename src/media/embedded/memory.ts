import type { Handles } from './handles.ts';
import type { Libc } from './libc.ts';

export type Mapping = { readonly size: number; readonly fd: number; readonly offset: number };

/** Memory that the kernel reads and writes too: fresh, or a ring's. The main thread will unmap it. */
export function mapMemory(libc: Libc, handles: Handles, what: Mapping): { address: number; buffer: ArrayBuffer } {
  const { size, fd, offset } = what;
  const address = libc.map(size, fd, offset);
  if (address === 0) throw new Error(`no memory to share with the kernel (errno ${libc.errno()})`);
  handles.addMap(address, size);
  return { address, buffer: libc.view(address, size) };
}
