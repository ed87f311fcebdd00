import { createSocket, type Socket } from 'node:dgram';
import { isIPv6, SocketAddress } from 'node:net';
import { type Clock, messageOf } from '../../base/index.ts';
import { MAX_PACKET_BYTES } from '../rtp/header.ts';
import type { Far, Host, Packet } from '../rtp/packet.ts';
import type { Wire, WireEvents } from './wire.ts';

/** Packets through node:dgram, a socket a port: works everywhere. */
export class DgramWire implements Wire {
  readonly kind = 'dgram';
  readonly #address: string;
  readonly #events: WireEvents;
  readonly #clock: Clock;
  readonly #sockets: (Socket | undefined)[] = [];
  readonly #packet: Packet = { bytes: new Uint8Array(0), at: 0, length: 0, host: '', port: 0 };

  constructor(address: string, events: WireEvents, clock: Clock) {
    this.#address = address;
    this.#events = events;
    this.#clock = clock;
  }

  /** IPv6 has many spellings of an address; the kernel has one. */
  host(address: string): Host {
    return isIPv6(address) ? new SocketAddress({ address, family: 'ipv6' }).address : address;
  }

  address(host: Host): string {
    return String(host);
  }

  bind(slot: number, port: number): void {
    let waiting = 2;
    const settle = (error: string | undefined): void => {
      if (waiting === 0) return;
      waiting = error === undefined ? waiting - 1 : 0;
      if (waiting > 0) return;
      if (error !== undefined) this.#drop(slot);
      this.#events.bound(slot, error);
    };
    this.#open(slot * 2, port, settle);
    this.#open(slot * 2 + 1, port + 1, settle);
  }

  send(socket: number, packet: Packet, far: Far): void {
    // A literal needs no look-up, so this goes straight to sendmsg and is done when it returns.
    const { bytes, at, length } = packet;
    // Told where it begins and ends, Node makes a view of it first, needless for what is relayed as it is.
    if (at === 0 && length === bytes.length) this.#sockets[socket]?.send(bytes, far.port, far.host as string);
    else this.#sockets[socket]?.send(bytes, at, length, far.port, far.host as string);
  }

  close(): void {
    for (let slot = 0; slot * 2 < this.#sockets.length; slot++) this.#drop(slot);
  }

  #open(index: number, port: number, settle: (error: string | undefined) => void): void {
    const family = this.#address.includes(':') ? 6 : 4;
    const socket = createSocket({
      type: family === 6 ? 'udp6' : 'udp4',
      lookup: (host, _options, done) => done(null, host, family),
    });
    this.#sockets[index] = socket;
    // After binding, an error is a far end that is gone (ICMP): not ours to act on.
    socket.on('error', (error) => settle(messageOf(error)));
    socket.on('message', (bytes, from) => {
      if (bytes.length > MAX_PACKET_BYTES) return;
      const packet = this.#packet;
      packet.bytes = bytes;
      packet.at = 0;
      packet.length = bytes.length;
      packet.host = from.address;
      packet.port = from.port;
      this.#events.packet(index, packet, this.#clock.monotonic());
    });
    socket.bind({ port, address: this.#address, exclusive: true }, () => settle(undefined));
  }

  #drop(slot: number): void {
    for (const index of [slot * 2, slot * 2 + 1]) {
      const socket = this.#sockets[index];
      this.#sockets[index] = undefined;
      if (socket === undefined) continue;
      try {
        socket.close();
      } catch {
        // It failed to open: nothing to close.
      }
    }
  }
}
