/** One PostgreSQL, several nodes: they start together, and it is slow, or cut off. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { after, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { startPostgres } from '../../test/kit/postgres.ts';
import { silentLog, SystemClock } from '../base/index.ts';
import { account, alert, cdr, secrets } from './fixtures.test.ts';
import { openStore, type OpenStore } from './open.ts';

const clock = new SystemClock();
const options = { clock, log: silentLog, secrets };
const postgres = await startPostgres();

/** The way to a database: can be cut without either end being told, as a firewall or a pulled cable does it. */
class Way {
  readonly #server: net.Server;
  readonly #sockets: net.Socket[] = [];
  #cut = false;

  private constructor(server: net.Server) {
    this.#server = server;
  }

  static async to(port: number): Promise<Way> {
    const server = net.createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const way = new Way(server);
    server.on('connection', (near) => {
      const far = net.connect(port, '127.0.0.1');
      way.#sockets.push(near, far);
      for (const [from, to] of [
        [near, far],
        [far, near],
      ] as const) {
        from.on('data', (bytes) => void (way.#lives(from, to) && to.write(bytes)));
        from.on('close', () => void (way.#lives(from, to) && to.destroy()));
        from.on('error', () => {});
      }
    });
    return way;
  }

  get port(): number {
    return (this.#server.address() as net.AddressInfo).port;
  }

  /** What is open now never hears anything again; what comes later does, once the way is mended. */
  cut(): void {
    this.#cut = true;
    for (const each of this.#sockets) this.#dead.add(each);
  }

  mend(): void {
    this.#cut = false;
  }

  readonly #dead = new Set<net.Socket>();

  #lives(from: net.Socket, to: net.Socket): boolean {
    return !this.#cut && !this.#dead.has(from) && !this.#dead.has(to);
  }

  close(): void {
    this.#server.close();
    for (const each of this.#sockets) each.destroy();
  }
}

async function inDatabase<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

async function countOf(store: OpenStore, accountSid: string): Promise<number> {
  return (await store.cdrs({ accountSid, page: 1, count: 1 })).total;
}

describe('a shared PostgreSQL', { skip: 'missing' in postgres ? postgres.missing : false }, () => {
  if ('missing' in postgres) return;
  after(() => postgres.remove());

  it('six nodes that start at once on an empty database make its tables once', async () => {
    for (let round = 0; round < 3; round++) {
      const url: string = await postgres.database();
      const stores: OpenStore[] = await Promise.all(Array.from({ length: 6 }, () => openStore(url, options)));
      await Promise.all(stores.map((each, n) => each.put('account', account(`n${n}`))));
      assert.equal((await stores[0]?.list('account'))?.length, 6);
      const made = await inDatabase(url, (client) => client.query('select name from graine_migration order by name'));
      assert.equal(new Set(made.rows.map((row: { name: string }) => row.name)).size, made.rows.length);
      await Promise.all(stores.map((each) => each.close()));
    }
  });

  it('a node waits for the one that is making the tables, longer than for any other statement', async () => {
    const url = await postgres.database();
    await inDatabase(url, async (client) => {
      // The lock kysely takes turns by.
      await client.query('select pg_advisory_lock(3853314791062309107)');
      const opening = openStore(url, { ...options, statementMs: 300 });
      assert.equal(await Promise.race([opening, sleep(1_000, 'waits')]), 'waits');
      await client.query('select pg_advisory_unlock(3853314791062309107)');
      await (await opening).close();
    });
  });

  it('opens four connections at most, however many ask', async () => {
    const url = await postgres.database();
    const store = await openStore(url, options);
    const asked = Array.from({ length: 200 }, (_, n) => store.putSetting(`s${n}`, 'x'));
    const seen = await inDatabase(url, (client) =>
      client.query(
        "select count(*)::int as n from pg_stat_activity where application_name = 'graine' and datname = current_database()",
      ),
    );
    await Promise.all(asked);
    assert.ok(seen.rows[0].n > 0 && seen.rows[0].n <= 4, `${seen.rows[0].n} connections`);
    await store.close();
  });

  it('locked tables: rows wait on disk too, and each is written once when the lock is gone', async () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'graine-slow-'));
    const url = await postgres.database();
    const store = await openStore(url, { ...options, statementMs: 1_500, spoolFolder: folder });
    await inDatabase(url, async (client) => {
      await client.query('begin; lock table cdr, alert in access exclusive mode');
      for (let i = 0; i < 20; i++) store.appendCdr(cdr(`slow-${i}`, { accountSid: 'L' }));
      store.appendAlert(alert('slow', { accountSid: 'L' }));
      while (readdirSync(folder).length < 2) await sleep(20);
      assert.equal(readFileSync(path.join(folder, 'cdr.jsonl'), 'utf8').trim().split('\n').length, 20);
      while (store.stats().cdrs.retries === 0) await sleep(20);
      store.appendCdr(cdr('slow-20', { accountSid: 'L' }));
      await client.query('commit');
    });
    await store.flush();
    assert.equal(await countOf(store, 'L'), 21);
    assert.equal((await store.alerts({ accountSid: 'L', page: 1, count: 9 })).total, 1);
    assert.deepEqual(readdirSync(folder), []);
    await store.close();
    rmSync(folder, { recursive: true });
    assert.deepEqual(clock.pending(), []);
  });

  it('cut off without a word and back: the first new connection writes what waited, not the old ones’ last breath', async () => {
    const url = await postgres.database();
    const way = await Way.to(Number(new URL(url).port));
    const through = new URL(url);
    through.port = String(way.port);
    const store = await openStore(through.href, { ...options, statementMs: 200, goneMs: 300 });
    // All connections are open and known to be good.
    await Promise.all(Array.from({ length: 20 }, (_, n) => store.putSetting(`s${n}`, 'x')));
    way.cut();
    store.appendCdr(cdr('cut', { accountSid: 'W' }));
    const flushed = store.flush();
    while (store.stats().cdrs.retries === 0) await sleep(20);
    way.mend();
    await flushed;
    assert.equal(await countOf(store, 'W'), 1);
    await store.close();
    way.close();
  });
});
