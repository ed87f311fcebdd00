export type * from './types.ts';
export type { Identification, Network, RegistrarOptions, UserAgent, UserAgentOptions, UserSecret } from './options.ts';
export { createUserAgent } from './user-agent.ts';
