// Kamailio, set up as `graine edge` does it, in front of two nodes that share Redis and a database. Nothing here is played:
// the Kamailio is Debian's, one node is a process of its own that gets killed.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after as afterAll, afterEach, before, describe, it } from 'node:test';
import {
  after,
  at,
  type Config,
  dial,
  freePort,
  GraineProcess,
  Kamailio,
  number,
  type OutgoingPhoneCall,
  phones,
  RawPeer,
  realm,
  RedisServer,
  startKamailio,
  startRedis,
  toPhone,
  toUser,
  trusting,
  World,
} from '../kit/index.ts';
import { Redis } from 'ioredis';
import { SystemClock } from '../../src/base/index.ts';
import { run } from '../../src/cli/program.ts';
import type { Message } from '../../src/testing/message.ts';
import { startPostgres } from '../kit/postgres.ts';

const [redis, postgres] = [await startRedis(), await startPostgres()];
// Nodes of a busy machine may be late with an answer.
const kamailio = await startKamailio({ nodes: ['127.0.0.1:9'], pingsLost: 2, patienceMs: 4000 });
const missing = [redis, postgres, kamailio].flatMap((each) => ('missing' in each ? [each.missing] : []));
const folder = mkdtempSync(path.join(os.tmpdir(), 'graine-edge-key-'));
const shared = 'between nodes '.repeat(3);
const hostile = '127.0.0.9';
const login = { password: 'secret', realm };

type Node = { readonly sip: { readonly host: string; readonly port: number } };
const placeOf = ({ sip }: Node): string => `${sip.host}:${sip.port}`;

function message(method: string, peer: RawPeer, callId: string, more: string[]): string {
  return `${[
    `${method} sip:${number}@${realm} SIP/2.0`,
    `Via: SIP/2.0/UDP ${peer.address}:9;branch=z9hG4bK${callId};rport`,
    'Max-Forwards: 70',
    'From: <sip:mallory@elsewhere.invalid>;tag=1',
    `To: <sip:${number}@${realm}>`,
    `Call-ID: ${callId}`,
    `CSeq: 1 ${method}`,
    `Contact: <sip:bob@${peer.address}>`,
    ...more,
  ].join('\r\n')}\r\nContent-Length: 0\r\n\r\n`;
}
const options = (peer: RawPeer, callId: string, ...more: string[]) => message('OPTIONS', peer, callId, more);
const invite = (peer: RawPeer, callId: string, ...more: string[]) => message('INVITE', peer, callId, more);

async function cli(...argv: string[]): Promise<{ code: number; out: string }> {
  const out: string[] = [];
  const keep = (line: string): void => void out.push(line);
  const code = await run(argv, { out: keep, err: keep, color: false, clock: new SystemClock() });
  return { code, out: out.join('\n') };
}

describe('an edge in front of two nodes', { skip: missing.length === 0 ? false : missing.join('; ') }, () => {
  if (!(redis instanceof RedisServer) || 'missing' in postgres || !(kamailio instanceof Kamailio)) return;
  const edge: Kamailio = kamailio;
  let w!: World;
  let b: GraineProcess | undefined;
  let config: Config;

  before(async () => {
    config = {
      live: { url: redis.url, secret: shared },
      store: { url: await postgres.database(), key_file: path.join(folder, 'secret.key') },
      sip: { ...edge.node, outbound_edge: edge.inside, edge_contact: `127.0.0.1:${edge.port}`, ban: { never: [] } },
      shutdown: { drain_seconds: 30 },
    };
    w = await World.start({
      phones: [
        'bob',
        'trunk',
        'acme',
        'proxy',
        { name: 'carol', transport: 'tcp' },
        { name: 'page', transport: 'ws' },
        { name: 'desk', transport: 'tls', tls: trusting },
        { name: 'mobile', transport: 'wss', tls: trusting },
      ],
      account: (world) => ({
        clients: ['bob', 'carol', 'dave'].map((username) => ({ username, password: 'secret', srtp: 'none' })),
        carriers: [
          world.origin(),
          { name: 'out', gateways: [world.gateway('trunk')] },
          {
            name: 'acme',
            application: 'main',
            register: { realm: 'sip.acme.test', username: 'us', password: 'secret' },
            gateways: [world.gateway('acme', { inbound: true })],
          },
          ...[{}, { register: { realm: 'sip.behind.test', username: 'us', password: 'secret' } }].map((more, n) => ({
            name: `behind${n}`,
            gateways: [{ host: 'gateway.behind.test', protocol: 'udp', inbound: false, outbound: true }],
            outbound_sip_proxy: `127.0.0.1:${world.phone('proxy').port}`,
            ...more,
          })),
        ],
      }),
      config,
    });
    b = await w.twinProcess({ log: { level: 'warn' } });
    await both();
  });
  afterEach(async () => {
    await w.clean();
  });
  afterAll(async () => {
    await edge.remove();
    await b?.close();
    rmSync(folder, { recursive: true });
    await (w as World | undefined)?.stop();
    await redis.remove();
    await postgres.remove();
  });

  function second(): GraineProcess {
    assert.ok(b);
    return b;
  }

  async function only(...nodes: Node[]): Promise<void> {
    await edge.reload(nodes.map(placeOf));
    await edge.until(nodes.map(placeOf));
  }
  const both = (): Promise<void> => only(w.graine, second());

  /** Alice calls through the edge, or a node itself. */
  const calls = (to: Node['sip'] = edge.sip): OutgoingPhoneCall =>
    w.phone('alice').invites(at(number, to), { from: '+15557650001', tone: 440 });

  function answers(name: string): void {
    w.phone(name).onInvite = phones.answersAfter(10, { tone: 620 });
  }

  async function register(name: string, username: string): Promise<void> {
    const server = { host: edge.host, port: edge.portOf(w.phone(name).transport) };
    const answer = await w.phone(name).register(server, { ...login, username });
    assert.equal(answer.status, 200, answer.title);
  }

  const unregister = (name: string, username: string) =>
    w.phone(name).unregister({ host: edge.host, port: edge.portOf(w.phone(name).transport) }, { ...login, username });

  /** What the nodes are called: this one and the other. */
  const names = (): Promise<[string, string]> =>
    w.eventually('they know of each other', async () => {
      const { node, others } = (await w.rest('GET', '/v1/Nodes')).body as { node: string; others: string[] };
      return others[0] === undefined ? false : [node, others[0]];
    });

  for (const [name, user] of [
    ['bob', 'bob'],
    ['carol', 'carol'],
    ['page', 'dave'],
    ['desk', 'dave'],
    ['mobile', 'carol'],
  ] as const) {
    it(`a device that registered through it over ${name} is called from either node, and both ends hang up`, async () => {
      await register(name, user);
      answers(name);
      for (const [n, node] of [w.graine.sip, second().sip].entries()) {
        w.app.answers(dial([toUser(user)], { answerOnBridge: true }));
        const call = calls(node);
        await call.answered();
        const rung = await w.phone(name).nextCall(n);
        await Promise.all([call.hears(620), rung.hears(440)]);
        if (n === 0) await call.hangsUp();
        else await rung.hangsUp();
        await (n === 0 ? rung.byed() : call.byed());
        assert.match(rung.invite.get('via') ?? '', new RegExp(`127.0.0.1:${edge.portOf(w.phone(name).transport)}`));
      }
      await unregister(name, user);
    });
  }

  it('a page that went away without a word fails its calls at once, and is forgotten', async () => {
    await register('page', 'dave');
    w.phone('page').cutConnections();
    w.app.answers(dial([toUser('dave')], { answerOnBridge: true }));
    assert.equal((await calls().refused()).status, 480);
    const { body } = await w.account('GET', '/RegisteredSipUsers');
    assert.doesNotMatch(JSON.stringify(body), /dave@/);
  });

  it('a call of a carrier comes in by it, is taken for that carrier’s, and goes on to another carrier', async () => {
    answers('trunk');
    w.app.answers(dial([toPhone({ trunk: 'out' })], { answerOnBridge: true }));
    const call = calls();
    await call.hears(620);
    const { body } = await w.next('/call');
    assert.equal(body['originating_sip_trunk_name'], 'origin');
    assert.deepEqual(
      [body['sip']['source_address'], body['sip']['source_port'], body['sip']['protocol']],
      ['127.0.0.1', w.phone('alice').port, 'udp'],
    );
    assert.equal(body['sip']['headers']['x-graine-source'], undefined);
    const rung = await w.phone('trunk').nextCall();
    assert.equal(rung.invite.get('x-graine-source'), undefined);
    // The carrier sees the edge.
    assert.match(rung.invite.get('via') ?? '', new RegExp(`127.0.0.1:${edge.port}`));
    await call.hangsUp();
  });

  it('who calls through it cannot say where it comes from', async () => {
    const call = w.phone('alice').invites(at(number, edge.sip), {
      from: '+15557650001',
      headers: [
        ['X-Graine-Source', 'udp:203.0.113.9:5060'],
        ['x-graine-source', 'udp:203.0.113.8:5060'],
      ],
    });
    w.app.answers([{ verb: 'sip:decline', status: 486 }]);
    assert.equal((await call.refused()).status, 486);
    const { body } = await w.next('/call');
    assert.equal(body['sip']['source_address'], '127.0.0.1');
    assert.equal(body['sip']['source_port'], w.phone('alice').port);
  });

  it('nor who calls a node itself: a stranger that names a carrier’s address is nobody', async () => {
    const stranger = await RawPeer.open(hostile, [await freePort()]);
    const forged = `X-Graine-Source: udp:127.0.0.1:${w.phone('alice').port}`;
    assert.deepEqual(await stranger.ask(invite(stranger, 'forged', forged), w.graine.sip), [403]);
    stranger.close();
  });

  it('a scanner is banned at the door, and so is who sends garbage; others go on', async (t) => {
    const scanner = await RawPeer.open('127.0.0.10', [await freePort()]);
    t.after(() => scanner.close());
    const banned = (address: string): Promise<boolean> =>
      w.eventually(`${address} is banned`, async () =>
        (await edge.command('htable.dump', 'ban')).includes(`name: ${address}\n`),
      );
    scanner.send(options(scanner, 'scan', 'User-Agent: friendly-scanner'), edge.sip);
    await banned('127.0.0.10');
    scanner.send(options(scanner, 'again', 'User-Agent: innocent'), edge.sip);
    await after(300);
    assert.deepEqual(scanner.received.entries, []);
    const fool = await RawPeer.open('127.0.0.11', [await freePort()]);
    t.after(() => fool.close());
    for (let n = 0; n < 12; n++)
      fool.send(options(fool, `x${n}`).replace(/CSeq.*\r\n/, 'CSeq: 1 INVITE\r\n'), edge.sip);
    await banned('127.0.0.11');
    const since = fool.received.entries.length;
    fool.send(options(fool, 'sane'), edge.sip);
    await after(300);
    assert.equal(fool.received.entries.length, since);
    w.app.answers([{ verb: 'sip:decline', status: 486 }]);
    assert.equal((await calls().refused()).status, 486);
  });

  it('a node bans the source and not the edge; from then on the edge drops it at the door', async (t) => {
    const thief = await RawPeer.open('127.0.0.12', [await freePort()]);
    t.after(() => thief.close());
    for (let n = 0; n < 40 && !(await edge.command('htable.dump', 'ban')).includes('127.0.0.12'); n++) {
      thief.send(invite(thief, `guess${n}`), edge.sip);
      await after(50);
    }
    assert.match(await edge.command('htable.dump', 'ban'), /name: 127\.0\.0\.12\b/);
    const { entries } = thief.received;
    assert.ok(entries.every((each) => each.get('x-graine-ban') === undefined));
    thief.send(invite(thief, 'late'), edge.sip);
    await after(300);
    assert.ok(!entries.some((each) => each.get('call-id') === 'late'));
    w.app.answers([{ verb: 'sip:decline', status: 486 }]);
    assert.equal((await calls().refused()).status, 486);
  });

  it('a carrier that we register at knows the edge: one node registers for all, and calls come in and go out by the edge', async (t) => {
    const acme = w.phone('acme');
    const raw = new Redis(redis.url);
    t.after(() => raw.quit());
    const registers = (): Message[] => acme.strays.entries.filter(({ method }) => method === 'REGISTER');
    const keys = (): Promise<string[]> => raw.keys('graine:once:carrier registration *');
    await w.eventually('one node has said of each carrier that it registers', async () => (await keys()).length === 2);
    const since = registers().length;
    // As when the one that did it is gone: the other's turn. Which one it was is nobody's promise.
    const [here, there] = await names();
    for (const key of await keys()) await raw.set(key, (await raw.get(key)) === here ? there : here, 'EX', 86_400);
    await w.eventually('a REGISTER', () => Promise.resolve(registers().length > since));
    const first = registers()[since] as Message;
    assert.match(first.title, /^REGISTER/);
    assert.equal(first.uri, 'sip:sip.acme.test');
    assert.match(first.get('contact') ?? '', new RegExp(`^<sip:us@127\\.0\\.0\\.1:${edge.port}>`));
    assert.match(first.get('via') ?? '', new RegExp(`127.0.0.1:${edge.port}`));
    const { strays, port } = w.phone('proxy');
    const second = await strays.until((each) => each.method === 'REGISTER', { what: 'REGISTER by a proxy' });
    assert.equal(second.uri, 'sip:sip.behind.test');
    assert.equal(second.get('route'), `<sip:127.0.0.1:${port};lr>`);
    assert.match(second.get('via') ?? '', new RegExp(`127.0.0.1:${edge.port}`));
    acme.onInvite = phones.answersAfter(10, { tone: 620 });
    w.app.answers(dial([toPhone({ trunk: 'acme' })], { answerOnBridge: true }));
    const out = calls();
    await out.hears(620);
    const rung = await acme.nextCall();
    assert.match(rung.invite.uri, /@sip\.acme\.test$/);
    assert.equal(rung.invite.get('route'), undefined);
    assert.match(rung.invite.get('via') ?? '', new RegExp(`127.0.0.1:${edge.port}`));
    await rung.hangsUp();
    await out.byed();
    w.app.answers([{ verb: 'sip:decline', status: 486 }]);
    const come = acme.invites(first.get('contact')?.replace(/^<(.*)>.*$/, '$1') ?? '', { from: '+15557650001' });
    assert.equal((await come.refused()).status, 486);
    assert.equal(w.app.all('/call').at(-1)?.body['originating_sip_trunk_name'], 'acme');
    assert.ok(registers().every((each) => each.get('expires') !== '0'));
  });

  it('a carrier with a proxy of its own is called by the edge and then by that proxy', async () => {
    const proxy = w.phone('proxy');
    const route = `<sip:127.0.0.1:${proxy.port};lr>`;
    const byEdge = new RegExp(`127.0.0.1:${edge.port}`);
    proxy.onInvite = phones.answersAfter(10, { tone: 620 });
    for (const [n, host] of ['gateway.behind.test', 'sip.behind.test'].entries()) {
      w.app.answers(dial([toPhone({ trunk: `behind${n}` })], { answerOnBridge: true }));
      const call = calls();
      await call.hears(620);
      const { invite } = await proxy.nextCall(n);
      assert.match(invite.uri, new RegExp(`@${host}$`));
      assert.deepEqual([invite.get('route'), byEdge.test(invite.get('via') ?? '')], [route, true]);
      await call.hangsUp();
    }
  });

  it('a node that nobody knows to be dead costs a call seconds, not the call', async () => {
    answers('trunk');
    w.app.answers(dial([toPhone({ trunk: 'out' })], { answerOnBridge: true }));
    const dead = `127.0.0.1:${await freePort()}`;
    await edge.reload([dead]);
    const lone = await calls().refused();
    assert.ok([408, 503, 504].includes(lone.status), lone.title);
    await edge.reload([placeOf(w.graine), dead]);
    for (let n = 0; n < 3; n++) {
      const call = calls();
      await call.answered();
      await call.hangsUp();
    }
    await edge.until([placeOf(w.graine)]);
  });

  it('graine edge --check asks the nodes', async () => {
    const { nodes, listen } = { nodes: [placeOf(w.graine), placeOf(second())], listen: 'udp://127.0.0.1:5060' };
    const out = path.join(folder, 'written');
    const file = path.join(folder, 'graine.yaml');
    writeFileSync(file, JSON.stringify({ sip: { edges: ['127.0.0.1'] } }));
    const told = ['edge', '--out', out, '--config', file];
    assert.equal((await cli(...told, '--listen', listen, '--nodes', nodes.join(','))).code, 0);
    const all = await cli(...told, '--check');
    assert.equal(all.code, 0, all.out);
    for (const node of nodes) assert.match(all.out, new RegExp(`${node} takes calls`));
    assert.match(all.out, /kamailio -c takes the files/);
    // Redis says who runs.
    const live = { url: redis.url, secret: shared };
    writeFileSync(file, JSON.stringify({ sip: { edges: ['127.0.0.1'] }, live }));
    const running = await cli(...told, '--check', '--running');
    assert.equal(running.code, 0, running.out);
    for (const node of nodes) assert.match(running.out, new RegExp(`${node} takes calls`));
    writeFileSync(
      file,
      JSON.stringify({
        sip: { edges: ['127.0.0.1'] },
        live: { ...live, secret: 'another'.repeat(6) },
      }),
    );
    const strange = await cli(...told, '--check', '--running');
    assert.match(strange.out, /no node runs that says where it takes SIP/);
    const fewer = await cli(...told, '--check', '--nodes', `${nodes[0]},127.0.0.1:9`);
    assert.equal(fewer.code, 1);
    assert.match(fewer.out, /127\.0\.0\.1:9 does not answer/);
    assert.match(fewer.out, new RegExp(`${nodes[1]} is in dispatcher.list, but none of the nodes`));
  });

  it('a node that drains gets no new calls and keeps its own; when it dies, their BYEs reach the other', async (t) => {
    const raw = new Redis(redis.url);
    t.after(() => raw.quit());
    const { strays } = w.phone('acme');
    const registersFrom = (node: Node, since: number): Promise<Message> =>
      strays.until((each) => each.method === 'REGISTER' && each.all('via').join().includes(placeOf(node)), {
        since,
        what: `a REGISTER of ${placeOf(node)}`,
      });
    // The one that is about to die keeps us registered at the carriers.
    const [here, there] = await names();
    for (const key of await raw.keys('graine:once:carrier registration *'))
      if ((await raw.getset(key, there)) === here) await registersFrom(second(), 0);
    answers('trunk');
    w.app.answers(dial([toPhone({ trunk: 'out' })], { answerOnBridge: true }));
    await only(second());
    const [old, orphan] = [calls(), calls()];
    await Promise.all([old.hears(620), orphan.hears(620)]);
    await both();
    process.kill(second().pid, 'SIGTERM');
    // It answers OPTIONS with 503 now.
    await edge.until([placeOf(w.graine)]);
    for (let n = 0; n < 3; n++) {
      const call = calls();
      await call.answered();
      assert.equal((await w.graine.leaks()).sessions, 1);
      await call.hangsUp();
      await w.eventually('it is over', async () => (await w.graine.leaks()).sessions === 0);
    }
    assert.equal((await old.hangsUp()).status, 200);
    // Of that call nothing is left to be taken over: the other end has heard, and the node has written it down.
    const over = () => w.phone('trunk').calls.entries.filter((each) => each.over).length;
    await w.eventually('both ends have ended', () => Promise.resolve(over() === 4));
    await after(1000);
    const since = strays.entries.length;
    await second().killed();
    // The other node takes the call over, and does what came before it had it.
    assert.equal((await orphan.hangsUp()).status, 200);
    await w.eventually('it is over at the other node too', async () => (await w.graine.leaks()).sessions === 0);
    await registersFrom(w.graine, since);
  });
});
