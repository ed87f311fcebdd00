/** Says of a node that is late whether it is dead for certain. It is when nothing listens any more where it listened itself,
 * or another process does: a port is closed by the kernel with its process, and by nothing else. A node that only hangs, or is
 * cut off, keeps its port, so nothing is certain of it; nor of one that was never met there, or whose address is a proxy's or
 * a translated one. */
import net from 'node:net';
import type { Clock } from '../base/index.ts';
import type { Nodes, Witness } from '../ports/index.ts';

export type WitnessOptions = {
  readonly clock: Clock;
  readonly nodes: Pick<Nodes, 'name' | 'send'>;
  /** Where a node says that it is. */
  readonly urlOf: (node: string) => URL | undefined;
};

const selfPath = '/v1/Nodes/Self';
/** What a process that is another node says to who asks for this one. */
export const notThis = (asked: string): string => `it is for node ${asked}, and this is`;

/** ms. To be met, and how soon one that did not answer is tried again; for a proof. */
const meetMs = 2_000;
const againMs = 10_000;
const proofMs = 400;
const longestAnswer = 1_000;

/** `direct`: it listens there itself. */
type Met = { readonly at: string; readonly as: 'direct' | 'indirect' };

export class DeathWitness implements Witness {
  readonly #options: WitnessOptions;
  readonly #met = new Map<string, Met>();
  /** When it was last tried, monotonic ms. */
  readonly #tried = new Map<string, number>();

  constructor(options: WitnessOptions) {
    this.#options = options;
  }

  meet(names: readonly string[]): void {
    const { clock, nodes, urlOf } = this.#options;
    const there = new Set(names);
    for (const known of [this.#met, this.#tried])
      for (const name of known.keys()) if (!there.has(name)) known.delete(name);
    for (const name of names) {
      const at = urlOf(name)?.origin;
      const now = clock.monotonic();
      if (name === nodes.name || at === undefined || this.#met.get(name)?.at === at) continue;
      if (now - (this.#tried.get(name) ?? -Infinity) < againMs) continue;
      this.#tried.set(name, now);
      void this.#introduce(name, at);
    }
  }

  async isDead(name: string): Promise<boolean> {
    const met = this.#met.get(name);
    const url = this.#options.urlOf(name);
    if (met?.as !== 'direct' || url === undefined || url.origin !== met.at) return false;
    const found = await knock(url);
    if (found !== 'open') return found === 'refused';
    const answer = await this.#ask(name, proofMs);
    return 'silent' in answer && answer.silent.includes(notThis(name));
  }

  async #introduce(name: string, at: string): Promise<void> {
    const answer = await this.#ask(name, meetMs);
    if ('silent' in answer) return;
    this.#met.set(name, {
      at,
      as: answer.text === JSON.stringify({ node: name, direct: true }) ? 'direct' : 'indirect',
    });
  }

  async #ask(node: string, timeoutMs: number): Promise<{ text: string } | { silent: string }> {
    const answer = await this.#options.nodes.send(node, {
      method: 'GET',
      path: selfPath,
      headers: {},
      body: undefined,
      asker: undefined,
      timeoutMs,
    });
    if ('silent' in answer) return answer;
    let text = '';
    try {
      for await (const chunk of answer.body) {
        text += String(chunk);
        if (text.length > longestAnswer) break;
      }
    } catch {
      return { silent: 'its answer broke off' };
    }
    return answer.status === 200 ? { text } : { silent: `it answered ${answer.status}` };
  }
}

/** Only what the kernel of the other machine says counts as refused. */
function knock({ hostname, port }: URL): Promise<'open' | 'refused' | 'unknown'> {
  return new Promise((resolve) => {
    const host = hostname.replace(/^\[|\]$/g, '');
    const socket = net.connect({ host, port: Number(port || 80), timeout: proofMs });
    const done = (found: 'open' | 'refused' | 'unknown'): void => {
      socket.destroy();
      resolve(found);
    };
    socket.once('connect', () => done('open'));
    socket.once('timeout', () => done('unknown'));
    socket.once('error', (fault: NodeJS.ErrnoException) => done(fault.code === 'ECONNREFUSED' ? 'refused' : 'unknown'));
  });
}
