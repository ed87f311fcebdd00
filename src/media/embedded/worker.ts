/** Entry of a packet worker's thread. */
import { workerData } from 'node:worker_threads';
import { messageOf } from '../../base/index.ts';
import { Handles } from './handles.ts';
import { loadLibc } from './libc.ts';
import type { WorkerSetup } from './protocol.ts';
import { runInKernel, runOnLoop } from './run.ts';
import { UringWire } from './wire-uring.ts';

const setup = workerData as WorkerSetup;

/** The batched path where it works, the plain one elsewhere. */
function start(): void {
  if (!setup.batched) return runOnLoop(setup, 'not asked for');
  const handles = new Handles(setup.handles);
  let wire: UringWire;
  try {
    wire = new UringWire(loadLibc(), handles, setup.address);
  } catch (fault) {
    handles.silence();
    return runOnLoop(setup, messageOf(fault));
  }
  runInKernel(setup, wire);
}

start();
