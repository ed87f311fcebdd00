// Several nodes act as one: a call that runs at node b is listed, steered and watched at node a. docs/operations.md.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after as afterAll, before, describe, it } from 'node:test';
import {
  after,
  at,
  dial,
  freePort,
  type Graine,
  type Json,
  LiveEvents,
  number,
  type OutgoingPhoneCall,
  phones,
  RedisServer,
  startRedis,
  TcpGate,
  toPhone,
  toSip,
  World,
} from '../kit/index.ts';
import { startPostgres } from '../kit/postgres.ts';

const redis = await startRedis();
const postgres = await startPostgres();
const missing = [redis, postgres].flatMap((each) => ('missing' in each ? [each.missing] : []));
const sidsOf = (calls: Json[]): string[] => calls.map((each) => String(each.call_sid)).sort();
const folder = mkdtempSync(path.join(os.tmpdir(), 'graine-nodes-'));
for (const node of ['a', 'b']) mkdirSync(path.join(folder, node));
const secret = 'a secret of all nodes that is long enough';

describe('several nodes, one Redis', { skip: missing.length === 0 ? false : missing.join('; ') }, () => {
  if (!(redis instanceof RedisServer) || 'missing' in postgres) return;
  let a: World;
  let b: Graine;

  before(async () => {
    const config = {
      live: { url: redis.url, secret },
      store: { url: await postgres.database() },
      media: { recordings: path.join(folder, 'a') },
    };
    a = await World.start({
      phones: ['desk'],
      config,
      account: (w) => ({
        carriers: [
          w.origin(),
          { name: 'one', max_calls: 1, gateways: [w.gateway('desk')] },
          { name: 'paced', max_cps: 2, gateways: [w.gateway('desk')] },
        ],
      }),
    });
    b = await a.twin({ media: { recordings: path.join(folder, 'b') } });
    await a.eventually('they know of each other', async () => (await others(a.graine)) + (await others(b)) === 2);
  });
  afterAll(async () => {
    await b.stop();
    assert.deepEqual((await b.leaks()).timers, []);
    await a.stop();
    await redis.remove();
    await postgres.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  async function others({ http }: Graine): Promise<number> {
    const answer = await fetch(`${http.url}/v1/Nodes`, { headers: { authorization: `Bearer ${http.token}` } });
    return ((await answer.json()) as { others: string[] }).others.length;
  }

  type Answer = { status: number; body: Json; node: string | null; all: boolean };

  async function ofAccount(
    node: Graine,
    method: string,
    path: string,
    more: { body?: unknown; headers?: Record<string, string> } = {},
  ): Promise<Answer> {
    const { body, headers = {} } = more;
    const response = await fetch(`${node.http.url}/v1/Accounts/${a.accountSid}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${node.http.token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return {
      status: response.status,
      body: text === '' ? undefined : text.startsWith('<') ? text : (JSON.parse(text) as unknown),
      node: response.headers.get('x-graine-node'),
      all: response.headers.get('x-graine-nodes-missing') === null,
    };
  }

  /** A call through b, whose caller hears 620 and whose callee hears 440. */
  async function talking(node = b): Promise<{ call: OutgoingPhoneCall; parent: string; child: string }> {
    a.reset();
    a.phone('desk').onInvite = phones.answersAfter(10, { tone: 620 });
    a.app.answers([...dial([toSip(a.phone('desk'))]), { verb: 'hangup' }]);
    const call = a.phone('alice').invites(at(number, node.sip), { from: '+15557650001', tone: 440 });
    await call.hears(620);
    const child = await a.status((body) => body['direction'] === 'outbound' && body['call_status'] === 'in-progress');
    return { call, parent: child.body['parent_call_sid'], child: child.body['call_sid'] };
  }

  const steer = (callSid: string, body: unknown): Promise<Answer> =>
    ofAccount(a.graine, 'PUT', `/Calls/${callSid}`, { body });

  it('the calls of all nodes are listed, counted and read at any of them', { timeout: 60_000 }, async () => {
    const { call, parent, child } = await talking();
    for (const node of [a.graine, b]) {
      const list = await ofAccount(node, 'GET', '/Calls');
      assert.deepEqual(sidsOf(list.body), [parent, child].sort());
      assert.ok(list.all);
      assert.deepEqual((await ofAccount(node, 'GET', '/CallCount')).body, { inbound: 1, outbound: 1 });
      const inbound = await ofAccount(node, 'GET', '/Calls?direction=inbound');
      assert.deepEqual(
        inbound.body.map((each: Json) => each.call_sid),
        [parent],
      );
      for (const sid of [parent, child]) {
        const read = await ofAccount(node, 'GET', `/Calls/${sid}`);
        assert.equal(read.body.call_status, 'in-progress');
        assert.equal(read.node === null, node === b, 'b knows by itself');
      }
    }
    assert.equal((await ofAccount(a.graine, 'GET', '/Calls/unheard-of')).status, 404);
    await call.hangsUp();
  });

  it(
    'commands at one node are obeyed at the other: mute, keys, whisper, another application',
    { timeout: 60_000 },
    async () => {
      const { call, parent, child } = await talking();
      const desk = await a.phone('desk').nextCall();
      await desk.hears(440);
      const muted = await steer(parent, { mute_status: 'mute' });
      assert.equal(muted.status, 202, JSON.stringify(muted.body));
      await a.eventually('the callee hears nothing of the caller', async () => {
        await call.hears(620, { since: performance.now() + 200 });
        return (desk.media?.ears.heard(440) ?? 0) < -40;
      });
      await steer(parent, { mute_status: 'unmute' });
      await desk.hears(440, { since: performance.now() + 50 });
      assert.equal((await steer(child, { dtmf: { digit: '5' } })).status, 202);
      await desk.media?.ears.digits.until((each) => each.digit === '5', { what: 'the key' });
      const whispered = performance.now();
      assert.equal(
        (await steer(parent, { whisper: { verb: 'play', url: 'tone_stream://%(600,0,1200)' } })).status,
        202,
      );
      await call.media?.ears.hears(1200, { since: whispered });
      const wrong = await steer(parent, { dtmf: { digit: 'x' } });
      assert.equal(wrong.status, 400);
      a.app.on('/other', [{ verb: 'hangup', headers: { 'X-By': 'other' } }]);
      assert.equal((await steer(parent, { call_hook: a.app.url('/other') })).status, 202);
      assert.equal((await call.byed()).get('x-by'), 'other');
    },
  );

  it(
    'a call is hung up at the other node; then its record is read, and a command says that it is over',
    { timeout: 60_000 },
    async () => {
      const { call, parent } = await talking();
      assert.equal((await steer(parent, { record: { action: 'startCallRecording', recordingID: 'r' } })).status, 202);
      await a.eventually('it is recorded', async () => {
        const { body } = await ofAccount(a.graine, 'GET', `/Calls/${parent}/Trace`);
        return JSON.stringify(body).includes('recording.started');
      });
      const measured = await ofAccount(a.graine, 'GET', `/Calls/${parent}/Quality`);
      assert.equal(measured.body.length, 2, 'each leg is measured, wherever it runs');
      const once = { body: { call_status: 'completed' }, headers: { 'idempotency-key': 'k1' } };
      const [first, second] = [
        await ofAccount(a.graine, 'PUT', `/Calls/${parent}`, once),
        await ofAccount(a.graine, 'PUT', `/Calls/${parent}`, once),
      ];
      assert.deepEqual([first.status, second.status], [202, 202], 'the second is the answer to the first');
      await call.byed();
      await a.status((body) => body['call_sid'] === parent && body['call_status'] === 'completed');
      assert.equal((await ofAccount(a.graine, 'GET', `/Calls/${parent}`)).body.call_status, 'completed');
      assert.equal((await steer(parent, { call_status: 'completed' })).status, 422);
      const third = await ofAccount(a.graine, 'PUT', `/Calls/${parent}`, once);
      assert.equal(third.status, 202, 'the answer to the first, also when the call is over');
      const trace = await ofAccount(a.graine, 'GET', `/Calls/${parent}/Trace`);
      assert.ok(trace.body.length > 10, 'the timeline of an ended call is fetched from where it ran');
      const recordings = await ofAccount(a.graine, 'GET', `/RecentCalls/${parent}/record`);
      assert.equal(recordings.body.length, 1, JSON.stringify(recordings.body));
      const page = await ofAccount(a.graine, 'GET', `/Calls/${parent}/Trace?format=html`);
      assert.match(page.body, /^<!doctype html>/i);
    },
  );

  it(
    'the tenant wall stands at every node, and the deed is written down once, with who did it',
    { timeout: 60_000 },
    async () => {
      const { call, parent } = await talking();
      const other = (await a.rest('POST', '/v1/Accounts', { name: 'strangers' })).body.sid as string;
      const token = (await a.rest('POST', '/v1/ApiKeys', { account_sid: other })).body.token as string;
      const stranger = async (method: string, path: string, body?: object): Promise<Response> =>
        fetch(`${a.graine.http.url}/v1/Accounts/${path}`, {
          method,
          headers: { authorization: `Bearer ${token}`, ...(body && { 'content-type': 'application/json' }) },
          ...(body && { body: JSON.stringify(body) }),
        });
      for (const sid of [a.accountSid, other]) {
        assert.equal((await stranger('GET', `${sid}/Calls/${parent}`)).status, 404);
        assert.equal((await stranger('GET', `${sid}/Calls/${parent}/Trace`)).status, 404);
        assert.equal((await stranger('PUT', `${sid}/Calls/${parent}`, { call_status: 'completed' })).status, 404);
      }
      assert.deepEqual(await (await stranger('GET', `${other}/Calls`)).json(), []);
      assert.equal((await steer(parent, { tag: { seen: true } })).status, 202);
      const deeds = await a.eventually('the deed', async () => {
        const { data } = (await a.rest('GET', `/v1/AuditLog?account_sid=${a.accountSid}&count=100`)).body;
        const found = data.filter((each: Json) => each.what === `Calls/${parent}`);
        return found.length > 0 && found;
      });
      assert.deepEqual(
        deeds.map(({ action, address, who }: Json) => [action, address, who.role]),
        [['change', '127.0.0.1', 'admin']],
      );
      await call.hangsUp();
    },
  );

  it(
    '/v1/Live of one node shows the calls of all, with their levels, and costs nothing when nobody looks',
    { timeout: 60_000 },
    async () => {
      const headers = { authorization: `Bearer ${a.graine.http.token}` };
      const live = await LiveEvents.open(`${a.graine.http.url}/v1/Live?levels=1`, headers);
      await live.next(
        'nodes',
        ({ nodes }) => (nodes as Json[]).length === 2 && (nodes as Json[]).every(({ shown }) => shown),
      );
      const { call, parent, child } = await talking();
      const rows = await Promise.all(
        [parent, child].map((sid) =>
          live.next('call', (row) => row['call_sid'] === sid && row['state'] === 'in-progress'),
        ),
      );
      const here = await LiveEvents.open(`${b.http.url}/v1/Live`, headers);
      const own = (await here.next('snapshot')).data['calls'] as Json[];
      assert.deepEqual(new Set(rows.map(({ data }) => data['node'])), new Set([own[0].node]));
      const levels = await live.next('levels', (heard) => Number(heard[parent]) > -40);
      assert.ok(Number(levels.data[parent]) < 0, 'what the caller says at b is metered for who looks at a');
      const late = await LiveEvents.open(`${a.graine.http.url}/v1/Live?account_sid=${a.accountSid}`, headers);
      const snapshot = await late.next('snapshot');
      assert.deepEqual(sidsOf(snapshot.data['calls'] as Json[]), [parent, child].sort());
      await late.close();
      await call.hangsUp();
      for (const sid of [parent, child]) await live.next('gone', (data) => data['call_sid'] === sid);
      await Promise.all([live.close(), here.close()]);
      for (const node of [a.graine, b])
        await a.eventually('nothing is followed any more', async () => {
          return !(await node.leaks()).timers.some(
            (timer) => timer.startsWith('live calls') || timer.startsWith('live nodes'),
          );
        });
    },
  );

  /** A call to an application that answers and waits, by way of this node. */
  const calls = (node: Graine, more: { by?: string } = {}): OutgoingPhoneCall =>
    a.phone(more.by ?? 'alice').invites(at(number, node.sip), { from: '+15557650001' });

  async function limits(fields: object): Promise<void> {
    assert.equal((await a.rest('PUT', `/v1/Accounts/${a.accountSid}`, fields)).status, 204);
    // The other node reads what changed once a second.
    const [[name, value] = ['', 0]] = Object.entries(fields);
    await a.eventually('b knows of the limit', async () => {
      const read = await fetch(`${b.http.url}/v1/Accounts/${a.accountSid}`, {
        headers: { authorization: `Bearer ${b.http.token}` },
      });
      return (((await read.json()) as Json)[name] ?? null) === value;
    });
  }

  it(
    'max_calls of an account holds over both nodes; a call that ends at one makes room at the other',
    { timeout: 60_000 },
    async () => {
      a.reset();
      a.app.answers([{ verb: 'answer' }, { verb: 'pause', length: 60 }]);
      await limits({ max_calls: 3 });
      const all = [a.graine, b, a.graine, b, a.graine, b].map((node) => calls(node));
      const finals = await Promise.all(all.map((call) => call.final()));
      const standing = all.filter((_, i) => finals[i]?.status === 200);
      assert.equal(standing.length, 3, finals.map(({ status }) => status).join());
      assert.deepEqual(new Set(finals.map(({ status }) => status)), new Set([200, 503]));
      const [first, ...rest] = standing;
      await first?.hangsUp();
      const next = await a.eventually('there is room at both', async () => {
        const call = calls(b);
        return (await call.final()).status === 200 && call;
      });
      assert.equal((await calls(a.graine).final()).status, 503);
      for (const call of [...rest, next]) await call.hangsUp();
      await limits({ max_calls: null });
    },
  );

  it('max_cps of an account: two nodes together begin no more in a second', { timeout: 60_000 }, async () => {
    a.reset();
    a.app.answers([{ verb: 'sip:decline', status: 480 }]);
    await limits({ max_cps: 4 });
    const began = performance.now();
    const flood = Array.from({ length: 20 }, (_, n) => calls(n % 2 === 0 ? a.graine : b));
    const finals = await Promise.all(flood.map((call) => call.final()));
    const taken = finals.filter(({ status }) => status === 480).length;
    // On a busy machine the flood itself lasts longer than the second it began in.
    const seconds = 1 + Math.floor((performance.now() - began) / 1_000);
    assert.ok(taken >= 4 && taken <= 4 * seconds, `${taken} of twenty within ${seconds} s`);
    await limits({ max_cps: null });
  });

  it('max_calls of a carrier: who finds no place is queued until one is free', { timeout: 60_000 }, async () => {
    a.reset();
    a.phone('desk').onInvite = phones.answersAfter(10, { tone: 620 });
    a.app.answers(dial([toPhone({ trunk: 'one' })], { answerOnBridge: true }));
    const first = calls(a.graine);
    await first.hears(620);
    const second = calls(b);
    const queued = await a.status((body) => body['call_status'] === 'queued');
    assert.equal(queued.body['direction'], 'outbound');
    await first.hangsUp();
    await second.hears(620);
    assert.equal(a.app.all('/status').filter(({ body }) => body['call_status'] === 'queued').length, 1);
    await second.hangsUp();
  });

  it('the line of a carrier is one, whichever node its calls wait at', { timeout: 60_000 }, async () => {
    a.reset();
    a.phone('desk').onInvite = phones.answersAfter(10, { tone: 620 });
    a.app.answers(dial([toPhone({ trunk: 'one' })], { answerOnBridge: true }));
    const queued = () => a.app.all('/status').filter(({ body }) => body['call_status'] === 'queued').length;
    const first = calls(a.graine);
    await first.hears(620);
    const line: OutgoingPhoneCall[] = [];
    for (const node of [b, a.graine, a.graine, b]) {
      line.push(calls(node));
      await a.eventually('it waits', () => Promise.resolve(queued() === line.length));
      await after(350);
    }
    await first.hangsUp();
    for (const [n, call] of line.entries()) {
      await call.answered();
      const served = line.filter(({ received }) => received.entries.some(({ status }) => status === 200));
      assert.deepEqual(served, line.slice(0, n + 1));
      await call.hangsUp();
    }
  });

  it(
    'a call that is placed twice under one Idempotency-Key, at two nodes, is placed once',
    { timeout: 60_000 },
    async () => {
      a.reset();
      a.phone('desk').onInvite = phones.answersAfter(10);
      const to = { type: 'sip', sipUri: a.phone('desk').uri };
      const body = { from: '+15551230001', to, app_json: [{ verb: 'pause', length: 60 }] };
      const once = { body, headers: { 'idempotency-key': 'placed once' } };
      const [first, second] = [
        await ofAccount(b, 'POST', '/Calls', once),
        await ofAccount(a.graine, 'POST', '/Calls', once),
      ];
      assert.deepEqual([first.status, second.status, second.body], [201, 201, first.body]);
      assert.equal(a.phone('desk').calls.entries.length, 1);
      const other = { body: { ...body, from: '+15551230009' }, headers: once.headers };
      assert.equal((await ofAccount(a.graine, 'POST', '/Calls', other)).status, 422, 'another body under the same key');
      const sid = String(first.body.sid);
      await a.eventually('it is answered', async () => {
        return (await ofAccount(a.graine, 'GET', `/Calls/${sid}`)).body.call_status === 'in-progress';
      });
      assert.equal((await steer(sid, { call_status: 'completed' })).status, 202);
    },
  );

  it('max_cps of a carrier spaces the INVITEs of both nodes together', { timeout: 60_000 }, async () => {
    a.reset();
    a.phone('desk').onInvite = phones.busy();
    a.app.answers(dial([toPhone({ trunk: 'paced' })], { answerOnBridge: true }));
    const all = Array.from({ length: 6 }, (_, n) => calls(n % 2 === 0 ? a.graine : b));
    await Promise.all(all.map((call) => call.refused()));
    const sent = a
      .phone('desk')
      .transcript.entries.filter((entry) => entry.direction === 'in' && entry.title === 'INVITE')
      .map((entry) => entry.at);
    assert.equal(sent.length, 6);
    const span = (sent.at(-1) ?? 0) - (sent[0] ?? 0);
    // Each node by itself would be through within a second.
    assert.ok(span >= 1_800, `six INVITEs at two a second within ${span} ms`);
  });

  it('who claims to be a node and is none gets nowhere', { timeout: 60_000 }, async () => {
    const head = `${'x'.repeat(10)} y 1700000000000 ${'n'.repeat(24)} ${'0'.repeat(64)}`;
    for (const path of ['/Calls', '/Calls/x', '/Calls/x/Trace']) {
      const forged = { 'graine-node': head, 'graine-node-asker': '-', 'graine-node-signature': '0'.repeat(64) };
      const answer = await ofAccount(b, 'GET', path, { headers: forged });
      assert.deepEqual([answer.status, answer.body.code], [401, 'node-refused'], 'whatever key comes with it');
    }
  });

  it(
    'a node that cannot be reached: the others’ calls are listed, and who asks for its own is told',
    { timeout: 60_000 },
    async () => {
      const httpPort = await freePort();
      const [toHttp, toRedis] = [await TcpGate.to(httpPort), await TcpGate.to(redis.port)];
      const c = await a.twin({
        http: {
          listen: `127.0.0.1:${httpPort}`,
          admin_token: b.http.token,
          node_url: `http://127.0.0.1:${toHttp.port}`,
        },
        live: { url: `redis://127.0.0.1:${toRedis.port}`, secret },
      });
      const url = `http://127.0.0.1:${httpPort}`;
      const atC: Graine = { ...c, http: { ...c.http, url } };
      const alive = async (): Promise<Json> => (await fetch(`${url}/readyz`)).json();
      const ready = async (): Promise<Json> => (await fetch(`${url}/readyz`)).status;
      try {
        const { call, parent, child } = await talking(c);
        const sids = async (node: Graine): Promise<string[]> => {
          const { body } = await ofAccount(node, 'GET', '/Calls');
          return sidsOf(body);
        };
        const both = [parent, child].sort();
        await a.eventually('all know it', async () => JSON.stringify(await sids(a.graine)) === JSON.stringify(both));

        toHttp.shut();
        const listed = await ofAccount(a.graine, 'GET', '/Calls');
        assert.deepEqual([listed.status, listed.body, listed.all], [200, [], false]);
        const asked = await ofAccount(a.graine, 'GET', `/Calls/${parent}`);
        assert.deepEqual([asked.status, asked.body.code], [503, 'node-away'], JSON.stringify(asked.body));
        assert.equal((await steer(child, { call_status: 'completed' })).status, 503);
        toHttp.open();
        await a.eventually(
          'it is reached again',
          async () => JSON.stringify(await sids(a.graine)) === JSON.stringify(both),
        );

        const headers = { authorization: `Bearer ${c.http.token}` };
        const [live, liveA] = [
          await LiveEvents.open(`${url}/v1/Live`, headers),
          await LiveEvents.open(`${a.graine.http.url}/v1/Live`, headers),
        ];
        await liveA.next('call', (row) => row['call_sid'] === child);

        // Cut off from Redis alone it says by way of another node that it lives, and keeps its calls.
        toRedis.hold();
        await a.eventually('it says so', async () => String((await alive()).reason).startsWith('Redis is away'));
        assert.equal(await ready(), 200, 'it still takes calls');
        // Longer than a node that nobody hears of is believed to live.
        await after(4000);
        assert.deepEqual([...new Set(await sids(a.graine))].sort(), both);
        assert.ok(!call.received.entries.some(({ isRequest, cseq }) => isRequest && cseq > 1000), 'nobody took it');
        const late = await talking(c);
        await a.eventually('what began meanwhile is written down', async () => (await redis.standing()) === 2);
        assert.deepEqual([...new Set(await sids(atC))].sort(), [...both, late.parent, late.child].sort());
        await live.next('nodes', ({ shared }) => shared === false);
        await call.hears(620, { since: performance.now() });
        const elsewhere = await ofAccount(atC, 'GET', '/Calls');
        assert.ok(elsewhere.all, 'and still asks those it knew last');
        const metrics = await (await fetch(`${url}/metrics`)).text();
        assert.match(metrics, /graine_alerts_total\{type="redis-away"\} 1/);
        await late.call.hangsUp();
        toRedis.open();
        await a.eventually('and says nothing more', async () => (await alive()).reason === undefined);
        assert.match(await (await fetch(`${url}/metrics`)).text(), /graine_alerts_total\{type="redis-back"\} 1/);
        assert.equal((await steer(parent, { call_status: 'completed' })).status, 202);
        await call.byed();
      } finally {
        await c.stop();
        await Promise.all([toHttp.close(), toRedis.close()]);
      }
    },
  );
});
