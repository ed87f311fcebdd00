/** `/v1/session`: sign in, see who one is, sign out. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import {
  type Person,
  personOfKey,
  personOfUser,
  type SignedIn,
  SignInLimiter,
  slowSignIn,
  verifyPassword,
  wrongSignIn,
} from '../../access/index.ts';
import { GraineError } from '../../base/index.ts';
import { cookieName, type Keys, refuseOtherOrigins } from '../auth.ts';
import { signInFirst } from '../errors.ts';
import type { ApiOptions } from '../options.ts';
import { nothing } from '../resources/routes.ts';
import { closed } from '../schema.ts';

const tags = ['Session'];

const credentials = Type.Union([
  closed({
    email: Type.String({ minLength: 3, maxLength: 254, description: 'E-mail address' }),
    password: Type.String({ minLength: 1, maxLength: 256, description: 'Password' }),
  }),
  closed({ token: Type.String({ minLength: 1, maxLength: 512, description: 'API key or administrator token' }) }),
]);
type Credentials = { email?: string; password?: string; token?: string };

const text = Type.Union([Type.String(), Type.Null()]);
const shown = Type.Object({
  user: Type.Object({
    user_sid: text,
    name: Type.String(),
    email: text,
    role: Type.Enum(['admin', 'account', 'read-only']),
    account_sid: text,
  }),
  csrf: Type.String({ description: 'For the header x-csrf-token of every change; empty with a Bearer key' }),
});

function bodyOf(person: Person, csrf: string): Record<string, unknown> {
  const { userSid, name, email, role, accountSid } = person;
  const user = { user_sid: userSid ?? null, name, email: email ?? null, role, account_sid: accountSid ?? null };
  return { user, csrf };
}

/** Strict: it comes along with nothing that another site begins. */
function cookieOptions(request: FastifyRequest) {
  return { path: '/', httpOnly: true, sameSite: 'strict' as const, secure: request.protocol === 'https' };
}

class SignIn {
  readonly #options: ApiOptions;
  readonly #keys: Keys;
  readonly #limiter: SignInLimiter;

  constructor(options: ApiOptions, keys: Keys) {
    this.#options = options;
    this.#keys = keys;
    this.#limiter = new SignInLimiter(options.clock);
  }

  /** Who the credentials are of. The same refusal, after the same time, whatever is wrong with them. */
  async check(request: FastifyRequest): Promise<Person> {
    const sent = request.body as Credentials;
    const email = sent.email?.trim().toLowerCase();
    const seconds = this.#limiter.begin(request.ip, email ?? `a token from ${request.ip}`);
    if (seconds > 0) throw new GraineError(slowSignIn, { seconds });
    const person = email === undefined ? this.#byToken(sent.token ?? '') : await this.#byPassword(email, sent);
    if (person === undefined) return this.#refused(request, email);
    this.#limiter.succeeded(request.ip, email ?? `a token from ${request.ip}`);
    return person;
  }

  #byToken(token: string): Person | undefined {
    const key = this.#keys.find(token.trim());
    return key === undefined ? undefined : personOfKey(key);
  }

  async #byPassword(email: string, { password = '' }: Credentials): Promise<Person | undefined> {
    const user = this.#userOf(email);
    const right = await verifyPassword(password, user?.isActive === true ? user.passwordHash : undefined);
    return right && user !== undefined ? personOfUser(user) : undefined;
  }

  #userOf(email: string) {
    return this.#options.directory.all('user').find((each) => each.email === email);
  }

  #refused(request: FastifyRequest, email: string | undefined): never {
    const user = email === undefined ? undefined : this.#userOf(email);
    this.#options.audit.write({
      person: undefined,
      action: 'sign-in-failed',
      what: 'session',
      accountSid: user?.accountSid,
      address: request.ip,
      detail: email === undefined ? { by: 'token' } : { email: email.slice(0, 100) },
    });
    throw new GraineError(wrongSignIn);
  }
}

/** The door itself: open to everybody, so it is not behind the gatekeeper. */
export function addSignIn(server: FastifyInstance, options: ApiOptions, keys: Keys): void {
  const { sessions, audit, origins } = options;
  const door = new SignIn(options, keys);
  const schema = {
    tags,
    security: [],
    summary: 'Sign in, with e-mail address and password or with a token; sets the cookie graine_session',
    body: credentials,
    response: { 200: shown },
  };
  server.post('/session', { schema }, async (request, reply) => {
    // Else another site could sign its visitors in as somebody else.
    refuseOtherOrigins(request, origins);
    const person = await door.check(request);
    await endCookie(request, sessions);
    const { token, signedIn } = await sessions.begin(person, request.ip);
    void reply.setCookie(cookieName, token, {
      ...cookieOptions(request),
      expires: new Date(signedIn.session.expiresAt),
    });
    audit.write({ person, action: 'sign-in', what: 'session', accountSid: person.accountSid, address: request.ip });
    return bodyOf(person, signedIn.csrf);
  });
}

/** The session a browser had before ends with the sign-in that replaces it. */
async function endCookie(request: FastifyRequest, sessions: ApiOptions['sessions']): Promise<void> {
  const before = request.cookies[cookieName];
  const found = before === undefined ? undefined : await sessions.find(before);
  if (found !== undefined) await sessions.end(found.session);
}

export function addSession(server: FastifyInstance, { sessions, audit }: ApiOptions): void {
  const read = { tags, summary: 'Who is signed in', response: { 200: shown } };
  server.get('/session', { schema: read }, (request) => {
    const { person, signedIn } = request.scope;
    return Promise.resolve(bodyOf(person, signedIn?.csrf ?? ''));
  });
  const leave = { tags, summary: 'Sign out', response: { 204: nothing } };
  server.delete('/session', { schema: leave, config: { anyRole: true } }, async (request, reply: FastifyReply) => {
    const { person, signedIn } = request.scope;
    await sessions.end(needSession(signedIn, 'signing out').session);
    audit.write({ person, action: 'sign-out', what: 'session', accountSid: person.accountSid, address: request.ip });
    return reply.clearCookie(cookieName, cookieOptions(request)).code(204).send();
  });
}

export function needSession(signedIn: SignedIn | undefined, what: string): SignedIn {
  if (signedIn === undefined) throw new GraineError(signInFirst, { what });
  return signedIn;
}
