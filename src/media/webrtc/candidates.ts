/** Which candidates of a far end may be sent to at all: its SDP must not aim our packets at what only we can reach. */
import ipaddr from 'ipaddr.js';

/** Of our own networks, and of this machine. */
const near: ReadonlySet<string> = new Set(['private', 'loopback', 'uniqueLocal', 'carrierGradeNat']);

/** `nearToo`: private and loopback addresses are allowed here. Link-local ones, where clouds keep secrets, and those of many
 * hosts never are. */
export function mayBeSought(address: string, nearToo: boolean): boolean {
  if (!ipaddr.isValid(address)) return false;
  const range = ipaddr.process(address).range();
  return range === 'unicast' || (nearToo && near.has(range));
}
