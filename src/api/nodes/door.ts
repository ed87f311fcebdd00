/** Requests that another node passed on: who signed them was checked, and who asks is looked up here, as they are now. What
 * they may is then judged as if they had asked here. */
import { createHash } from 'node:crypto';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { type Person, personOfKey, personOfUser } from '../../access/index.ts';
import { type Clock, GraineError, type Log } from '../../base/index.ts';
import type { NodeAsker, Nodes } from '../../ports/index.ts';
import type { Scope } from '../auth.ts';
import { nodeRefused, notAuthorized } from '../errors.ts';
import type { ApiDirectory } from '../options.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** `passed`: other nodes pass this on for those who ask them. `own`: they ask it for themselves. Else neither. */
    nodes?: 'passed' | 'own';
    /** It is nobody’s deed: the audit log does not have it. */
    quiet?: boolean;
  }
  interface FastifyRequest {
    /** SHA-256 of the body that was signed, until the body has been compared with it. */
    signedBody: string | undefined;
  }
}

type Parts = {
  readonly nodes: Nodes;
  readonly directory: ApiDirectory;
  readonly clock: Clock;
  readonly log: Log;
};

const warnEveryMs = 60_000;
const ofNothing = hashOf('');

export class NodeDoor {
  readonly #parts: Parts;
  #warnedAt = -Infinity;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Throws when it comes from no node, or may not come from one. */
  async admit(request: FastifyRequest): Promise<Scope> {
    const header = (name: string): string => String(request.headers[name] ?? '');
    const from = this.#parts.nodes.check({
      method: request.method,
      path: request.url,
      head: header('graine-node'),
      asker: header('graine-node-asker'),
      signature: header('graine-node-signature'),
    });
    if ('refused' in from) return this.#refuse(request, from.refused);
    const kind = request.routeOptions.config.nodes;
    if (kind !== (from.asker === undefined ? 'own' : 'passed')) return this.#refuse(request, 'nodes do not ask this');
    request.signedBody = from.bodyHash;
    const person = from.asker === undefined ? nodeItself(from.node) : await this.#personOf(from.asker);
    return {
      person,
      role: person.role,
      accountSid: person.accountSid,
      signedIn: undefined,
      touched: {},
      via: { node: from.node, address: from.asker?.address ?? request.ip },
    };
  }

  /** What another node wrote a moment ago may not have come here yet. */
  async #personOf(asker: NodeAsker): Promise<Person> {
    const known = this.#look(asker);
    if (known !== undefined) return known;
    await this.#parts.directory.refresh();
    const now = this.#look(asker);
    if (now === undefined) throw new GraineError(notAuthorized);
    return now;
  }

  #look({ keySid, userSid }: NodeAsker): Person | undefined {
    const { directory, clock } = this.#parts;
    if (keySid !== undefined) {
      const key = directory.get('apiKey', keySid);
      return key === undefined || (key.expiresAt !== undefined && key.expiresAt <= clock.now())
        ? undefined
        : personOfKey(key);
    }
    const user = directory.get('user', userSid ?? '');
    return user?.isActive === true ? personOfUser(user) : undefined;
  }

  #refuse({ ip, url }: FastifyRequest, reason: string): never {
    const now = this.#parts.clock.monotonic();
    if (now - this.#warnedAt >= warnEveryMs) {
      this.#warnedAt = now;
      this.#parts.log.warn(
        { reason, address: ip, url: url.slice(0, 200) },
        'a request in the name of a node is refused',
      );
    }
    throw new GraineError(nodeRefused, { reason });
  }
}

function nodeItself(node: string): Person {
  return {
    userSid: undefined,
    keySid: undefined,
    name: `node ${node}`,
    email: undefined,
    role: 'read-only',
    accountSid: undefined,
  };
}

/** The body must be the one that was signed; `text` as it came. */
export function compareBody(request: FastifyRequest, text: string): void {
  const { signedBody } = request;
  if (signedBody === undefined) return;
  if (hashOf(text) !== signedBody) throw new GraineError(nodeRefused, { reason: 'the body is not the one signed' });
  request.signedBody = undefined;
}

/** A request without a body was signed without one. */
export function addBodyCheck(server: FastifyInstance): void {
  server.addHook('preValidation', (request, _, done) => {
    const { signedBody } = request;
    if (signedBody === undefined || signedBody === ofNothing) return done();
    done(new GraineError(nodeRefused, { reason: 'the body that was signed is missing' }));
  });
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
