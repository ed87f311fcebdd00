import type { PeerCertificate } from './peer-certificate.ts';

/** The transports of RFC 3261 §18 and RFC 7118. */
export type TransportName = 'udp' | 'tcp' | 'tls' | 'ws' | 'wss';

/** Who sent a request, by what an edge proxy of ours says. */
export type Origin = { readonly transport: TransportName; readonly address: string; readonly port: number };

/** Where a message came from, as the transport saw it (never what its headers claim). */
export type Source = {
  readonly transport: TransportName;
  readonly address: string;
  readonly port: number;
  readonly localAddress: string;
  readonly localPort: number;
  /** The connection it came over, for reliable transports; lets a reply or a call go back down it. */
  readonly connectionId?: string;
  /** What the peer of a tls listener showed, where clients are asked. */
  readonly certificate?: PeerCertificate;
  /** The port its top Via names, where a response goes to when it may not go to `port`. RFC 3261 §18.2.2. */
  readonly replyPort?: number;
  /** It came through an edge proxy of ours, from there. */
  readonly origin?: Origin;
};

/** Where to send. With `connectionId`: over that connection or not at all. */
export type Hop = {
  readonly transport: TransportName;
  readonly address: string;
  readonly port: number;
  readonly connectionId?: string;
  /** The name that led here: what the certificate of a tls or wss peer must say. RFC 5922 §4. */
  readonly host?: string;
};

/** Told when bytes could not be sent: once, and never inside the call that sent them. */
export interface FaultListener {
  transportFailed(): void;
}

/** One place we listen. */
export type Listening = {
  readonly transport: TransportName;
  readonly address: string;
  readonly port: number;
  /** Host and port we tell others: Via sent-by and Contact. */
  readonly advertisedHost: string;
  readonly advertisedPort: number;
};

/** A TLS handshake that failed. `code`: as OpenSSL or Node name it. */
export type TlsRefusal = {
  /** `accepted`: the peer connected to us. */
  readonly side: 'accepted' | 'connecting';
  readonly transport: TransportName;
  readonly address: string;
  readonly port: number;
  /** The name it had to prove. */
  readonly host: string | undefined;
  readonly why: string;
  readonly code: string;
};
