/** The provisioned world in memory, for look-ups in the middle of a call: synchronous, indexed, kept fresh. */
import type { Emitter } from '../base/index.ts';
import type {
  Account,
  Application,
  Carrier,
  Client,
  Entities,
  Gateway,
  Kind,
  PhoneNumber,
  TeamsTenant,
} from './provisioning.ts';

export interface Directory {
  readonly events: Emitter<{ changed: [kind: Kind, sid: string] }>;
  get<K extends Kind>(kind: K, sid: string): Entities[K] | undefined;
  all<K extends Kind>(kind: K, accountSid?: string): readonly Entities[K][];
  accountByRealm(realm: string): Account | undefined;
  application(accountSid: string, name: string): Application | undefined;
  client(realm: string, username: string): Client | undefined;
  /** Softphones of the portal that a dial to the user of this name (lower case) rings. */
  softphones(accountSid: string, name: string): readonly Client[];
  carrierByName(accountSid: string, name: string): Carrier | undefined;
  /** Active carriers that have an active outbound gateway, by priority then name. */
  outboundCarriers(accountSid: string): readonly Carrier[];
  gateways(carrierSid: string): readonly Gateway[];
  /** The gateway a request from this source belongs to: address with netmask; where several share it, the port decides
   * (exact port first), then the longest netmask. Host names are resolved in the background. */
  inboundGateway(address: string, port: number, transport: string): { gateway: Gateway; carrier: Carrier } | undefined;
  /** Exact number first, then the longest `*` prefix; of this carrier first, then carrier-less. Leading `+` ignored. */
  phoneNumber(accountSid: string, number: string, carrierSid?: string): PhoneNumber | undefined;
  /** Of this account: the one of this name, or its first. */
  teamsTenant(accountSid: string, fqdn?: string): TeamsTenant | undefined;
  /** Whosever it is: a name is one account's only. */
  tenantByFqdn(fqdn: string): TeamsTenant | undefined;
}
