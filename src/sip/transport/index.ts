export type { FaultListener, Hop, Listening, Source, TransportName } from './types.ts';
export { isLoopback, parseListen } from './address.ts';
export { type CertificateFiles, Certificates } from './certificates.ts';
export { type DnsResolver, systemDns } from './dns.ts';
export { type Ban, type GuardOptions, type GuardStats, type Offence, SourceGuard } from './guard.ts';
export { type ConnectionLimits, defaultConnectionLimits } from './limits.ts';
export { TransportLayer, type TransportOptions } from './layer.ts';
export type { TlsPeer } from './tls.ts';
export { NextHops, type NextHopsOptions } from './resolver.ts';
