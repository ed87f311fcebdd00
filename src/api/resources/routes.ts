/** Create, list, read, change and delete, the same way for every resource; flat (`/Applications`) and under an account
 * (`/Accounts/{sid}/Applications`). */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Type, type TProperties, type TSchema } from 'typebox';
import type { Entities, Kind } from '../../ports/index.ts';
import { accountOf, requireAdmin, type Scope, wall } from '../auth.ts';
import { invalid, missing } from '../errors.ts';
import type { ApiOptions } from '../options.ts';
import { closed, sid } from '../schema.ts';
import type { Fields, Resource } from './resource.ts';
import { checkFields, forPeople, merged, unlessMoved, withParts } from './view.ts';

type Params = { readonly account_sid?: string; readonly sid?: string };

export const created = Type.Object({ sid: Type.String() });
export const nothing = Type.Null({ description: 'No content' });

function accountSidOf(entity: Entities[Kind]): string | undefined {
  return 'accountSid' in entity ? entity.accountSid : entity.sid;
}

function createSchema(resource: Resource): TSchema {
  return closed(resource.fields);
}

/** For a change everything is optional; the sids may be sent back as they are. */
function changeSchema(resource: Resource): TSchema {
  const fields: TProperties = { [resource.sidField]: Type.Optional(Type.Unknown()) };
  for (const [name, schema] of Object.entries(resource.fields)) fields[name] = Type.Optional(schema);
  return closed({ ...fields, account_sid: Type.Optional(Type.Unknown()) });
}

function shownSchema(resource: Resource): TSchema {
  const fields: TProperties = { [resource.sidField]: Type.String() };
  for (const [name, schema] of Object.entries(resource.fields)) {
    if (!resource.secrets.includes(name)) fields[name] = schema;
  }
  return Type.Object(fields);
}

function a(noun: string): string {
  return /^[aeiou]/.test(noun) ? `an ${noun}` : `a ${noun}`;
}

/** One resource and the ways to work on it. */
class Routes<K extends Kind> {
  readonly #resource: Resource<K>;
  readonly #options: ApiOptions;

  constructor(resource: Resource<K>, options: ApiOptions) {
    this.#resource = resource;
    this.#options = options;
  }

  add(server: FastifyInstance): void {
    const { path } = this.#resource;
    this.#addAt(server, `/${path}`, {});
    if (this.#resource.kind !== 'account') {
      this.#addAt(server, `/Accounts/:account_sid/${path}`, { account_sid: sid('Account') });
    }
  }

  #addAt(server: FastifyInstance, base: string, params: TProperties): void {
    const resource = this.#resource as unknown as Resource;
    const tags = [resource.path];
    const shown = shownSchema(resource);
    const one = { params: closed({ ...params, sid: sid(resource.noun) }), tags };
    const all = { ...(Object.keys(params).length === 0 ? {} : { params: closed(params) }), tags };
    const filters = Object.fromEntries(
      ['account_sid', ...(resource.filters ?? [])].map((name) => [name, Type.Optional(Type.String())]),
    );
    const list = { ...all, querystring: closed(filters), response: { 200: Type.Array(shown) } };
    server.get(base, { schema: { ...list, summary: `List ${resource.noun}s` } }, (request) => this.#list(request));
    const create = { ...all, body: createSchema(resource), response: { 201: created } };
    server.post(base, { schema: { ...create, summary: `Create ${a(resource.noun)}` } }, async (request, reply) => {
      return reply.code(201).send({ sid: await this.#create(request) });
    });
    const item = `${base}/:sid`;
    const read = { ...one, response: { 200: shown } };
    server.get(item, { schema: { ...read, summary: `Read ${a(resource.noun)}` } }, (request) => {
      return Promise.resolve(forPeople(this.#resource, this.#find(request)));
    });
    const change = { ...one, body: changeSchema(resource), response: { 204: nothing } };
    server.put(item, { schema: { ...change, summary: `Change ${a(resource.noun)}` } }, async (request, reply) => {
      await this.#change(request);
      return reply.code(204).send();
    });
    const remove = { ...one, response: { 204: nothing } };
    server.delete(item, { schema: { ...remove, summary: `Delete ${a(resource.noun)}` } }, async (request, reply) => {
      await this.#remove(request);
      return reply.code(204).send();
    });
  }

  /** The entity of the path, if it is there and the asker may know it. */
  #find(request: FastifyRequest): Entities[K] {
    const { account_sid: account, sid: wanted = '' } = request.params as Params;
    const { kind, noun } = this.#resource;
    const what = `${noun} ${wanted}`;
    const entity = this.#options.directory.get(kind, wanted);
    const owner = entity === undefined ? undefined : accountSidOf(entity);
    if (entity === undefined || owner === undefined || (account !== undefined && account !== owner))
      throw missing(what);
    wall(request.scope, owner, what);
    return entity;
  }

  #list(request: FastifyRequest): Promise<Fields[]> {
    const { directory } = this.#options;
    const { account_sid: account, ...filters } = request.query as Record<string, string>;
    const named = (request.params as Params).account_sid ?? account;
    if (named !== undefined) accountOf(directory, request.scope, named);
    const all = directory.all(this.#resource.kind, named ?? request.scope.accountSid);
    const entities = all.filter((each) => this.#resource.hidden?.(each) !== true);
    const rows = entities.map((entity) => forPeople(this.#resource, entity));
    const wanted = Object.entries(filters);
    return Promise.resolve(rows.filter((row) => wanted.every(([name, value]) => String(row[name] ?? '') === value)));
  }

  async #create(request: FastifyRequest): Promise<string> {
    const { directory, random } = this.#options;
    const resource = this.#resource;
    const fields = (request.body ?? {}) as Fields;
    const identity = { sid: random.uuid(), accountSid: '' };
    if (resource.kind === 'account') requireAdmin(request.scope, 'creating an account');
    identity.accountSid = resource.kind === 'account' ? identity.sid : this.#ownerFor(request, fields);
    checkFields(resource as unknown as Resource, fields, identity.accountSid, directory);
    await directory.put(resource.kind, resource.toEntity(fields, identity, this.#options));
    return identity.sid;
  }

  /** Whose the new thing will be: the path says it, or the body, or the key. */
  #ownerFor(request: FastifyRequest, fields: Fields): string {
    const { directory } = this.#options;
    const { scope } = request;
    const path = (request.params as Params).account_sid;
    if (path !== undefined) accountOf(directory, scope, path);
    const body = fields['account_sid'] as string | null | undefined;
    if (path !== undefined && body && body !== path) {
      throw invalid('the body', [{ path: '/account_sid', expected: 'the account of the path', got: 'another' }]);
    }
    const from = path ?? body ?? this.#resource.accountFrom?.(fields, directory) ?? scope.accountSid;
    if (from === undefined) {
      throw invalid('the body', [{ path: '/account_sid', expected: 'the sid of an account', got: 'nothing' }]);
    }
    return accountOf(directory, scope, from);
  }

  async #change(request: FastifyRequest): Promise<void> {
    const { directory } = this.#options;
    const resource = this.#resource;
    const entity = this.#find(request);
    const accountSid = accountSidOf(entity) as string;
    const before = resource.toFields(entity);
    const sent = { ...((request.body ?? {}) as Fields) };
    this.#refuseMoves(sent, before, request.scope);
    const given = withParts(resource as unknown as Resource, sent);
    const fields = merged(unlessMoved(resource as unknown as Resource, before, given), given);
    checkFields(resource as unknown as Resource, fields, accountSid, directory);
    await directory.put(resource.kind, resource.toEntity(fields, { sid: entity.sid, accountSid }, this.#options));
  }

  #refuseMoves(sent: Record<string, unknown>, before: Fields, scope: Scope): void {
    const resource = this.#resource;
    for (const name of [resource.sidField, 'account_sid']) {
      if (sent[name] !== undefined && sent[name] !== null && sent[name] !== before[name]) {
        throw invalid('the body', [{ path: `/${name}`, expected: 'unchanged or left out', got: 'another sid' }]);
      }
      delete sent[name];
    }
    for (const name of resource.required) {
      if (sent[name] === null) throw invalid('the body', [{ path: `/${name}`, expected: 'set', got: 'null' }]);
    }
    for (const name of resource.adminFields ?? []) {
      if (sent[name] !== undefined && sent[name] !== before[name]) requireAdmin(scope, `changing ${name}`);
    }
  }

  async #remove(request: FastifyRequest): Promise<void> {
    const entity = this.#find(request);
    const { kind, noun } = this.#resource;
    if (kind === 'account') requireAdmin(request.scope, 'deleting an account');
    if (!(await this.#options.directory.remove(kind, entity.sid))) throw missing(`${noun} ${entity.sid}`);
  }
}

export function addResource<K extends Kind>(server: FastifyInstance, resource: Resource<K>, options: ApiOptions): void {
  new Routes(resource, options).add(server);
}
