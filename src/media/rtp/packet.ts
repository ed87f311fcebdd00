/** One datagram on its way through a worker. There is one of these for all received packets: who keeps it, copies it. */
export type Packet = {
  bytes: Uint8Array;
  /** Where the datagram begins in `bytes`. */
  at: number;
  length: number;
  /** Where it came from. */
  host: Host;
  port: number;
};

/** An address in the form the wire compares fastest: text for dgram, the number for IPv4 through system calls. */
export type Host = string | number;

/** A far transport address. */
export type Far = { readonly host: Host; readonly port: number };
