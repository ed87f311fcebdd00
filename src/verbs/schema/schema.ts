/** This folder's entry: documents in, typed verbs out. Files of `src/verbs` import from here. */
export { describeDialFault, dialFaults, isAnonymous, mostTargets } from './dial-rules.ts';
export type { BargeIn } from './config.ts';
export { dubFaults } from './dub.ts';
export { canonicalE164, canonicalNumber } from './e164.ts';
export { documentLimits } from './guard.ts';
export { headerFaults, headerLimits, isProtectedHeader } from './header-rules.ts';
export { targetAddress } from './normalise.ts';
export { describeFaults, type ParsedApplication, parseApplication } from './parse.ts';
export type { ListenOptions } from './listen.ts';
export type { TranscribeOptions } from './transcribe.ts';
export type { FillerNoise, HookDelay, Waiting } from './waiting.ts';
export type * from './types.ts';
export { otherVerbNames } from './types.ts';
export { type Unsupported, unsupported, unsupportedVerbs } from './unsupported.ts';
export { verbAliases, verbSchemas } from './verb-schemas.ts';
