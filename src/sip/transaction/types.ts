/** The seams of the transaction layer: who sends for it and who listens to it. */
import type { SipRequest, SipResponse } from '../message/index.ts';

/** Where to send. With `connectionId`: over that connection or not at all. */
export type Hop = {
  readonly transport: 'udp' | 'tcp' | 'tls' | 'ws' | 'wss';
  readonly address: string;
  readonly port: number;
  readonly connectionId?: string;
  /** The name that led here: what the certificate of a tls or wss peer must say. */
  readonly host?: string;
};

/** Where a message came from, as the transport saw it (never what its headers claim). */
export type Source = {
  readonly transport: Hop['transport'];
  readonly address: string;
  readonly port: number;
  readonly localAddress: string;
  readonly localPort: number;
  /** The connection it came over, for reliable transports; lets a reply or a call go back down it. */
  readonly connectionId?: string;
  /** It came through an edge proxy of ours, which says who sent it. */
  readonly origin?: { readonly transport: Hop['transport']; readonly address: string; readonly port: number };
  /** What its peer showed in the TLS handshake, where it was asked: names, SHA-256 of it, and why it is not believed. */
  readonly certificate?: { readonly names: readonly string[]; readonly fingerprint: string; readonly fault?: string };
};

/** Told when bytes could not be sent. */
export interface FaultListener {
  transportFailed(): void;
}

/** The way out. Never throws; a fault may come at once or later. */
export interface Wire {
  /** A request of ours, or its ACK. */
  sendRequest(bytes: Buffer, to: Hop, listener: FaultListener): void;
  /** A response, back where the request came from. RFC 3261 §18.2.2. */
  sendResponse(bytes: Buffer, to: Source, listener: FaultListener): void;
}

/** The user of a client transaction: one object, no closures. */
export interface ClientUser {
  onResponse(response: SipResponse): void;
  /** No final response will come: timer B or F, or the transport failed. */
  onFailure(reason: 'timeout' | 'transport'): void;
}

/** The user of a server transaction. */
export interface ServerUser {
  /** A response could not be sent, or (`timeout`) no ACK came for our 300-699. */
  onFailure(reason: 'timeout' | 'transport'): void;
}

/** What the layer hears that no transaction takes. */
export interface LayerUser {
  /** A request seen for the first time; serve it, answer it statelessly, or leave it. */
  onRequest(request: SipRequest, from: Source): void;
  /** An ACK of a 2xx: it belongs to a dialog. */
  onAck(request: SipRequest, from: Source): void;
}
