export { Arrival } from './arrival.ts';
export { type Clock, FakeClock, SystemClock, type Timer } from './clock.ts';
export { gainLimits, isGain, readDecibels } from './decibels.ts';
export { Emitter, type ListenerFault, setListenerFault } from './emitter.ts';
export { defineError, type ErrorEntry, errorRegistry, GraineError, messageOf } from './errors.ts';
export { type Certainty, HeldClock } from './held-clock.ts';
export { type Log, silentLog } from './log.ts';
export { ignore, Machine, type MachineOptions, type Step, type Table } from './machine.ts';
export { createPcmRing, type PcmFormat, PcmRingReader, PcmRingWriter } from './pcm-ring.ts';
export { withinNetworks } from './networks.ts';
export { isPrivateAddress } from './private-address.ts';
export { printable } from './printable.ts';
export { type Random, SeededRandom, SystemRandom } from './random.ts';
export {
  type CallTrace,
  type EndTrace,
  type HookTrace,
  type LinkTrace,
  type SipTrace,
  GatheringTrace,
  TraceChannel,
  type TraceEvent,
} from './trace.ts';
export { Recent } from './recent.ts';
export { Roster } from './roster.ts';
export { sameId } from './same-id.ts';
export { SharedFate } from './shared-fate.ts';
export { spawnWorker } from './worker.ts';
