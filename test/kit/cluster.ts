/** Two nodes in processes of their own that share Redis, PostgreSQL and, unless told otherwise, an rtpengine. */
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { at, ladder, type OutgoingPhoneCall, Phone, type PhoneCall } from '../../src/testing/index.ts';
import { accountOf } from './account.ts';
import { GraineProcess } from './child.ts';
import type { Config } from './graine.ts';
import { HookApp, type Json } from './hook-app.ts';
import { Looks } from './looks.ts';
import { mediaPorts } from './ports.ts';
import { type Postgres, startPostgres } from './postgres.ts';
import { type RedisServer, startRedis } from './redis.ts';
import { type Rtpengine, type RtpengineOptions, startRtpengine } from './rtpengine.ts';

export type Servers = { readonly redis: RedisServer; readonly postgres: Postgres; readonly rtpengine: Rtpengine };

/** Or why they are not to be had. */
export async function startServers(options: RtpengineOptions = {}): Promise<Servers | { readonly missing: string }> {
  const [redis, postgres, rtpengine] = await Promise.all([startRedis(), startPostgres(), startRtpengine(options)]);
  if ('missing' in redis) return redis;
  if ('missing' in postgres) return postgres;
  if ('missing' in rtpengine) return rtpengine;
  return { redis, postgres, rtpengine };
}

export async function removeServers({ redis, postgres, rtpengine }: Servers): Promise<void> {
  await Promise.all([redis.remove(), postgres.remove(), rtpengine.remove()]);
}

/** Packets that a phone should have heard since a moment, and did not, by their sequence numbers; in whichever order they came. */
export function lostSince({ media }: PhoneCall, since: number): number {
  const heard = media?.ears.packets.entries.filter(({ at }) => at >= since).map(({ sequence }) => sequence) ?? [];
  if (heard.length < 50) throw new Error(`only ${heard.length} packets`);
  const [first = 0] = heard;
  const steps = heard.map((sequence) => ((sequence - first + 0x8000) & 0xffff) - 0x8000);
  return Math.max(...steps) + 1 - new Set(steps.filter((step) => step >= 0)).size;
}

export type Place = { readonly host: string; readonly port: number };
export type ClusterOptions = {
  readonly servers: Servers;
  readonly engine?: 'embedded';
  readonly config?: Config;
  /** Ports for pages, of each node. */
  readonly sockets?: readonly [number, number];
  /** May alice's calls be encrypted? */
  readonly srtp?: 'offer';
  /** Of the account. */
  readonly more?: (app: HookApp) => Config;
  /** First media port of both nodes and how many each has, where the kit's are not enough. */
  readonly ports?: readonly [first: number, each: number];
};

export class Cluster {
  readonly app: HookApp;
  readonly alice: Phone;
  readonly desk: Phone;
  readonly nodes: readonly [GraineProcess, GraineProcess];
  readonly #folder: string;

  private constructor(parts: Pick<Cluster, 'app' | 'alice' | 'desk' | 'nodes'>, folder: string) {
    this.app = parts.app;
    this.alice = parts.alice;
    this.desk = parts.desk;
    this.nodes = parts.nodes;
    this.#folder = folder;
  }

  static async start({ servers, engine, config = {}, more, ports, srtp, sockets }: ClusterOptions): Promise<Cluster> {
    const app = await HookApp.start();
    const alice = await Phone.listen({ name: 'alice' });
    const desk = await Phone.listen({ name: 'desk' });
    const folder = mkdtempSync(path.join(os.tmpdir(), 'graine-cluster-'));
    const [first, each] = ports ?? [Number((await mediaPorts()).split('-')[0]), 200];
    const rangeOf = (n: number): string => `${first + n * each}-${first + (n + 1) * each - 1}`;
    const shared: Config = {
      store: { url: await servers.postgres.database(), key_file: path.join(folder, 'secret.key') },
      live: { url: servers.redis.url },
      log: { level: 'warn' },
      accounts: [accountOf(app, alice, more?.(app), srtp)],
      ...config,
    };
    const media = engine === 'embedded' ? {} : { engine: 'rtpengine', rtpengine: [servers.rtpengine.place] };
    const start = (n: number): Promise<GraineProcess> =>
      GraineProcess.start({
        ...shared,
        media: { ...media, ports: rangeOf(n), ...(engine === 'embedded' && { address: `127.0.0.${n + 1}` }) },
        ...(sockets && { sip: { alsoListen: [`ws://127.0.0.1:${sockets[n]}`] } }),
      });
    // The first makes the tables and the key.
    const nodes: GraineProcess[] = [];
    try {
      const [a, b] = [await start(0).then((node) => (nodes.push(node), node)), await start(1)];
      return new Cluster({ app, alice, desk, nodes: [a, b] }, folder);
    } catch (fault) {
      // What is left open would keep the process, and the fault untold.
      await Promise.all([...nodes, app, alice, desk].map((each) => each.close()));
      throw fault;
    }
  }

  /** Alice calls a number at a node, or at what stands before it. */
  calls(place: Place, tone?: number, number = '100'): OutgoingPhoneCall {
    return this.alice.invites(at(number, place), { from: '+15557650001', ...(tone === undefined ? {} : { tone }) });
  }

  async accountSid(node: GraineProcess): Promise<string> {
    return ((await node.rest('/v1/Accounts')).body as Json[])[0].account_sid;
  }

  /** Status callbacks that are a leg's last word. */
  finals(): Json[] {
    const last = new Set(['completed', 'failed', 'busy', 'no-answer']);
    return this.app
      .all('/status')
      .map(({ body }) => body as Json)
      .filter((body) => last.has(body['call_status']));
  }

  /** Call records of the account. */
  async records(node: GraineProcess): Promise<Json[]> {
    const path = `/v1/Accounts/${await this.accountSid(node)}/RecentCalls?page=1&count=100`;
    return ((await node.rest(path)).body as { data: Json[] }).data;
  }

  async eventually(what: string, ask: () => Promise<boolean> | boolean, within = 20_000): Promise<number> {
    const begin = performance.now();
    const looks = new Looks(within, 25);
    do if (await ask()) return performance.now() - begin;
    while (await looks.again());
    throw new Error(
      `never came true: ${what}\n${this.story()}\n${this.nodes.map((each) => each.output).join('\n--\n')}`,
    );
  }

  /** What both phones saw, and what the application was told. */
  story(): string {
    const told = this.app.requests.entries.map(({ path: where, body }) =>
      [where, body['call_sid'], body['call_status'], body['dial_call_status']].filter(Boolean).join(' '),
    );
    return `${ladder([this.alice.transcript, this.desk.transcript])}\n hooks:\n${told.join('\n')}`;
  }

  async close(): Promise<void> {
    await Promise.all([...this.nodes.map((each) => each.close()), this.app.close()]);
    await Promise.all([this.alice.close(), this.desk.close()]);
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
