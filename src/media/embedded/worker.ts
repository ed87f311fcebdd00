/** Entry of a packet worker's thread. */
import { workerData } from 'node:worker_threads';
import { messageOf } from '../../base/index.ts';
import { Handles } from './handles.ts';
import { type Libc, loadLibc } from './libc.ts';
import type { WorkerSetup } from './protocol.ts';
import { runInKernel, runOnLoop } from './run.ts';
import type { KernelWire } from './wire.ts';
import { EpollWire } from './wire-epoll.ts';
import { UringWire } from './wire-uring.ts';

const setup = workerData as WorkerSetup;
const handles = new Handles(setup.handles);

const kinds = {
  io_uring: (libc: Libc) => new UringWire(libc, handles, setup.address).prove(),
  epoll: (libc: Libc) => new EpollWire(libc, handles, setup.address),
};

/** The first wire that works of those allowed; dgram when none does. */
function start(): void {
  const whys: string[] = [];
  for (const kind of setup.wires) {
    let wire: KernelWire;
    try {
      wire = kinds[kind](loadLibc());
    } catch (fault) {
      handles.silence();
      whys.push(`${kind}: ${messageOf(fault)}`);
      continue;
    }
    return runInKernel(setup, wire, whys.join('; '));
  }
  runOnLoop(setup, whys.join('; ') || 'not asked for');
}

start();
