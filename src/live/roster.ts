/** Which nodes beat, for a program that is none: it looks once, and leaves nothing in Redis. */
import type { LiveNode } from '../ports/index.ts';

/** Rejects, with the reason, when Redis does not answer. */
export async function roster(url: string): Promise<LiveNode[]> {
  const { RedisLink } = await import('./redis-link.ts');
  const { rhythm } = await import('./shared.ts');
  let why = '';
  const link = new RedisLink(url, { onReady: () => {}, onClosed: (reason) => void (why = reason) });
  try {
    await link.connect();
    const answer = await link.run('roster', rhythm.lease).catch((fault: unknown) => {
      throw new Error(why === '' ? 'no answer' : why, { cause: fault });
    });
    const [names, addresses] = answer as [unknown[], unknown[]];
    return names.flatMap((name, at) => {
      const address = addresses[at];
      return typeof name === 'string' && typeof address === 'string' ? [{ name, address }] : [];
    });
  } finally {
    link.close();
  }
}
