/** What the demo runs on: two nodes behind Kamailio, two rtpengines, Redis, PostgreSQL, a web application, two phones. */
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import {
  accountOf,
  ensureDebian,
  GraineProcess,
  HookApp,
  Kamailio,
  mediaPorts,
  Phone,
  RedisServer,
  type Rtpengine,
  startKamailio,
  startRedis,
  startRtpengine,
} from '../kit/index.ts';
import { type Postgres, startPostgres } from '../kit/postgres.ts';

/** What Debian must have installed. */
export const packages = [
  'kamailio',
  'kamailio-tls-modules',
  'kamailio-websocket-modules',
  'rtpengine-daemon',
  'redis-server',
  'postgresql',
];

export type Stage = {
  readonly app: HookApp;
  readonly caller: Phone;
  readonly callee: Phone;
  readonly redis: RedisServer;
  readonly database: string;
  readonly engines: readonly [Rtpengine, Rtpengine];
  readonly nodes: readonly [GraineProcess, GraineProcess];
  readonly edge: Kamailio;
};

/** Each part is told as it stands. Whoever opens the stage closes it with what was collected in `closers`. */
export async function openStage(tell: (what: string) => void, closers: (() => unknown)[]): Promise<Stage> {
  if (!ensureDebian(packages)) throw new Error('Debian packages are missing: see the line above');
  const app = await HookApp.start();
  const caller = await Phone.listen({ name: 'caller' });
  const callee = await Phone.listen({ name: 'callee' });
  closers.push(
    () => app.close(),
    () => caller.close(),
    () => callee.close(),
  );
  const postgres = there<Postgres>(await startPostgres(), () => tell('PostgreSQL'));
  closers.push(() => postgres.remove());
  const redis = there<RedisServer>(await startRedis(), () => tell('Redis'));
  closers.push(() => redis.remove());
  const engines = [await engine(tell, closers, 1), await engine(tell, closers, 2)] as const;
  const folder = mkdtempSync(path.join(os.tmpdir(), 'graine-cluster-demo-'));
  closers.push(() => rmSync(folder, { recursive: true, force: true }));
  const database = await postgres.database();
  const [first = 0] = (await mediaPorts()).split('-').map(Number);
  const node = async (n: number): Promise<GraineProcess> => {
    const started = await GraineProcess.start({
      sip: { edges: ['127.0.0.1'] },
      store: { url: database, key_file: path.join(folder, 'secret.key') },
      live: { url: redis.url },
      media: {
        engine: 'rtpengine',
        rtpengine: engines.map(({ place }) => place),
        ports: `${first + n * 200}-${first + n * 200 + 199}`,
      },
      accounts: [accountOf(app, caller, { name: 'demo', webhook_secret: 'whsec_demo' })],
    });
    closers.push(() => started.close());
    tell(`node ${'AB'[n]}, process ${started.pid}, SIP at 127.0.0.1:${started.sip.port}`);
    return started;
  };
  // The first makes the key that both seal with.
  const nodes = [await node(0), await node(1)] as const;
  const places = nodes.map(({ sip }) => `127.0.0.1:${sip.port}`);
  const edge = there<Kamailio>(await startKamailio({ nodes: places }), () => {});
  closers.push(() => edge.remove());
  await edge.until(places);
  tell(`Kamailio in front of both, SIP at 127.0.0.1:${edge.port}`);
  return { app, caller, callee, redis, database, engines, nodes, edge };
}

async function engine(tell: (what: string) => void, closers: (() => unknown)[], n: number): Promise<Rtpengine> {
  const started = there<Rtpengine>(await startRtpengine(), () => tell(`rtpengine ${n}`));
  closers.push(() => started.remove());
  return started;
}

function there<Part extends object>(part: Part | { readonly missing: string }, tell: () => void): Part {
  if ('missing' in part) throw new Error(part.missing);
  tell();
  return part;
}
