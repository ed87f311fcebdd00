// Two Kamailios set up by `graine edge` as each other's peers, in front of two nodes: each reaches what came in by the other,
// and what stood by way of one that died goes on by the other. docs/operations.md.
import assert from 'node:assert/strict';
import dgram from 'node:dgram';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after as afterAll, afterEach, before, describe, it } from 'node:test';
import {
  after,
  at,
  dial,
  GraineProcess,
  Kamailio,
  number,
  type OutgoingPhoneCall,
  phones,
  realm,
  RedisServer,
  startKamailio,
  startRedis,
  toPhone,
  toUser,
  trusting,
  World,
} from '../kit/index.ts';
import type { IncomingPhoneCall, Phone } from '../../src/testing/index.ts';
import { startPostgres } from '../kit/postgres.ts';

// Nodes of a busy machine may be late with an answer.
const edge = () => startKamailio({ nodes: ['127.0.0.1:9'], pingsLost: 3, patienceMs: 4000 });
const edges = await Promise.all([edge(), edge()]);
const [redis, postgres] = [await startRedis(), await startPostgres()];
const [missing] = [...edges, redis, postgres].flatMap((each) => ('missing' in each ? [each.missing] : []));

type Node = { readonly sip: { readonly host: string; readonly port: number } };
const placeOf = ({ sip }: Node): string => `${sip.host}:${sip.port}`;

describe('two edges', { skip: missing ?? false }, () => {
  if (!(redis instanceof RedisServer) || 'missing' in postgres) return;
  const [a, b] = edges as [Kamailio, Kamailio];
  const folder = mkdtempSync(path.join(os.tmpdir(), 'two-edges-key-'));
  let w!: World;
  let other!: GraineProcess;

  before(async () => {
    for (const [edge, other] of [[a, b] as const, [b, a] as const]) {
      await edge.stop();
      edge.standsInFor(other);
      await edge.start();
    }
    w = await World.start({
      phones: [
        'bob',
        'trunk',
        { name: 'carol', transport: 'tcp' },
        { name: 'desk', transport: 'tls', tls: trusting },
        { name: 'mobile', transport: 'wss', tls: trusting },
      ],
      account: (world) => ({
        clients: ['bob', 'carol', 'desk', 'mobile'].map((username) => ({ username, password: 'secret', srtp: 'none' })),
        carriers: [world.origin(), { name: 'out', gateways: [world.gateway('trunk')] }],
      }),
      config: {
        live: { url: redis.url, secret: 'between nodes '.repeat(3) },
        store: { url: await postgres.database(), key_file: path.join(folder, 'secret.key') },
        sip: { ...a.node, outbound_edge: `${a.inside}, ${b.inside}`, ban: { never: [] } },
      },
    });
    other = await w.twinProcess({ log: { level: 'warn' } });
    const nodes = [w.graine, other].map(placeOf);
    for (const edge of [a, b]) {
      await edge.reload(nodes);
      await edge.until(nodes);
    }
    for (const name of ['bob', 'trunk', 'carol']) w.phone(name).onInvite = phones.answersAfter(10, { tone: 620 });
    // Nodes that have just begun are late with all they do: they may have taken an edge for dead, and ask it again soon.
    await after(2500);
  });
  afterEach(() => w.clean());
  afterAll(async () => {
    await a.remove();
    await b.remove();
    await (other as GraineProcess | undefined)?.close();
    await (w as World | undefined)?.stop();
    await redis.remove();
    await postgres.remove();
    rmSync(folder, { recursive: true });
  });

  /** New calls that come by this edge go to this node alone; it knows both. */
  async function gives(edge: Kamailio, node: Node): Promise<void> {
    const places = [w.graine, other].map(placeOf);
    for (const each of places)
      await edge.command('dispatcher.set_state', each === placeOf(node) ? 'ap' : 'd', '1', `sip:${each}`);
    await edge.until([placeOf(node)]);
  }

  /** Its 200 comes by the edge, which the audio may overtake. */
  async function talks(call: OutgoingPhoneCall): Promise<void> {
    await call.answered();
    await call.hears(620);
  }

  const calls = (edge: Kamailio): OutgoingPhoneCall =>
    w.phone('alice').invites(at(number, edge.sip), { from: '+15557650001', tone: 440 });

  /** A call by this edge, which gives to the other node alone. An answer to its OPTIONS that was under way when it was told so
   * may have had the first one taken again. */
  async function callToOther(
    edge: Kamailio,
    phone: Phone,
  ): Promise<{ call: OutgoingPhoneCall; rung: IncomingPhoneCall }> {
    for (let tries = 0; ; tries++) {
      await gives(edge, other);
      const before = phone.calls.entries.length;
      const call = calls(edge);
      await call.answered();
      const rung = await phone.nextCall(before);
      const here = async (): Promise<number> => (await w.graine.leaks()).sessions;
      if ((await here()) === 0) return { call, rung };
      assert.ok(tries < 3, 'the call reaches its node');
      await call.hangsUp();
      await rung.byed();
      await w
        .eventually('it is over', async () => (await here()) === 0)
        .catch(async (fault: unknown) => {
          throw new Error(`${String(fault)}\n${await w.standing()}`);
        });
    }
  }

  async function register(name: string, edge: Kamailio): Promise<void> {
    const server = { host: edge.host, port: edge.portOf(w.phone(name).transport) };
    const answer = await w.phone(name).register(server, { username: name, password: 'secret', realm });
    assert.equal(answer.status, 200, answer.title);
  }

  for (const name of ['bob', 'carol'])
    it(`who registered through one over ${name === 'bob' ? 'UDP' : 'TCP'} is called through the other`, async () => {
      w.phone(name).onInvite = phones.answersAfter(10, { tone: 620 });
      await register(name, b);
      w.app.answers(dial([toUser(name)], { answerOnBridge: true }));
      for (const [n, edge] of [a, b].entries()) {
        const call = calls(edge);
        await call.answered();
        const rung = await w.phone(name).nextCall(n);
        await Promise.all([call.hears(620), rung.hears(440)]);
        assert.match(rung.invite.get('via') ?? '', new RegExp(`127.0.0.1:${b.port}`));
        await (n === 0 ? call.hangsUp() : rung.hangsUp());
        await (n === 0 ? rung.byed() : call.byed());
      }
    });

  for (const name of ['desk', 'mobile'])
    it(`who registered at one over ${name === 'desk' ? 'TLS' : 'WSS'} is dialled over that connection by a call that came by the other to the other node; by either edge the call stays there`, async () => {
      const phone = w.phone(name);
      phone.onInvite = phones.answersAfter(10, { tone: 620 });
      await gives(a, w.graine);
      await register(name, a);
      w.app.answers(dial([toUser(name)], { answerOnBridge: true }));
      for (const n of [0, 1]) {
        const { call, rung } = await callToOther(b, phone);
        assert.match(rung.invite.get('via') ?? '', new RegExp(`127.0.0.1:${a.portOf(phone.transport)}`));
        await Promise.all([call.hears(620), rung.hears(440)]);
        assert.equal((await rung.reInvites()).status, 200);
        assert.equal((await call.reInvites()).status, 200);
        // The caller's next requests come by the edge that its call did not come by.
        w.phone('alice').finds(b.host, b.port, a.sip);
        assert.equal((await call.holds()).status, 200);
        assert.equal((await call.resumes()).status, 200);
        await (n === 0 ? call.hangsUp() : rung.hangsUp());
        await (n === 0 ? rung.byed() : call.byed());
        w.phone('alice').finds(b.host, b.port, b.sip);
      }
    });

  /** All its bindings. */
  async function forget(name: string, edge: Kamailio): Promise<void> {
    const server = { host: edge.host, port: edge.portOf(w.phone(name).transport) };
    const all = { username: name, password: 'secret', realm, contact: '*' };
    assert.equal((await w.phone(name).unregister(server, all)).status, 200);
  }

  /** One of the flows of a device, RFC 5626. */
  function flow(name: string, edge: Kamailio, id: number, headers: readonly (readonly [string, string])[] = []) {
    const phone = w.phone(name);
    const uri = `${phone.uri.replace(/;transport=wss$/, ';transport=ws')};ob`;
    return phone.register(
      { host: edge.host, port: edge.portOf(phone.transport) },
      {
        username: name,
        password: 'secret',
        realm,
        contact: `<${uri}>;reg-id=${id};+sip.instance="<urn:uuid:0000-${name}>"`,
        headers: [['Supported', 'path, outbound'], ...headers],
      },
    );
  }

  for (const name of ['carol', 'mobile'])
    it(`a device with two flows over ${name === 'carol' ? 'TCP' : 'WSS'}, one by each edge, rings once, and by the other where the first is silent or gone`, async () => {
      const phone = w.phone(name);
      const by = (edge: Kamailio): number => edge.portOf(phone.transport);
      await forget(name, a);
      assert.equal((await flow(name, a, 1)).status, 200);
      const second = await flow(name, b, 2);
      assert.deepEqual([second.get('require'), second.get('flow-timer')], ['outbound', '120']);
      assert.equal(second.all('contact').length, 2, second.all('contact').join(' and '));
      // A proxy between the device and the edge knows nothing of flows.
      const between = ['Via', 'SIP/2.0/TCP 192.0.2.9;branch=z9hG4bKbetween'] as const;
      assert.equal((await flow(name, b, 3, [between])).status, 439);
      w.app.answers(dial([toUser(name)], { answerOnBridge: true }));
      const vias = (): number[] =>
        phone.calls.entries.map(({ invite }) => (invite.get('via')?.includes(`:${by(b)};`) === true ? by(b) : by(a)));
      phone.onInvite = phones.answersAfter(10, { tone: 620 });
      const talk = async (): Promise<void> => {
        const call = calls(a);
        await talks(call);
        assert.equal((await call.hangsUp()).status, 200);
        await phone.calls.entries.at(-1)?.byed();
      };
      await talk();
      assert.deepEqual(vias(), [by(b)]);
      if (name === 'carol') {
        phone.onInvite = phones.inTurn(phones.ignores(), phones.answersAfter(10, { tone: 620 }));
        await talk();
        assert.deepEqual(vias().slice(1), [by(b), by(a)]);
        phone.onInvite = phones.answersAfter(10, { tone: 620 });
      }
      const since = vias().length;
      phone.cutConnections({ host: b.host, port: by(b) });
      await talk();
      assert.deepEqual(vias().slice(since), [by(a)]);
      // The one that is gone is forgotten, and takes its place again.
      const back = await flow(name, b, 2);
      assert.equal(back.all('contact').length, 2);
      await forget(name, a);
    });

  it('a device over UDP sees by STUN that its flow stands', async (t) => {
    const answer = await flow('bob', a, 1);
    assert.deepEqual([answer.get('require'), answer.get('flow-timer')], ['outbound', '30']);
    const socket = dgram.createSocket('udp4');
    t.after(() => socket.close());
    const id = Buffer.from('0123456789ab');
    const heard = new Promise<Buffer>((resolve) => socket.once('message', resolve));
    // RFC 5389 §6: a Binding request.
    socket.send(Buffer.concat([Buffer.from('000100002112a442', 'hex'), id]), a.port, a.host);
    const response = await heard;
    assert.equal(response.readUInt16BE(0), 0x0101);
    assert.deepEqual(response.subarray(8, 20), id);
    await forget('bob', a);
  });

  it('a node that is killed: its calls are the other’s, reached by either edge', async () => {
    w.phone('desk').onInvite = phones.answersAfter(10, { tone: 620 });
    w.phone('mobile').onInvite = phones.answersAfter(10, { tone: 620 });
    await gives(a, other);
    await gives(b, other);
    await register('desk', a);
    await register('mobile', b);
    const pairs = [];
    for (const [name, edge] of [['desk', b] as const, ['mobile', a] as const]) {
      w.app.answers(dial([toUser(name)], { answerOnBridge: true }));
      const { call, rung } = await callToOther(edge, w.phone(name));
      await call.hears(620);
      pairs.push([call, rung] as const);
    }
    const [[toDesk, desk], [toMobile, mobile]] = pairs as [(typeof pairs)[0], (typeof pairs)[0]];
    assert.equal((await w.graine.leaks()).sessions, 0);
    // What stands is written down within 0.2 s.
    await after(500);
    const at = performance.now();
    await other.killed();
    // The audio moves to the other node, which tells both ends by the edges that they came by.
    const later = { since: at + 1000, within: 10_000 };
    await Promise.all(pairs.flatMap(([call, rung]) => [call.hears(620, later), rung.hears(440, later)]));
    assert.equal((await w.graine.leaks()).sessions, 2);
    w.phone('alice').finds(b.host, b.port, a.sip);
    assert.equal((await toDesk.reInvites()).status, 200);
    assert.equal((await toDesk.hangsUp()).status, 200);
    await desk.byed();
    w.phone('alice').finds(b.host, b.port, b.sip);
    assert.equal((await mobile.reInvites()).status, 200);
    assert.equal((await mobile.hangsUp()).status, 200);
    await toMobile.byed();
    for (const edge of [a, b]) await edge.reload([placeOf(w.graine)]);
    for (const edge of [a, b]) await edge.until([placeOf(w.graine)]);
  });

  it('when one dies while calls ring and stand by it, an answer to what came in by it goes out by the other, and so do re-INVITEs; one that is started again passes on the answers to what it had sent', async () => {
    const [bob, trunk, alice] = [w.phone('bob'), w.phone('trunk'), w.phone('alice')];
    await register('bob', b);
    bob.onInvite = phones.ringsForEver();
    w.app.answers(dial([toUser('bob')], { answerOnBridge: true }));
    const ringing = calls(a);
    const toAnswer = await bob.nextCall();
    w.app.answers(dial([toPhone({ trunk: 'out' })], { answerOnBridge: true }));
    trunk.onInvite = phones.answersAfter(10, { tone: 620 });
    const standing = calls(b);
    await talks(standing);
    const stood = await trunk.nextCall();
    trunk.onInvite = phones.ringsForEver();
    const rung = calls(b);
    const late = await trunk.nextCall(1);
    await register('desk', a);
    w.phone('desk').onInvite = phones.answersAfter(10, { tone: 620 });
    w.app.answers(dial([toUser('desk')], { answerOnBridge: true }));
    const toDesk = calls(b);
    await talks(toDesk);
    const desk = await w.phone('desk').nextCall();
    for (const { invite } of [stood, late]) assert.match(invite.get('via') ?? '', new RegExp(`127.0.0.1:${a.port}`));
    await ringing.gets(180);
    // The later one is tried first.
    assert.equal((await flow('carol', b, 2)).status, 200);
    assert.equal((await flow('carol', a, 1)).status, 200);
    await a.stop();
    alice.finds(a.host, a.port, b.sip);
    await toAnswer.answers();
    toAnswer.speaks(880);
    await ringing.answered({ within: 10_000 });
    await ringing.hears(880);
    assert.equal((await ringing.hangsUp()).status, 200);
    await toAnswer.byed();
    // Its connection ended with the edge; it makes one to the other.
    w.phone('desk').finds(a.host, a.portOf('tls'), { host: b.host, port: b.portOf('tls') });
    assert.equal((await desk.hangsUp()).status, 200);
    await toDesk.byed();
    assert.equal((await standing.holds()).status, 200);
    const held = await stood.gets(
      ({ method, body }) => method === 'INVITE' && /a=(sendonly|inactive)/.test(String(body)),
    );
    assert.match(held.get('via') ?? '', new RegExp(`127.0.0.1:${b.port}`));
    await standing.hangsUp();
    await stood.byed();
    w.phone('carol').onInvite = phones.answersAfter(10, { tone: 620 });
    w.app.answers(dial([toUser('carol')], { answerOnBridge: true }));
    const byFlow = calls(b);
    await talks(byFlow);
    const carol = await w.phone('carol').nextCall();
    assert.match(carol.invite.get('via') ?? '', new RegExp(`127.0.0.1:${b.port}`));
    await byFlow.hangsUp();
    await carol.byed();
    await forget('carol', b);
    // No transaction of that call is left in it.
    await a.start();
    await late.answers();
    late.speaks(1000);
    await rung.answered();
    await rung.hears(1000);
    assert.equal((await rung.hangsUp()).status, 200);
    await late.byed();
    alice.finds(a.host, a.port, a.sip);
    await a.until([placeOf(w.graine)]);
  });

  it('when one dies, what stands and what is under way goes on by the other, and new calls do; it is taken again when it is back', async () => {
    const trunk = w.phone('trunk');
    trunk.onInvite = phones.answersAfter(10, { tone: 620 });
    await register('bob', a);
    await register('carol', a);
    w.app.answers(dial([toPhone({ trunk: 'out' })], { answerOnBridge: true }));
    const [first, second] = [calls(a), calls(a)];
    await Promise.all([talks(first), talks(second)]);
    const rung = [await trunk.nextCall(0), await trunk.nextCall(1)];
    for (const { invite } of rung) assert.match(invite.get('via') ?? '', new RegExp(`127.0.0.1:${a.port}`));
    await a.stop();
    // Phones and carriers with two proxies: what they would send to the one goes to the other.
    for (const name of ['alice', 'trunk', 'bob']) w.phone(name).finds(a.host, a.port, b.sip);
    // Nobody has noticed yet: the BYE to the carrier leaves by the dead one, and again by the other.
    const bye = (await first.hangsUp()).status;
    assert.equal(bye, 200);
    const [ended, standing] = rung.toSorted((x) => (x.invite.callId === rung[0]?.invite.callId ? -1 : 1));
    await w.eventually('a carrier’s leg is over', () => Promise.resolve(rung.some((each) => each.over)));
    const other = rung.find((each) => !each.over);
    assert.ok(other && ended && standing);
    assert.equal((await other.hangsUp()).status, 200);
    await second.byed();
    // New ones.
    const third = calls(b);
    await talks(third);
    assert.match((await trunk.nextCall(2)).invite.get('via') ?? '', new RegExp(`127.0.0.1:${b.port}`));
    await third.hangsUp();
    // A device that registered by the dead one over UDP is where it was; a connection went with it, and is forgotten.
    w.phone('bob').onInvite = phones.answersAfter(10, { tone: 620 });
    w.app.answers(dial([toUser('bob')], { answerOnBridge: true }));
    const toBob = calls(b);
    await talks(toBob);
    await (await w.phone('bob').nextCall()).hangsUp();
    await toBob.byed();
    w.app.answers(dial([toUser('carol')], { answerOnBridge: true }));
    assert.equal((await calls(b).refused()).status, 480);
    await register('carol', b);
    w.phone('carol').onInvite = phones.answersAfter(10, { tone: 620 });
    const toCarol = calls(b);
    await talks(toCarol);
    await toCarol.hangsUp();
    await a.start();
    w.app.answers(dial([toPhone({ trunk: 'out' })], { answerOnBridge: true }));
    await w.eventually('the first is taken again', async () => {
      const since = trunk.calls.entries.length;
      const call = calls(b);
      await call.answered();
      const via = (await trunk.nextCall(since)).invite.get('via') ?? '';
      await call.hangsUp();
      return via.includes(`127.0.0.1:${a.port}`);
    });
  });
});
