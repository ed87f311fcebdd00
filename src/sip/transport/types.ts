/** Where a message came from, as the transport saw it (never what its headers claim). */
export type Source = {
  readonly transport: 'udp' | 'tcp' | 'tls' | 'ws' | 'wss';
  readonly address: string;
  readonly port: number;
  readonly localAddress: string;
  readonly localPort: number;
  /** The connection it came over, for reliable transports; lets a reply or a call go back down it. */
  readonly connectionId?: string;
};

/** Where to send. `connectionId` first when it still lives, else address and port. */
export type Hop = {
  readonly transport: Source['transport'];
  readonly address: string;
  readonly port: number;
  readonly connectionId?: string;
};
