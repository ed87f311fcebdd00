/** The main thread's side of the batched path. */

/** Wakes a worker that waits in the kernel instead of on its event loop. */
export function ringDoorbell(_handles: SharedArrayBuffer): void {}

/** Closes what a dead worker left open. */
export function closeHandles(_handles: SharedArrayBuffer): void {}
