/** All that is provisioned, in memory, indexed for look-ups in the middle of a call. Writes go to the store first, so
 * what a call sees was committed. Changes of other nodes are taken over once a second. */
import { isIP } from 'node:net';
import { type Clock, Emitter, type Log, messageOf, type Timer } from '../base/index.ts';
import type {
  Account,
  Application,
  Carrier,
  Client,
  Directory,
  Entities,
  Gateway,
  Kind,
  PhoneNumber,
  TeamsTenant,
} from '../ports/index.ts';
import { kinds } from './entities.ts';
import { HostNames, type Resolver, systemResolver } from './names.ts';
import { Numbers } from './numbers.ts';
import type { OpenStore } from './open.ts';
import type { Item } from './provisioning.ts';
import { Sources } from './sources.ts';

export type DirectoryOptions = { readonly clock: Clock; readonly log: Log; readonly resolver?: Resolver };

/** A Directory that can be written to. */
export interface OpenDirectory extends Directory {
  put<K extends Kind>(kind: K, entity: Entities[K]): Promise<void>;
  putAll(items: readonly Item[]): Promise<void>;
  /** False when there was none. */
  remove(kind: Kind, sid: string): Promise<boolean>;
  /** Takes over what other nodes changed, now rather than within the second. */
  refresh(): Promise<void>;
  close(): Promise<void>;
}

type Tables = { readonly [K in Kind]: Map<string, Entities[K]> };

/** Look-up tables over the entities, each built when first needed after a change. */
type Indexes = {
  accountByRealm?: Map<string, Account>;
  named?: Map<string, Application | Carrier | Client>;
  gatewaysOf?: Map<string, Gateway[]>;
  outbound?: Map<string, Carrier[]>;
  sources?: Sources<Carrier>;
  softphones?: Map<string, Client[]>;
  numbers?: Map<string, Numbers>;
  tenants?: Map<string, TeamsTenant>;
  ofAccount?: Map<string, readonly unknown[]>;
};

const pollMs = 1_000;
const firstLookUpMs = 3_000;

export async function openDirectory(store: OpenStore, options: DirectoryOptions): Promise<OpenDirectory> {
  const directory = new StoreDirectory(store, options);
  await directory.load();
  await directory.resolved(options.clock);
  return directory;
}

class StoreDirectory implements OpenDirectory {
  readonly events = new Emitter<{ changed: [kind: Kind, sid: string] }>();
  readonly #store: OpenStore;
  readonly #log: Log;
  readonly #names: HostNames;
  readonly #poll: Timer | undefined;
  #tables = emptyTables();
  #indexes: Indexes = {};
  #seq = 0;
  /** Writes and refreshes take turns, so an older answer never overwrites a newer one. */
  #turn: Promise<unknown> = Promise.resolve();
  #polling = false;
  #lookingUp: Promise<void> = Promise.resolve();
  /** The last poll failed: said once, not every second. */
  #behind = false;
  #closed = false;

  constructor(store: OpenStore, { clock, log, resolver }: DirectoryOptions) {
    this.#store = store;
    this.#log = log;
    const forget = (): void => {
      delete this.#indexes.sources;
    };
    this.#names = new HostNames({ clock, log, resolver: resolver ?? systemResolver, onChange: forget });
    if (store.shared) this.#poll = clock.every(pollMs, 'directory poll', () => void this.#tick());
  }

  async load(): Promise<void> {
    this.#seq = await this.#store.lastChange();
    const tables = emptyTables();
    for (const kind of kinds) await this.#fill(tables, kind);
    this.#tables = tables;
    this.#indexes = {};
    this.#follow();
  }

  /** Waits for the host names of gateways, so that the first call of a carrier is not taken for a stranger's; but not long. */
  resolved(clock: Clock): Promise<void> {
    return new Promise((resolve) => {
      const patience = clock.after(firstLookUpMs, 'directory first look-up', resolve);
      void this.#lookingUp.then(() => {
        patience.cancel();
        resolve();
      });
    });
  }

  get<K extends Kind>(kind: K, sid: string): Entities[K] | undefined {
    return this.#tables[kind].get(sid);
  }

  all<K extends Kind>(kind: K, accountSid?: string): readonly Entities[K][] {
    const index = (this.#indexes.ofAccount ??= new Map());
    const key = `${kind} ${accountSid ?? '*'}`;
    const known = index.get(key);
    if (known !== undefined) return known as readonly Entities[K][];
    const everything = [...this.#tables[kind].values()];
    const chosen = everything.filter((each) => accountSid === undefined || accountSidOf(each) === accountSid);
    index.set(key, chosen);
    return chosen;
  }

  accountByRealm(realm: string): Account | undefined {
    this.#indexes.accountByRealm ??= new Map(
      this.all('account').flatMap((each) => (each.sipRealm === undefined ? [] : [[each.sipRealm.toLowerCase(), each]])),
    );
    return this.#indexes.accountByRealm.get(realm.toLowerCase());
  }

  application(accountSid: string, name: string): Application | undefined {
    return this.#named().get(`application ${accountSid} ${name}`) as Application | undefined;
  }

  client(realm: string, username: string): Client | undefined {
    const account = this.accountByRealm(realm);
    return account && (this.#named().get(`client ${account.sid} ${username}`) as Client | undefined);
  }

  softphones(accountSid: string, name: string): readonly Client[] {
    let index = this.#indexes.softphones;
    if (index === undefined) {
      index = this.#indexes.softphones = new Map<string, Client[]>();
      for (const client of this.all('client')) {
        if (client.softphone?.name === undefined) continue;
        const key = `${client.accountSid} ${client.softphone.name}`;
        const list = index.get(key);
        if (list === undefined) index.set(key, [client]);
        else list.push(client);
      }
    }
    return index.get(`${accountSid} ${name}`) ?? [];
  }

  carrierByName(accountSid: string, name: string): Carrier | undefined {
    return this.#named().get(`carrier ${accountSid} ${name}`) as Carrier | undefined;
  }

  outboundCarriers(accountSid: string): readonly Carrier[] {
    const index = (this.#indexes.outbound ??= new Map());
    let found = index.get(accountSid);
    if (found === undefined) {
      const usable = (carrier: Carrier): boolean =>
        carrier.isActive && this.gateways(carrier.sid).some((gateway) => gateway.isActive && gateway.outbound);
      found = this.all('carrier', accountSid).filter(usable);
      found.sort((a, b) => a.priority - b.priority || compare(a.name, b.name));
      index.set(accountSid, found);
    }
    return found;
  }

  gateways(carrierSid: string): readonly Gateway[] {
    let index = this.#indexes.gatewaysOf;
    if (index === undefined) {
      index = this.#indexes.gatewaysOf = new Map<string, Gateway[]>();
      for (const gateway of this.#tables.gateway.values()) {
        const list = index.get(gateway.carrierSid);
        if (list === undefined) index.set(gateway.carrierSid, [gateway]);
        else list.push(gateway);
      }
      for (const list of index.values()) list.sort((a, b) => a.priority - b.priority || compare(a.sid, b.sid));
    }
    return index.get(carrierSid) ?? [];
  }

  inboundGateway(address: string, port: number, transport: string): { gateway: Gateway; carrier: Carrier } | undefined {
    this.#indexes.sources ??= this.#buildSources();
    const found = this.#indexes.sources.find(address, port, transport);
    return found && { gateway: found.gateway, carrier: found.value };
  }

  phoneNumber(accountSid: string, number: string, carrierSid?: string): PhoneNumber | undefined {
    const index = (this.#indexes.numbers ??= new Map());
    let numbers = index.get(accountSid);
    if (numbers === undefined) {
      numbers = new Numbers(this.all('phoneNumber', accountSid));
      index.set(accountSid, numbers);
    }
    return numbers.find(number, carrierSid);
  }

  teamsTenant(accountSid: string, fqdn?: string): TeamsTenant | undefined {
    if (fqdn === undefined) return this.all('teamsTenant', accountSid)[0];
    const found = this.tenantByFqdn(fqdn);
    return found?.accountSid === accountSid ? found : undefined;
  }

  tenantByFqdn(fqdn: string): TeamsTenant | undefined {
    this.#indexes.tenants ??= new Map(this.all('teamsTenant').map((each) => [each.tenantFqdn.toLowerCase(), each]));
    return this.#indexes.tenants.get(fqdn.toLowerCase());
  }

  put<K extends Kind>(kind: K, entity: Entities[K]): Promise<void> {
    return this.putAll([{ kind, entity } as Item]);
  }

  putAll(items: readonly Item[]): Promise<void> {
    return this.#inTurn(async () => {
      await this.#store.putAll(items);
      for (const { kind, entity } of items) this.#set(kind, entity.sid, entity);
      this.#indexes = {};
      // Alone on the database, nothing can have come in between. With others, the poll finds our own changes known.
      if (!this.#store.shared) this.#seq = await this.#store.lastChange();
      this.#follow();
      for (const { kind, entity } of items) this.events.emit('changed', kind, entity.sid);
    });
  }

  remove(kind: Kind, sid: string): Promise<boolean> {
    return this.#inTurn(async () => {
      const removed = await this.#store.remove(kind, sid);
      // Its parts went with it: the change log names them.
      if (removed) await this.#takeOver();
      return removed;
    });
  }

  refresh(): Promise<void> {
    return this.#inTurn(() => this.#takeOver());
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#poll?.cancel();
    this.#names.close();
    await this.#turn;
    this.events.clear();
  }

  async #tick(): Promise<void> {
    if (this.#polling) return;
    this.#polling = true;
    try {
      await this.refresh();
      this.#behind = false;
    } catch (fault) {
      if (!this.#behind)
        this.#log.warn(
          { reason: messageOf(fault) },
          'changes of other nodes cannot be read; the directory stays as it is',
        );
      this.#behind = true;
    } finally {
      this.#polling = false;
    }
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(work);
    this.#turn = result.catch(() => undefined);
    return result;
  }

  async #takeOver(): Promise<void> {
    if (this.#closed) return;
    const { seq, changed } = await this.#store.changes(this.#seq);
    if (changed === undefined) {
      await this.load();
      return;
    }
    const moved: { kind: Kind; sid: string }[] = [];
    for (const { kind, sid } of new Map(changed.map((each) => [`${each.kind} ${each.sid}`, each])).values()) {
      const entity = await this.#store.get(kind, sid);
      const before = JSON.stringify(this.get(kind, sid));
      if (before === JSON.stringify(entity)) continue;
      this.#set(kind, sid, entity);
      moved.push({ kind, sid });
    }
    this.#seq = seq;
    if (moved.length === 0) return;
    this.#indexes = {};
    this.#follow();
    for (const { kind, sid } of moved) this.events.emit('changed', kind, sid);
  }

  async #fill(tables: Tables, kind: Kind): Promise<void> {
    const table = tables[kind] as Map<string, Entities[Kind]>;
    for (const entity of await this.#store.list(kind)) table.set(entity.sid, entity);
  }

  #set<K extends Kind>(kind: K, sid: string, entity: Entities[K] | undefined): void {
    const table: Map<string, Entities[K]> = this.#tables[kind];
    if (entity === undefined) table.delete(sid);
    else table.set(sid, entity);
  }

  #named(): Map<string, Application | Carrier | Client> {
    if (this.#indexes.named !== undefined) return this.#indexes.named;
    const index = new Map<string, Application | Carrier | Client>();
    for (const each of this.all('application')) index.set(`application ${each.accountSid} ${each.name}`, each);
    for (const each of this.all('carrier')) index.set(`carrier ${each.accountSid} ${each.name}`, each);
    for (const each of this.all('client')) index.set(`client ${each.accountSid} ${each.username}`, each);
    this.#indexes.named = index;
    return index;
  }

  #buildSources(): Sources<Carrier> {
    const sources = new Sources<Carrier>();
    for (const gateway of this.#tables.gateway.values()) {
      const carrier = this.get('carrier', gateway.carrierSid);
      if (carrier === undefined || !carrier.isActive || !gateway.isActive || !gateway.inbound) continue;
      if (this.get('account', carrier.accountSid)?.isActive !== true) continue;
      const literal = isIP(gateway.host.replace(/^\[|\]$/g, '')) > 0;
      sources.add(gateway, literal ? [gateway.host] : this.#names.addresses(gateway.host), carrier);
    }
    return sources;
  }

  /** Host names of inbound gateways are kept resolved. Does not wait: a slow name server must not hold a write up. */
  #follow(): void {
    const hosts = [...this.#tables.gateway.values()].filter((each) => each.inbound && isIP(each.host) === 0);
    this.#lookingUp = this.#names.follow(hosts.map((each) => each.host));
  }
}

function emptyTables(): Tables {
  return {
    account: new Map(),
    application: new Map(),
    carrier: new Map(),
    gateway: new Map(),
    client: new Map(),
    phoneNumber: new Map(),
    apiKey: new Map(),
    teamsTenant: new Map(),
    speechCredential: new Map(),
    user: new Map(),
  };
}

function accountSidOf(entity: Entities[Kind]): string | undefined {
  return 'accountSid' in entity ? entity.accountSid : entity.sid;
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
