/** The URL at which others reach REST: what every absolute URL that we give out begins with. */
import { isIP } from 'node:net';
import os from 'node:os';
import { type Config, isWildcard } from '../config/index.ts';

type Place = { readonly address: string; readonly port: number };

/** `bound` is where REST listens in truth, once it does (the file may say port 0). `outside` is our address as SIP tells it:
 * nobody can call a wildcard. */
export function publicUrl({ http }: Pick<Config, 'http'>, bound: Place | undefined, outside: string): string {
  if (http.public_url !== undefined) return http.public_url;
  const { address, port } = bound ?? http.listen;
  const host = isWildcard(address) ? outside : address;
  return `http://${isIP(host) === 6 ? `[${host}]` : host}:${port}`;
}

/** Of a page that was reached at this URL. */
export function originOf(url: string): string {
  return new URL(url).origin;
}

/** Is it this process itself that listens there, on an address of this machine? Not where a proxy, or a port of another
 * machine that is passed on, stands before it. */
export function isOwnDoor(url: string, { address, port }: Place): boolean {
  const { protocol, hostname, port: named } = new URL(url);
  if (protocol !== 'http:' || Number(named || 80) !== port) return false;
  const host = hostname.replaceAll(/^\[|\]$/g, '');
  if (!isWildcard(address)) return host === address;
  return Object.values(os.networkInterfaces()).some((each) => each?.some((own) => own.address === host));
}
