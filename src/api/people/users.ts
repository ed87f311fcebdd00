/** People who sign in at the portal: `/v1/Users`. Passwords go in and never come out. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { hashPassword, passwordLimits, SignInLimiter, slowSignIn, verifyPassword } from '../../access/index.ts';
import { GraineError } from '../../base/index.ts';
import type { Role, User } from '../../ports/index.ts';
import { accountOf, type Scope, wall } from '../auth.ts';
import { type Detail, invalid, missing } from '../errors.ts';
import type { ApiOptions } from '../options.ts';
import { created, nothing } from '../resources/routes.ts';
import { closed, flag, ignored, maybe, sid, text } from '../schema.ts';

const tags = ['Users'];
const email = Type.String({
  pattern: '^[^\\s@<>"(),:;\\\\]{1,64}@[A-Za-z0-9.-]{1,189}$',
  description: 'an e-mail address',
});
const role = Type.Enum(['admin', 'account', 'read-only']);
const password = Type.String({
  minLength: passwordLimits.least,
  maxLength: passwordLimits.most,
  description: 'Write-only',
});
const fields = {
  name: text('Shown name', 128),
  email,
  role,
  account_sid: maybe(sid('Account they belong to; without it, the whole server')),
  is_active: maybe(flag('False: may not sign in, and is signed out')),
};
const createBody = closed({ ...fields, password, service_provider_sid: ignored });
const changeBody = closed({
  name: Type.Optional(fields.name),
  email: Type.Optional(email),
  role: Type.Optional(role),
  account_sid: fields.account_sid,
  is_active: fields.is_active,
  user_sid: ignored,
});
const shown = Type.Object({
  user_sid: Type.String(),
  name: Type.String(),
  email: Type.String(),
  role,
  account_sid: Type.Union([Type.String(), Type.Null()]),
  is_active: Type.Boolean(),
});
type Body = {
  name?: string;
  email?: string;
  role?: Role;
  account_sid?: string | null;
  is_active?: boolean | null;
  password?: string;
  current_password?: string;
};

function fieldsOf({ sid: own, name, email: address, role: part, accountSid, isActive }: User): Record<string, unknown> {
  return { user_sid: own, name, email: address, role: part, account_sid: accountSid ?? null, is_active: isActive };
}

/** What somebody may make of somebody: nobody gives more than they have. */
function roleFaults(scope: Scope, wanted: Role, accountSid: string | undefined): Detail[] {
  if (wanted === 'admin' && accountSid !== undefined)
    return [{ path: '/role', expected: 'account or read-only, because account_sid is set', got: wanted }];
  if (wanted === 'account' && accountSid === undefined)
    return [{ path: '/account_sid', expected: 'set, because role is account', got: 'nothing' }];
  if (scope.role !== 'admin' && accountSid === undefined)
    return [{ path: '/account_sid', expected: 'your own account', got: 'nothing' }];
  return [];
}

class Users {
  readonly #options: ApiOptions;
  readonly #limiter: SignInLimiter;

  constructor(options: ApiOptions) {
    this.#options = options;
    this.#limiter = new SignInLimiter(options.clock);
  }

  find(request: FastifyRequest): User {
    const { sid: wanted } = request.params as { sid: string };
    const what = `user ${wanted}`;
    const user = this.#options.directory.get('user', wanted);
    if (user === undefined) throw missing(what);
    const { scope } = request;
    if (user.accountSid !== undefined) wall(scope, user.accountSid, what);
    else if (scope.accountSid !== undefined) throw missing(what);
    return user;
  }

  list(request: FastifyRequest): Record<string, unknown>[] {
    const { directory } = this.#options;
    const { account_sid: asked } = request.query as { account_sid?: string };
    const inPath = (request.params as { account_sid?: string }).account_sid;
    const named = inPath ?? asked;
    if (named !== undefined) accountOf(directory, request.scope, named);
    const wanted = named ?? request.scope.accountSid;
    return directory
      .all('user')
      .filter((each) => wanted === undefined || each.accountSid === wanted)
      .map(fieldsOf);
  }

  async create(request: FastifyRequest): Promise<string> {
    const { directory, random, clock } = this.#options;
    const { scope } = request;
    const body = request.body as Body & { name: string; email: string; role: Role; password: string };
    const inPath = (request.params as { account_sid?: string }).account_sid;
    if (inPath !== undefined && body.account_sid && body.account_sid !== inPath)
      throw invalid('the body', [{ path: '/account_sid', expected: 'the account of the path', got: 'another' }]);
    const accountSid = inPath ?? body.account_sid ?? scope.accountSid;
    if (accountSid !== undefined) accountOf(directory, scope, accountSid);
    const faults = roleFaults(scope, body.role, accountSid);
    if (faults.length > 0) throw invalid('the user', faults);
    const user: User = {
      sid: random.uuid(),
      ...(accountSid === undefined ? {} : { accountSid }),
      name: body.name,
      email: body.email.toLowerCase(),
      role: body.role,
      isActive: body.is_active ?? true,
      passwordHash: await hashPassword(body.password),
      passwordChangedAt: clock.now(),
    };
    await directory.put('user', user);
    return user.sid;
  }

  async change(request: FastifyRequest): Promise<void> {
    const { directory, sessions } = this.#options;
    const user = this.find(request);
    const body = (request.body ?? {}) as Body;
    if (body.account_sid !== undefined && (body.account_sid ?? undefined) !== user.accountSid)
      throw invalid('the user', [{ path: '/account_sid', expected: 'unchanged or left out', got: 'another' }]);
    const wanted = body.role ?? user.role;
    const faults = roleFaults(request.scope, wanted, user.accountSid);
    if (faults.length > 0) throw invalid('the user', faults);
    const next: User = {
      ...user,
      name: body.name ?? user.name,
      email: (body.email ?? user.email).toLowerCase(),
      role: wanted,
      isActive: body.is_active ?? user.isActive,
    };
    await directory.put('user', next);
    // What they could do until now they must not do a moment longer.
    if (!next.isActive || next.role !== user.role) await sessions.endAllOf({ userSid: user.sid });
  }

  async setPassword(request: FastifyRequest): Promise<void> {
    const { directory, clock, sessions } = this.#options;
    const user = this.find(request);
    const { password: next = '', current_password: current } = request.body as Body;
    const own = request.scope.person.userSid === user.sid;
    if (own) await this.#prove(user, current, request.ip);
    else if (request.scope.role === 'read-only') throw missing(`user ${user.sid}`);
    await directory.put('user', {
      ...user,
      passwordHash: await hashPassword(next),
      passwordChangedAt: clock.now(),
    });
    await sessions.endAllOf({ userSid: user.sid });
  }

  async remove(request: FastifyRequest): Promise<void> {
    const user = this.find(request);
    await this.#options.directory.remove('user', user.sid);
    await this.#options.sessions.endAllOf({ userSid: user.sid });
  }

  /** Whoever sits down at somebody's open browser does not know the password. */
  async #prove(user: User, current: string | undefined, address: string): Promise<void> {
    const seconds = this.#limiter.begin(address, user.email);
    if (seconds > 0) throw new GraineError(slowSignIn, { seconds });
    if (current === undefined || !(await verifyPassword(current, user.passwordHash)))
      throw invalid('the body', [{ path: '/current_password', expected: 'the password there is now' }]);
    this.#limiter.succeeded(address, user.email);
  }
}

export function addUsers(server: FastifyInstance, options: ApiOptions): void {
  const users = new Users(options);
  const inAccount = closed({ account_sid: sid('Account') });
  const one = closed({ sid: sid('User') });
  const query = closed({ account_sid: Type.Optional(Type.String()) });
  for (const [base, params] of [
    ['/Users', undefined],
    ['/Accounts/:account_sid/Users', inAccount],
  ] as const) {
    const at = { tags, ...(params === undefined ? {} : { params }) };
    const list = { ...at, querystring: query, summary: 'List users', response: { 200: Type.Array(shown) } };
    server.get(base, { schema: list }, (request) => Promise.resolve(users.list(request)));
    const create = { ...at, summary: 'Create a user', body: createBody, response: { 201: created } };
    server.post(base, { schema: create }, async (request, reply) => {
      return reply.code(201).send({ sid: await users.create(request) });
    });
  }
  const item = { tags, params: one };
  const read = { ...item, summary: 'Read a user', response: { 200: shown } };
  server.get('/Users/:sid', { schema: read }, (request) => Promise.resolve(fieldsOf(users.find(request))));
  const change = { ...item, summary: 'Change a user', body: changeBody, response: { 204: nothing } };
  server.put('/Users/:sid', { schema: change }, async (request, reply) => {
    await users.change(request);
    return reply.code(204).send();
  });
  const remove = { ...item, summary: 'Delete a user', response: { 204: nothing } };
  server.delete('/Users/:sid', { schema: remove }, async (request, reply) => {
    await users.remove(request);
    return reply.code(204).send();
  });
  const set = {
    ...item,
    summary: 'Set a password; one’s own needs the current one. All sessions of the user end',
    body: closed({
      password,
      current_password: Type.Optional(Type.String({ minLength: 1, maxLength: 256 })),
    }),
    response: { 204: nothing },
  };
  server.post('/Users/:sid/password', { schema: set, config: { anyRole: true } }, async (request, reply) => {
    await users.setPassword(request);
    return reply.code(204).send();
  });
}
