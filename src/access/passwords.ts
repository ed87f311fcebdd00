/** Passwords as argon2id hashes (RFC 9106), worked out in the thread pool. Few at once: each takes 19 MiB and a core. */
import { hash, verify } from '@node-rs/argon2';
import { GraineError } from '../base/index.ts';
import { busySignIn } from './errors.ts';

/** What OWASP asks of argon2id at least. The hash says its own parameters, so these may grow. */
const cost = { memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;

/** The hash of a password nobody has: checked where the address is unknown, so that both take the same time. Made beside the
 * first sign-in, as most servers never see one. */
let decoy: Promise<string> | undefined;

const mostAtOnce = 2;
const mostWaiting = 64;

/** Lets so many in at a time; the others wait in order, and past a bound they are refused. */
class Gate {
  #inside = 0;
  readonly #waiting: (() => void)[] = [];

  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#inside >= mostAtOnce) {
      if (this.#waiting.length >= mostWaiting) throw new GraineError(busySignIn);
      await new Promise<void>((enter) => this.#waiting.push(enter));
    } else this.#inside++;
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#inside--;
      else next();
    }
  }
}

const gate = new Gate();

export function hashPassword(password: string): Promise<string> {
  return gate.run(() => hash(password, cost));
}

/** `kept` undefined: there is no such user. The same work, and false. */
export function verifyPassword(password: string, kept: string | undefined): Promise<boolean> {
  const nobody = (decoy ??= hash('graine: no such user', cost));
  return gate.run(async () => {
    const right = await verify(kept ?? (await nobody), password).catch(() => false);
    return right && kept !== undefined;
  });
}

export const passwordLimits = { least: 10, most: 256 } as const;
