import type { Random } from '../../base/index.ts';

/** Pairs bound ahead of need, and how many are bound at a time. */
const AHEAD = 8;
const BATCH = 16;

type Waiter = { readonly take: (port: number) => void; readonly fail: () => void };

/** The main thread's book of one worker's port pairs. Sockets stay bound for ever and go round: not yet bound → ready →
 * in use → resting → ready. */
export class PortPool {
  readonly #bind: (ports: number[]) => void;
  readonly #unbound: number[];
  readonly #failed: number[] = [];
  readonly #waiters: Waiter[] = [];
  /** Who waits for one pair and no other. */
  readonly #claims = new Map<number, Waiter>();
  #ready: number[] = [];
  #head = 0;
  #binding = 0;
  #inUse = 0;
  #resting = 0;

  /** `ports`: the even port of each pair, in the order of first use. */
  constructor(ports: readonly number[], bind: (ports: number[]) => void) {
    this.#unbound = [...ports].reverse();
    this.#bind = bind;
  }

  get inUse(): number {
    return this.#inUse;
  }

  get resting(): number {
    return this.#resting;
  }

  get free(): number {
    return this.#unbound.length + this.#binding + this.#readyCount;
  }

  /** Binds the first few. */
  prepare(): void {
    this.#refill();
  }

  /** The pair that has rested longest; undefined when none is ready at this moment. */
  take(): number | undefined {
    const port = this.#shift();
    if (this.#readyCount < AHEAD && this.#binding === 0) this.#refill();
    if (port !== undefined) this.#inUse++;
    return port;
  }

  /** Waits for one that is being bound. False when there is none to wait for. */
  wait(waiter: Waiter): boolean {
    if (this.#binding <= this.#waiters.length) {
      this.#refill();
      if (this.#binding <= this.#waiters.length) return false;
    }
    this.#waiters.push(waiter);
    return true;
  }

  /** Binds a pair that is not in this book, for one who has known it before; it is in the book from then on. */
  claim(port: number, waiter: Waiter): void {
    if (this.#claims.has(port)) return waiter.fail();
    this.#claims.set(port, waiter);
    this.#binding++;
    this.#bind([port]);
  }

  bound(ports: readonly number[], failed: readonly number[]): void {
    this.#binding -= ports.length + failed.length;
    for (const port of ports) if (!this.#given(port)) this.#ready.push(port);
    for (const port of failed) {
      this.#failed.push(port);
      this.#claims.get(port)?.fail();
      this.#claims.delete(port);
    }
    this.#serve();
  }

  release(): void {
    this.#inUse--;
    this.#resting++;
  }

  rested(ports: readonly number[]): void {
    this.#resting -= ports.length;
    this.#ready.push(...ports);
    this.#serve();
  }

  /** Nobody will bind any more. */
  close(): void {
    for (const claim of this.#claims.values()) claim.fail();
    this.#claims.clear();
    for (const waiter of this.#waiters.splice(0)) waiter.fail();
  }

  #given(port: number): boolean {
    const claim = this.#claims.get(port);
    if (claim === undefined) return false;
    this.#claims.delete(port);
    this.#inUse++;
    claim.take(port);
    return true;
  }

  get #readyCount(): number {
    return this.#ready.length - this.#head;
  }

  #serve(): void {
    while (this.#waiters.length > 0 && this.#readyCount > 0) {
      this.#inUse++;
      this.#waiters.shift()!.take(this.#shift()!);
    }
    while (this.#waiters.length > this.#binding && this.#refill() === 0) this.#waiters.pop()!.fail();
  }

  #refill(): number {
    const ports = this.#unbound.splice(-BATCH).reverse();
    if (ports.length > 0) {
      this.#binding += ports.length;
      this.#bind(ports);
    }
    return ports.length;
  }

  #shift(): number | undefined {
    if (this.#readyCount === 0) return undefined;
    const port = this.#ready[this.#head++];
    if (this.#head > 1024 && this.#head * 2 > this.#ready.length) {
      this.#ready = this.#ready.slice(this.#head);
      this.#head = 0;
    }
    return port;
  }
}

/** Even ports of a range 'lo-hi' whose odd neighbour is in it too; undefined when the text is no such range. */
export function portPairs(range: string): number[] | undefined {
  const match = /^(\d{1,5})-(\d{1,5})$/.exec(range);
  if (match === null) return undefined;
  const low = Number(match[1]);
  const high = Number(match[2]);
  if (low < 1 || high > 65535) return undefined;
  const ports = [];
  for (let port = low + (low & 1); port + 1 <= high; port += 2) ports.push(port);
  return ports.length === 0 ? undefined : ports;
}

/** In no order that someone outside could follow. */
export function shuffle(ports: number[], random: Random): number[] {
  for (let i = ports.length - 1; i > 0; i--) {
    const j = random.integer(i + 1);
    [ports[i], ports[j]] = [ports[j]!, ports[i]!];
  }
  return ports;
}

/** One part for each worker. */
export function share(ports: readonly number[], workers: number): number[][] {
  const count = Math.max(1, Math.min(Math.floor(workers), ports.length));
  return Array.from({ length: count }, (_, index) => ports.filter((_port, i) => i % count === index));
}

export function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
