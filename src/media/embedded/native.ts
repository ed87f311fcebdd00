/** The main thread's side of the batched path. */
import type { Handles } from './handles.ts';
import { type Libc, loadLibc } from './libc.ts';

let libc: Libc | undefined;
const one = Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0);

/** Wakes a worker that waits in the kernel instead of on its event loop. */
export function ringDoorbell(handles: Handles): void {
  const { doorbell } = handles;
  if (doorbell === 0) return;
  libc ??= loadLibc();
  libc.write(doorbell, one, one.length);
}

/** Closes what an ended worker left open. */
export function closeHandles(handles: Handles): void {
  if (handles.empty) return;
  const { close, unmap } = (libc ??= loadLibc());
  handles.drain(close, unmap);
}
