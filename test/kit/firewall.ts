/** A cut in the network: packets to one loopback address and port vanish, and nobody is told. Needs root and iptables. */
import { spawnSync } from 'node:child_process';

export class Firewall {
  readonly #rule: readonly string[];
  #state: 'open' | 'cut' = 'open';
  readonly #reap = (): void => this.mend();

  /** What is sent to this address and port, and what comes back from there. */
  constructor(address: string, port: number) {
    this.#rule = ['-p', 'tcp', '-d', address, '--dport', String(port), '-j', 'DROP'];
  }

  /** Why it cannot be used here; undefined where it can. */
  static missing(): string | undefined {
    const found = spawnSync('iptables', ['-w', '-n', '-L', 'OUTPUT']);
    return found.status === 0 ? undefined : 'no firewall: needs root and iptables';
  }

  cut(): void {
    if (this.#state === 'cut') return;
    this.#run('-I');
    this.#state = 'cut';
    process.once('exit', this.#reap);
  }

  mend(): void {
    if (this.#state === 'open') return;
    this.#run('-D');
    this.#state = 'open';
    process.off('exit', this.#reap);
  }

  #run(how: '-I' | '-D'): void {
    const done = spawnSync('iptables', ['-w', how, 'OUTPUT', ...this.#rule], { encoding: 'utf8' });
    if (done.status !== 0) throw new Error(`iptables: ${done.stderr}`);
  }
}
