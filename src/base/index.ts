export { Arrival } from './arrival.ts';
export { type Clock, FakeClock, SystemClock, type Timer } from './clock.ts';
export { gainLimits, isGain, readDecibels } from './decibels.ts';
export { Emitter, type ListenerFault, setListenerFault } from './emitter.ts';
export { defineError, type ErrorEntry, errorRegistry, GraineError, messageOf } from './errors.ts';
export { type Log, silentLog } from './log.ts';
export { ignore, Machine, type MachineOptions, type Step, type Table } from './machine.ts';
export { createPcmRing, type PcmFormat, PcmRingReader, PcmRingWriter } from './pcm-ring.ts';
export { isPrivateAddress } from './private-address.ts';
export { printable } from './printable.ts';
export { type Random, SeededRandom, SystemRandom } from './random.ts';
export {
  type CallTrace,
  type EndTrace,
  type HookTrace,
  type LinkTrace,
  type SipTrace,
  TraceChannel,
  type TraceEvent,
} from './trace.ts';
export { SharedFate } from './shared-fate.ts';
export { spawnWorker } from './worker.ts';
