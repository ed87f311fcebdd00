/** Connections that lead only where the address rules allow. A host is resolved once a connection; every address of the
 * answer is checked, and the socket is given exactly the checked ones, so a name that changes its mind between check and
 * use (DNS rebinding) changes nothing. A pooled connection stays where it was checked to be. */
import { lookup as systemLookup, type LookupAddress } from 'node:dns';
import type { LookupFunction, Socket } from 'node:net';
import { buildConnector } from 'undici';
import { refuseAddress } from './address-rules.ts';

/** All addresses of a host name. */
export type Resolve = (
  hostname: string,
  done: (error: Error | null, addresses: readonly LookupAddress[]) => void,
) => void;

export class AddressRefused extends Error {}

export type ConnectionOptions = {
  readonly allowPrivate: boolean;
  readonly connectTimeoutMs: number;
  readonly resolve: Resolve | undefined;
  /** Extra certificate authorities, PEM. */
  readonly ca: string | undefined;
};

export class Connections {
  /** For undici: opens a socket. */
  readonly connect: buildConnector.connector;
  /** For net.connect: resolves and checks. */
  readonly lookup: LookupFunction;
  readonly ca: string | undefined;
  #sequence = 0;
  #closing = Infinity;

  constructor(options: ConnectionOptions) {
    this.lookup = checkedLookup(options.resolve ?? systemResolve, options.allowPrivate);
    this.ca = options.ca;
    const open = buildConnector({
      timeout: options.connectTimeoutMs,
      lookup: this.lookup,
      // undici wants it set when a lookup is given; Node tries the checked addresses one after another.
      autoSelectFamily: true,
      ...(options.ca !== undefined && { ca: options.ca }),
    } as buildConnector.BuildOptions);
    this.connect = (target, done) => {
      open(target, (error, socket) => {
        if (error !== null) return done(error, null);
        this.#watch(socket);
        done(null, socket);
      });
    };
  }

  /** A point in the order of openings and requests. */
  mark(): number {
    return ++this.#sequence;
  }

  /** Asked while a request fails: was its connection opened before `mark`, so that it had stood idle? Then the peer may
   * have closed it before it ever saw the request. */
  wasIdle(mark: number): boolean {
    return this.#closing < mark;
  }

  // undici reports the failed request synchronously from its own 'close' listener, which comes after this one.
  #watch(socket: Socket): void {
    const opened = this.mark();
    socket.once('close', () => {
      this.#closing = opened;
      queueMicrotask(() => {
        this.#closing = Infinity;
      });
    });
  }
}

export function systemResolve(hostname: string, done: Parameters<Resolve>[1]): void {
  systemLookup(hostname, { all: true }, (error, addresses) => done(error, addresses));
}

export function checkedLookup(resolve: Resolve, allowPrivate: boolean): LookupFunction {
  return (hostname, options, done) => {
    resolve(hostname, (error, addresses) => {
      const [first] = addresses;
      if (error !== null) return done(error, '', 0);
      if (first === undefined) return done(new Error(`${hostname} has no address`), '', 0);
      // One bad address refuses the name: a mixed answer is how rebinding gets its second try.
      for (const { address } of addresses) {
        const reason = refuseAddress(address, allowPrivate);
        if (reason !== undefined) return done(new AddressRefused(`${hostname} is ${address}, ${reason}`), '', 0);
      }
      if (options.all === true) done(null, [...addresses]);
      else done(null, first.address, first.family);
    });
  };
}
