// Calls outlive their node: one of two is killed, stopped or replaced, and the other carries its calls on. issue 6, item 5.
import assert from 'node:assert/strict';
import { after as afterAll, before, describe, it } from 'node:test';
import type { Message } from '../../src/testing/index.ts';
import { Cluster, lostSince, type Place, removeServers, type Servers, startServers } from '../kit/cluster.ts';
import {
  after,
  type IncomingPhoneCall,
  type Json,
  Kamailio,
  odd,
  type OutgoingPhoneCall,
  type Phone,
  phones,
  startKamailio,
  WsApp,
} from '../kit/index.ts';

const servers = await startServers();

type Talk = { readonly call: OutgoingPhoneCall; readonly callee: IncomingPhoneCall };

const dials = (desk: Phone, more: object = {}): readonly object[] => [
  { verb: 'dial', target: [{ type: 'sip', sipUri: desk.uri }], actionHook: '/dialled', answerOnBridge: true, ...more },
];

/** Not the INVITE that began the call: who adopts it counts on from far above what may have been sent. */
const refresh = ({ isRequest, method, cseq }: Message): boolean =>
  isRequest && (method === 'UPDATE' || method === 'INVITE') && cseq > 1000;

describe('two nodes and an edge', { skip: 'missing' in servers ? servers.missing : false }, () => {
  const on = servers as Servers;
  let w: Cluster;
  let edge: Kamailio;
  let ws: WsApp;

  before(async () => {
    ws = await WsApp.start();
    w = await Cluster.start({
      servers: on,
      config: {
        sip: { edges: ['127.0.0.1'] },
        shutdown: { hand_over: true },
        live: { url: on.redis.url, secret: 'a secret of both nodes that is long enough' },
      },
      srtp: 'offer',
      more: (app) => ({
        applications: [
          { name: 'main', call_hook: app.url('/call'), call_status_hook: app.url('/status') },
          { name: 'socket', call_hook: ws.url(), call_status_hook: app.url('/status') },
        ],
        phone_numbers: [{ number: '200', carrier: 'origin', application: 'socket' }],
      }),
    });
    const started = await startKamailio({ nodes: [placeOf(0)] });
    assert.ok(started instanceof Kamailio, 'kamailio is installed');
    edge = started;
    await edge.until([placeOf(0)]);
  });
  afterAll(async () => {
    await edge?.remove();
    await w?.close();
    await ws?.close();
    await removeServers(on);
  });

  const placeOf = (n: 0 | 1): string => `${w.nodes[n].sip.host}:${w.nodes[n].sip.port}`;

  async function talking(more: object = {}, place: Place = w.nodes[0].sip): Promise<Talk> {
    w.desk.onInvite = phones.answersAfter(5, { tone: 620 });
    w.app.answers(dials(w.desk, more));
    const nth = w.desk.calls.entries.length;
    const call = w.calls(place, 440);
    await call.hears(620);
    return { call, callee: await w.desk.nextCall(nth) };
  }

  /** Both ends with keys, each its own: rtpengine opens with the one and seals with the other. */
  async function encrypted(): Promise<Talk> {
    w.alice.srtp = 'AEAD_AES_256_GCM';
    w.desk.srtp = 'AES_CM_128_HMAC_SHA1_80';
    const talk = await talking({ srtpEncryption: 'sdes' });
    w.alice.srtp = undefined;
    w.desk.srtp = undefined;
    return talk;
  }

  /** Of an application on a WebSocket. */
  async function commandedBySocket(): Promise<Talk> {
    ws.on('session:new', dials(w.desk));
    const nth = w.desk.calls.entries.length;
    const call = w.calls(w.nodes[0].sip, 440, '200');
    await call.hears(620);
    return { call, callee: await w.desk.nextCall(nth) };
  }

  /** They are written down, and rtpengine carries them alone. */
  const settled = (): Promise<void> => after(1500);
  const legsOf = (talks: readonly Talk[]) => talks.flatMap(({ call, callee }) => [call, callee]);
  const adopted = (talks: readonly Talk[]): Promise<unknown> =>
    Promise.all(legsOf(talks).map((each) => each.gets(refresh)));
  const held = (message: Message): boolean => /a=(sendonly|inactive)/.test(message.body.toString());

  /** The call sids of dials that the application was told of. */
  const dialled = (): string[] => w.app.all('/dialled').map(({ body }) => String((body as Json)['call_sid']));

  /** Of so many dials and legs, each was told once. */
  async function toldOnce(dials: number, legs: number): Promise<void> {
    await w.eventually('each dial was told', () => dialled().length >= dials);
    await w.eventually('each leg was told', () => w.finals().length >= legs);
    await after(300);
    assert.equal(dialled().length, dials);
    assert.equal(new Set(dialled()).size, dials);
    assert.equal(w.finals().length, legs);
    assert.equal(new Set(w.finals().map((each) => each['call_sid'])).size, legs);
  }

  describe('one is killed', () => {
    let [plain, holds, limited, commanded, secure, socket]: Talk[] = [];
    let byEdge: Talk[] = [];
    let rings: OutgoingPhoneCall;
    let rung: IncomingPhoneCall;
    let requested: Promise<Message[]>;
    let [limitedAt, killedAt] = [0, 0];
    /** What the node that is killed is called. */
    let dead = '';
    let limitedOver: Promise<number>;

    before(async () => {
      plain = await talking();
      holds = await talking();
      limited = await talking({ timeLimit: 12 });
      limitedAt = performance.now();
      limitedOver = limited.call.byed({ within: 30_000 }).then(() => performance.now());
      limitedOver.catch(() => {});
      commanded = await talking();
      secure = await encrypted();
      socket = await commandedBySocket();
      byEdge = [await talking({}, edge), await talking({}, edge)];
      edge.reload([placeOf(0), placeOf(1)]);
      w.desk.onInvite = phones.ringsForEver();
      const nth = w.desk.calls.entries.length;
      rings = w.calls(w.nodes[0].sip);
      await rings.rings();
      rung = await w.desk.nextCall(nth);
      await edge.until([placeOf(0), placeOf(1)]);
      dead = ((await w.nodes[0].rest('/v1/Nodes')).body as { node: string }).node;
      await settled();
      killedAt = performance.now();
      await w.nodes[0].killed();
      requested = Promise.all([byEdge[0]!.call.holds(), byEdge[1]!.call.hangsUp()]);
      requested.catch(() => {});
    });

    it('two who talk lose no packet, and are told of the other node', { timeout: 60_000 }, async () => {
      assert.ok(plain !== undefined);
      await adopted([plain]);
      const ms = performance.now() - killedAt;
      console.log(`# both far ends know the other node ${Math.round(ms)} ms after the kill`);
      // Within 5 s on a machine that has the time: docs/operations.md. What takes longer than this waits for something else.
      assert.ok(ms < 15_000, `${ms} ms`);
      await after(300);
      for (const leg of legsOf([plain])) assert.equal(lostSince(leg, killedAt - 500), 0);
      assert.equal((await plain.call.hangsUp()).status, 200);
      await plain.callee.byed();
    });

    it(
      'encrypted audio loses no packet, and the other node has the keys for what it needs',
      { timeout: 60_000 },
      async () => {
        assert.ok(secure !== undefined);
        const { call, callee } = secure;
        await adopted([secure]);
        const since = performance.now();
        await Promise.all([call.hears(620, { since }), callee.hears(440, { since })]);
        for (const leg of legsOf([secure])) assert.equal(lostSince(leg, killedAt - 500), 0);
        // One may be on its way while rtpengine joins the two: between its offer and its answer it has the other's key.
        assert.ok((call.media?.packetsForged ?? 9) + (callee.media?.packetsForged ?? 9) <= 2);
        assert.equal((await call.holds()).status, 200);
        await callee.gets(held);
        assert.equal((await call.resumes()).status, 200);
        await callee.hears(440, { since: performance.now() });
        await callee.hangsUp();
        await call.byed();
      },
    );

    it('one who rang is refused, and the one it rang at is cancelled', { timeout: 60_000 }, async () => {
      assert.equal((await rings.refused()).status, 503);
      await rung.cancelled();
    });

    it('a hold is passed on, and the callee’s BYE ends the call', { timeout: 60_000 }, async () => {
      assert.ok(holds !== undefined);
      await adopted([holds]);
      assert.equal((await holds.call.holds()).status, 200);
      await holds.callee.gets(held);
      assert.equal((await holds.call.resumes()).status, 200);
      await holds.call.hears(620, { since: performance.now() });
      assert.equal((await holds.callee.hangsUp()).status, 200);
      await holds.call.byed();
    });

    it('an application on a WebSocket is dialled by the other node, and commands it', { timeout: 60_000 }, async () => {
      assert.ok(socket !== undefined);
      const again = await ws.next('session:reconnect');
      assert.deepEqual([again.connection, again.call_sid], [1, ws.messages.entries[0]?.call_sid]);
      await adopted([socket]);
      await socket.callee.hangsUp();
      const { data } = await ws.next('verb:hook');
      assert.deepEqual([data['dial_call_status'], data['dial_terminated_by']], ['completed', 'callee']);
      ws.command('redirect', [{ verb: 'hangup', headers: { 'X-By': 'command' } }]);
      assert.equal((await socket.call.byed()).get('x-by'), 'command');
      assert.equal(ws.messages.entries.filter(({ type }) => type === 'verb:hook').length, 1);
    });

    it('REST of the other node finds the call and ends it', { timeout: 60_000 }, async () => {
      assert.ok(commanded !== undefined);
      await adopted([commanded]);
      const node = w.nodes[1];
      const calls = `/v1/Accounts/${await w.accountSid(node)}/Calls`;
      const list = (await node.rest(calls)).body as Json[];
      const one = list.find((each) => each['call_id'] === commanded!.call.callId);
      assert.ok(one !== undefined, JSON.stringify(list[0]));
      assert.equal((await node.rest(`${calls}/${one['call_sid']}`, { call_status: 'completed' })).status, 202);
      await Promise.all([commanded.call.byed(), commanded.callee.byed()]);
    });

    it(
      'behind the edge, what came before anybody had the call is done by whom it reached',
      { timeout: 60_000 },
      async () => {
        const [stays, ended] = byEdge as [Talk, Talk];
        assert.deepEqual(
          (await requested).map(({ status }) => status),
          [200, 200],
        );
        await ended.callee.byed();
        await stays.callee.gets(held);
        await stays.callee.hangsUp();
        await stays.call.byed();
      },
    );

    it('the time limit is where it was; each dial, leg and record is told once', { timeout: 60_000 }, async () => {
      const over = await limitedOver;
      await limited!.callee.byed();
      const [whole, sinceKilled] = [(over - limitedAt) / 1000, (over - killedAt) / 1000];
      // One that had begun anew at the other node would have been over later than that after the kill.
      assert.ok(whole > 10 && sinceKilled < 12, `${whole} s, ${sinceKilled} s since the kill`);
      await toldOnce(7, 18);
      await w.eventually('all records are there', async () => (await w.records(w.nodes[1])).length === 18);
    });

    it('operators read of it: the node that was lost, and how many calls the other carries on', async () => {
      // A busy machine may also tell that Redis was slow, and that a node which was only slow was gone.
      const of = async (type: string): Promise<string[]> => {
        const { data } = (await w.nodes[1].rest('/v1/Alerts')).body as { data: Json[] };
        const told = data.filter((each) => Date.parse(each['time']) > performance.timeOrigin + killedAt);
        return told
          .map((each) => `${each['alert_type']}: ${each['message']}`)
          .filter((each) => each.startsWith(type) && each.includes(dead));
      };
      await w.eventually(
        'both rows are there',
        async () => (await of('calls-adopted')).length >= 1 && (await of('node-lost')).length >= 1,
      );
      const [adopted = ''] = await of('calls-adopted');
      assert.match(adopted, /^calls-adopted: [1-9]\d* calls? (?:is|are) carried on by \S+, of the node \S+$/);
      const lost = await of('node-lost');
      assert.equal(lost.length, 1);
      assert.match(lost[0] ?? '', new RegExp(`^node-lost: the node ${dead} is gone`));
    });
  });

  it(
    'a node that was only stopped for a while lets go of what the other has taken, without a BYE or a second word',
    { timeout: 90_000 },
    async () => {
      const [a, b] = w.nodes;
      w.app.reset();
      await a.up();
      // Its time is up while the node is stopped, so that its own timer is due when it wakes.
      const over = await talking({ timeLimit: 7 });
      const goes = await talking();
      await settled();
      a.pause();
      await adopted([over, goes]);
      await over.call.byed();
      await over.callee.byed();
      await w.app.next('/dialled');
      a.resume();
      await w.eventually('it has let go', () => a.output.includes('have taken its calls'));
      await after(700);
      assert.ok(!goes.call.received.entries.some(({ method, isRequest }) => isRequest && method === 'BYE'));
      await goes.call.hears(620, { since: performance.now() });
      await goes.callee.hangsUp();
      await goes.call.byed();
      await toldOnce(2, 4);
      await w.eventually('all records are there', async () => (await w.records(b)).length === 22);
      const calls = (await a.rest(`/v1/Accounts/${await w.accountSid(a)}/Calls`)).body as Json[];
      assert.equal(calls.length, 0);
    },
  );

  it('a request that reaches the node that has not the call is passed on to the one that has', async () => {
    const [a, b] = w.nodes;
    w.app.reset();
    const talk = await talking({}, a.sip);
    await settled();
    talk.call.asksAt(b.sip);
    const at = performance.now();
    assert.equal((await talk.call.holds()).status, 200);
    assert.ok(performance.now() - at < 3000, 'before it is known that nobody answers');
    await talk.callee.gets(held);
    talk.callee.asksAt(b.sip);
    assert.equal((await talk.callee.hangsUp()).status, 200);
    await talk.call.byed();
    await toldOnce(1, 2);
  });

  it('SIGTERM: the other has every call at once, and who talks hears nothing of it', { timeout: 60_000 }, async () => {
    const [a] = w.nodes;
    w.app.reset();
    const talks = [await talking(), await talking(), await talking()];
    const secure = await encrypted();
    await settled();
    const at = performance.now();
    const begun = Date.now();
    const ended = a.terminated().then((code) => ({ code, ms: performance.now() - at }));
    await adopted([...talks, secure]);
    const { code, ms } = await ended;
    console.log(`# the process was gone after ${Math.round(ms)} ms`);
    assert.equal(code, 0);
    assert.match(a.output, /"calls":4,"taken":4/);
    await after(700);
    for (const leg of legsOf([...talks, secure])) assert.equal(lostSince(leg, at - 500), 0);
    assert.equal(w.finals().length, 0);
    for (const { call, callee } of [...talks, secure]) {
      await call.hangsUp();
      await callee.byed();
    }
    await toldOnce(4, 8);
    const { data } = (await w.nodes[1].rest('/v1/Alerts')).body as { data: Json[] };
    const alerts = data.filter((each) => Date.parse(each['time']) > begun).map((each) => String(each['alert_type']));
    // A busy machine may also tell that Redis was slow.
    const ofNodes = new Set(alerts.filter((type) => !type.startsWith('redis-')));
    assert.deepEqual([...ofNodes], ['calls-adopted'], 'who says that it leaves is not lost');
  });

  it(
    'killed as one call ends and another’s end is told: nobody takes the first, and the second is told again by the same id',
    { timeout: 60_000 },
    async () => {
      const [a, b] = w.nodes;
      await a.up();
      w.app.reset();
      const ended = await talking({ actionHook: undefined });
      const asked = await talking();
      await settled();
      let gone: Promise<void> | undefined;
      w.app.on('/dialled', () => {
        if (gone !== undefined) return [{ verb: 'hangup', headers: { 'X-By': 'the second answer' } }];
        gone = a.killed();
        return odd({ delayMs: 60_000 });
      });
      assert.equal((await ended.call.hangsUp()).status, 200);
      assert.equal((await asked.callee.hangsUp()).status, 200);
      assert.equal((await asked.call.byed({ within: 20_000 })).get('x-by'), 'the second answer');
      const [first, second, ...more] = w.app.all('/dialled');
      assert.equal(second?.headers['graine-event-id'], first?.headers['graine-event-id']);
      assert.deepEqual([second?.body['dial_terminated_by'], more.length], ['callee', 0]);
      await after(300);
      for (const leg of legsOf([ended])) assert.ok(!leg.received.entries.some(refresh));
      assert.match(b.output, /"message":"1 call is carried on/);
    },
  );
});
