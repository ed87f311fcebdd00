// Two nodes, two rtpengines, Redis and PostgreSQL: each part fails in turn while calls stand on both nodes. No call is
// lost, and at the end each has been written down exactly once. issue 6, item 8.
import assert from 'node:assert/strict';
import path from 'node:path';
import { after as afterAll, before, describe, it } from 'node:test';
import { Client } from 'pg';
import {
  after,
  at,
  type Config,
  Firewall,
  GraineProcess,
  HookApp,
  type IncomingPhoneCall,
  Looks,
  mediaPorts,
  number,
  odd,
  type OutgoingPhoneCall,
  Phone,
  phones,
  realm,
  RedisServer,
  type Rtpengine,
  SmallDisk,
  startRedis,
  startRtpengine,
} from '../kit/index.ts';
import { startPostgres } from '../kit/postgres.ts';

const redis = await startRedis();
const postgres = await startPostgres();
const engines = [await startRtpengine(), await startRtpengine()];
const missing = [redis, postgres, ...engines].flatMap((each) => ('missing' in each ? [each.missing] : []));

type Standing = { readonly call: OutgoingPhoneCall; readonly desk: IncomingPhoneCall };

describe('a cluster whose parts fail', { skip: missing.length === 0 ? false : missing.join('; ') }, () => {
  if (!(redis instanceof RedisServer) || 'missing' in postgres) return;
  const [one, two] = engines as [Rtpengine, Rtpengine];
  const disk = SmallDisk.open(2);
  let app: HookApp;
  let alice: Phone;
  let desk: Phone;
  let a: GraineProcess;
  let b: GraineProcess;
  let database: string;
  let onA: Standing;
  let onB: Standing;
  /** CDRs there must be at the end: two of an answered dial, one of a call that got no further. */
  let due = 0;

  const account = (): Config => ({
    name: 'kit',
    webhook_secret: 'whsec_kit',
    sip_realm: realm,
    applications: [{ name: 'main', call_hook: app.url('/call'), call_status_hook: app.url('/status') }],
    clients: [{ username: 'bob', password: 'secret' }],
    carriers: [
      {
        name: 'origin',
        application: 'main',
        gateways: [{ host: '127.0.0.1', port: alice.port, inbound: true, outbound: false }],
      },
    ],
  });

  before(async () => {
    app = await HookApp.start();
    alice = await Phone.listen({ name: 'alice' });
    desk = await Phone.listen({ name: 'desk' });
    desk.onInvite = phones.answersAfter(5, { tone: 620 });
    app.answers([{ verb: 'dial', target: [{ type: 'sip', sipUri: desk.uri }], answerOnBridge: true }]);
    database = await postgres.database();
    const first = Number((await mediaPorts()).split('-')[0]);
    const node = (n: number, live: string, more: Config = {}): Promise<GraineProcess> =>
      GraineProcess.start({
        store: { url: database, ...more },
        live: { url: live },
        hooks: { timeout_seconds: 2 },
        media: {
          engine: 'rtpengine',
          rtpengine: [one.place, two.place],
          ports: `${first + n * 200}-${first + n * 200 + 199}`,
          ...(disk === undefined ? {} : { recordings: path.join(disk.folder, 'recordings') }),
        },
        accounts: [account()],
      });
    const spool = disk === undefined ? {} : { spool_folder: path.join(disk.folder, 'spool') };
    // At once, on an empty database.
    process.env['GRAINE_SECRET_KEY'] = Buffer.alloc(32, 7).toString('base64');
    [a, b] = await Promise.all([node(0, redis.url, spool), node(1, redis.urlBy('127.0.0.3'))]);
    onA = await talking(a);
    onB = await talking(b);
  });

  afterAll(async () => {
    await Promise.all([a?.close(), b?.close(), app?.close(), alice?.close(), desk?.close()]);
    await Promise.all([one.remove(), two.remove(), redis.remove(), postgres.remove()]);
    disk?.close();
  });

  async function talking(node: GraineProcess): Promise<Standing> {
    const before = desk.calls.entries.length;
    const call = alice.invites(at(number, node.sip), { from: '+15557650001', tone: 440, payloads: [0] });
    const answered = await desk.nextCall(before);
    await Promise.all([call.hears(620), answered.hears(440)]);
    due += 2;
    return { call, desk: answered };
  }

  async function over({ call, desk: answered }: Standing): Promise<void> {
    await call.hangsUp();
    await answered.byed();
  }

  /** Both standing calls are heard at both ends, from now on. */
  async function heard(): Promise<void> {
    const since = performance.now();
    await Promise.all(
      [onA, onB].flatMap(({ call, desk: answered }) => [
        call.hears(620, { since, within: 6000 }),
        answered.hears(440, { since, within: 6000 }),
      ]),
    );
  }

  async function eventually(what: string, ask: () => Promise<boolean>): Promise<void> {
    const looks = new Looks(20_000, 50);
    do if (await ask()) return;
    while (await looks.again());
    throw new Error(`never came true: ${what}`);
  }

  async function metric(node: GraineProcess, name: string): Promise<number> {
    const text = await (await fetch(`${node.http.url}/metrics`)).text();
    return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]);
  }

  async function inDatabase(query: string): Promise<Record<string, number>[]> {
    const client = new Client({ connectionString: database });
    await client.connect();
    try {
      return (await client.query(query)).rows as Record<string, number>[];
    } finally {
      await client.end();
    }
  }

  /** -1: a busy machine lets it be late. */
  const callsOf = (daemon: Rtpengine): Promise<number> => daemon.calls().catch(() => -1);

  const rows = async (query: string): Promise<number> => (await inDatabase(query))[0]?.['n'] ?? Number.NaN;
  const cdrs = (): Promise<number> => rows('select count(*)::int as n from cdr');
  const alerts = (type: string): Promise<number> => rows(`select count(*)::int as n from alert where type = '${type}'`);

  it('PostgreSQL dies and the hook server hangs: calls come and go, and what was to be written is, once', async () => {
    await postgres.stop();
    await over(await talking(b));
    app.answers(odd({ delayMs: 2600, body: [] }));
    const refused = alice.invites(at(number, a.sip), { from: '+15557650001' });
    assert.equal((await refused.refused()).status, 480);
    due++;
    app.answers([{ verb: 'dial', target: [{ type: 'sip', sipUri: desk.uri }], answerOnBridge: true }]);
    await heard();
    await postgres.start();
    await eventually('three CDRs', async () => (await cdrs()) === 3);
    await over(await talking(a));
    await eventually('five CDRs', async () => (await cdrs()) === 5);
    // Rows of alerts wait by themselves.
    const refusals = (): Promise<number> => alerts('webhook-connection-failure');
    await eventually('the alert of the hook', async () => (await refusals()) >= 1);
    // Each node has noticed, and said so once; the rows waited.
    await told('database-away', 'database-back');
    assert.equal(await refusals(), 1);
  });

  it('Redis dies and comes back with nothing: calls go on, a device registered before is still called', async () => {
    const answer = await desk.register(a.sip, { username: 'bob', password: 'secret', realm });
    assert.equal(answer.status, 200);
    await redis.kill();
    await over(await talking(a));
    await heard();
    await redis.start();
    await eventually('b knows the device again', async () => JSON.stringify(await registered(b)).includes('bob@'));
    await told('redis-away', 'redis-back');
  });

  async function told(...types: string[]): Promise<void> {
    for (const type of types) {
      await eventually(`both nodes have told of ${type}`, async () => (await alerts(type)) === 2);
      const { data } = (await a.rest(`/v1/Alerts?alert_type=${type}`)).body as {
        data: Record<string, string | null>[];
      };
      assert.deepEqual(
        data.map((each) => each['account_sid']),
        [null, null],
      );
      assert.equal(new Set(data.map((each) => each['message'])).size, 2);
    }
  }

  it('one node is cut off from Redis without a word: it knows, its calls go on, and it is back by itself', async (t) => {
    const none = Firewall.missing();
    if (none !== undefined) return t.skip(none);
    const way = new Firewall('127.0.0.3', redis.port);
    try {
      way.cut();
      await eventually('b has seen it', async () => (await metric(b, 'graine_live_up')) === 0);
      assert.equal(await metric(a, 'graine_live_up'), 1);
      await over(await talking(b));
      await heard();
    } finally {
      way.mend();
    }
    await eventually('b is back', async () => (await metric(b, 'graine_live_up')) === 1);
    assert.match(JSON.stringify(await registered(b)), /bob@/);
  });

  for (const [title, die, revive] of [
    ['is killed', 'kill', 'start'],
    ['hangs', 'pause', 'resume'],
  ] as const)
    it(`an rtpengine ${title}: the calls it had are heard again, by the other`, async () => {
      let had: [number, number] = [0, 0];
      await eventually('only the standing calls', async () => {
        had = [await callsOf(one), await callsOf(two)];
        return had[0] + had[1] === 2 && !had.includes(-1);
      });
      const [daemon, other] = had[0] > 0 ? [one, two] : [two, one];
      await daemon[die]();
      await eventually('the other has both', async () => (await callsOf(other)) === 2);
      await heard();
      await daemon[revive]();
      await over(await talking(a));
      await over(await talking(b));
    });

  it('a disk is full and PostgreSQL away: rows wait in memory, and nothing is missing after', async (t) => {
    if (disk === undefined) return t.skip('no small disk: mounting needs root');
    disk.fill();
    await postgres.stop();
    await over(await talking(a));
    await heard();
    disk.empty();
    await postgres.start();
    await eventually('all CDRs so far', async () => (await cdrs()) === due - 4);
  });

  it('the wall clock of one node goes an hour forward and back: nothing ends, nobody is forgotten', async () => {
    for (const ms of [3_600_000, -3_600_000, 0]) {
      a.setsClock(ms);
      await after(200);
      await heard();
      assert.match(JSON.stringify(await registered(b)), /bob@/);
    }
    await over(await talking(a));
  });

  it('at the end each call has been written down once, as long as it was', async () => {
    await Promise.all([over(onA), over(onB)]);
    await eventually('all CDRs', async () => (await cdrs()) === due);
    await after(500);
    const [found] = await inDatabase(
      'select count(*)::int as n, count(distinct sip_call_id)::int as calls, max(duration)::int as longest, min(duration)::int as shortest from cdr',
    );
    assert.deepEqual([found?.['n'], found?.['calls']], [due, due]);
    assert.ok((found?.['longest'] ?? 0) < 300 && (found?.['shortest'] ?? -1) >= 0, JSON.stringify(found));
    assert.equal(await alerts('webhook-connection-failure'), 1);
    for (const node of [a, b]) assert.equal(await metric(node, 'graine_sessions'), 0);
  });

  async function registered(node: GraineProcess): Promise<unknown> {
    const [{ account_sid: sid }] = (await node.rest('/v1/Accounts')).body as [{ account_sid: string }];
    return (await node.rest(`/v1/Accounts/${sid}/RegisteredSipUsers`)).body;
  }
});
