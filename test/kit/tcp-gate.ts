/** A TCP proxy between two that know nothing of it: it can be shut (connections are refused and broken off) or held (they
 * stay, and nothing passes). */
import { once } from 'node:events';
import net from 'node:net';

export class TcpGate {
  readonly port: number;
  readonly #server: net.Server;
  readonly #target: number;
  readonly #pairs = new Set<readonly [net.Socket, net.Socket]>();
  #state: 'open' | 'held' | 'shut' = 'open';

  static async to(target: number): Promise<TcpGate> {
    const server = net.createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new TcpGate(server, target);
  }

  private constructor(server: net.Server, target: number) {
    this.#server = server;
    this.#target = target;
    this.port = (server.address() as net.AddressInfo).port;
    server.on('connection', (near) => this.#join(near));
  }

  open(): void {
    this.#state = 'open';
    for (const [near, far] of this.#pairs) {
      near.resume();
      far.resume();
    }
  }

  hold(): void {
    this.#state = 'held';
    for (const [near, far] of this.#pairs) {
      near.pause();
      far.pause();
    }
  }

  shut(): void {
    this.#state = 'shut';
    for (const [near, far] of this.#pairs) {
      near.destroy();
      far.destroy();
    }
  }

  async close(): Promise<void> {
    this.shut();
    const closed = once(this.#server, 'close');
    this.#server.close();
    await closed;
  }

  #join(near: net.Socket): void {
    if (this.#state === 'shut') return void near.destroy();
    const far = net.connect(this.#target, '127.0.0.1');
    const pair = [near, far] as const;
    this.#pairs.add(pair);
    for (const [from, to] of [pair, [far, near] as const]) {
      from.on('data', (bytes) => to.write(bytes));
      from.on('end', () => to.end());
      from.on('error', () => {});
      from.on('close', () => {
        to.destroy();
        this.#pairs.delete(pair);
      });
      if (this.#state === 'held') from.pause();
    }
  }
}
