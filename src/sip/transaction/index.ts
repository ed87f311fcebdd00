export { ClientTransaction } from './client.ts';
export { TransactionLayer, type TransactionOptions } from './layer.ts';
export { ServerTransaction } from './server.ts';
export { defaultTimers, lifetime, type SipTimers } from './timers.ts';
export type { ClientUser, FaultListener, Hop, LayerUser, ServerUser, Source, Wire } from './types.ts';
export { TimerWheel, type WheelTimer, type WheelUser } from './wheel.ts';
