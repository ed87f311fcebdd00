// What a Kamailio set up by `graine edge` lets through: floods, scanners, messages that are too large or cannot be read, and
// flows that somebody made up. docs/operations.md, attacks.md.
import assert from 'node:assert/strict';
import dgram from 'node:dgram';
import { readdirSync, readFileSync } from 'node:fs';
import { after as afterAll, afterEach, before, describe, it } from 'node:test';
import {
  after,
  at,
  dial,
  freePort,
  type IncomingPhoneCall,
  Journal,
  Kamailio,
  number,
  overTcp,
  phones,
  RawPeer,
  read,
  realm,
  startKamailio,
  toUser,
  World,
} from '../kit/index.ts';
import { Message, write } from '../../src/testing/message.ts';
import { scannerNames } from '../../src/sip/transport/index.ts';

const kamailio = await startKamailio({
  nodes: ['127.0.0.1:9'],
  pingsLost: 2,
  patienceMs: 4000,
  strangerRate: 10,
  // Long enough for a busy machine to look.
  banSeconds: 5,
  messageBytes: 6000,
  never: [],
});
const tortures = new URL('../../src/sip/message/testdata/torture/invalid/', import.meta.url);
/** Of this file alone. */
const homes = { flood: '127.44.76.1', bob: '127.44.76.2', scanner: '127.44.76.3', large: '127.44.76.4' } as const;
const [junk, victim, aside] = ['127.44.76.5', '127.44.76.6', '127.44.76.7'];

describe('the door of an edge', { skip: 'missing' in kamailio ? kamailio.missing : false }, () => {
  if (!(kamailio instanceof Kamailio)) return;
  const edge: Kamailio = kamailio;
  let w!: World;

  before(async () => {
    w = await World.start({
      phones: [{ name: 'bob', address: homes.bob }],
      account: (world) => ({
        clients: [{ username: 'bob', password: 'secret', srtp: 'none' }],
        carriers: [world.origin()],
      }),
      config: { sip: { ...edge.node, ban: { never: [] } } },
    });
    await toNodes();
  });
  afterEach(() => w.clean());
  afterAll(async () => {
    await edge.remove();
    await (w as World | undefined)?.stop();
  });

  async function toNodes(node = `${w.graine.sip.host}:${w.graine.sip.port}`): Promise<void> {
    await edge.reload([node]);
    await edge.until([node]);
  }

  const login = { username: 'bob', password: 'secret', realm };
  const registers = async (): Promise<Message> => {
    const answer = await w.phone('bob').register(edge.sip, login);
    assert.equal(answer.status, 200, answer.title);
    return answer;
  };
  const banned = async (address: string): Promise<boolean> =>
    (await edge.command('htable.dump', 'ban')).includes(`name: ${address}\n`);

  function options(from: string, callId: string, ...more: string[]): string {
    return `${[
      `OPTIONS sip:${edge.host} SIP/2.0`,
      `Via: SIP/2.0/UDP ${from}:9;branch=z9hG4bK${callId};rport`,
      'Max-Forwards: 70',
      'From: <sip:mallory@elsewhere.invalid>;tag=1',
      `To: <sip:${edge.host}>`,
      `Call-ID: ${callId}`,
      'CSeq: 1 OPTIONS',
      ...more,
    ].join('\r\n')}\r\nContent-Length: 0\r\n\r\n`;
  }

  async function stranger(t: { after: (end: () => void) => void }, address: string): Promise<RawPeer> {
    const peer = await RawPeer.open(address, [await freePort()]);
    t.after(() => peer.close());
    return peer;
  }

  it('who floods is banned, and let in again when the ban is over; a call that stands at that address goes on', async (t) => {
    await registers();
    w.app.answers([{ verb: 'answer' }, { verb: 'pause', length: 30 }]);
    const call = w.phone('bob').invites(at(number, edge.sip), { from: `sip:bob@${realm}`, login });
    await call.answered();
    const flood = await stranger(t, homes.flood);
    const beside = await stranger(t, homes.bob);
    for (let n = 0; n < 60; n++)
      for (const each of [flood, beside]) each.send(options(each.address, `f${n}`), edge.sip);
    await w.eventually('it is banned', () => banned(homes.flood));
    assert.ok(!(await banned(homes.bob)), 'who has proved itself to a node is not');
    assert.equal((await call.hangsUp()).status, 200);
    const answered = () => flood.received.entries.some((each) => each.get('call-id')?.startsWith('later'));
    assert.ok(!answered());
    for (let n = 0; n < 20 && !answered(); n++) {
      flood.send(options(flood.address, `later${n}`), edge.sip);
      await after(500);
    }
    assert.ok(answered(), await edge.command('htable.dump', 'ban'));
  });

  it('every scanner is known by its name, in whichever letters, and hears nothing', async (t) => {
    const names = [...scannerNames, 'SIPVicious', 'Friendly-Scanner/1.8'];
    const scanners = await Promise.all(names.map((_, n) => stranger(t, `127.44.77.${n + 1}`)));
    for (const [n, scanner] of scanners.entries())
      scanner.send(options(scanner.address, `s${n}`, `User-Agent: ${names[n]}`), edge.sip);
    await w.eventually('all are banned', async () => {
      const list = await edge.command('htable.dump', 'ban');
      return scanners.every(({ address }) => list.includes(`name: ${address}\n`));
    });
    for (const { received } of scanners) assert.deepEqual(received.entries, []);
  });

  it('what is larger than may be gets 513, over UDP and TCP, and no node hears of it', async (t) => {
    const node = await FakeNode.open();
    t.after(async () => {
      node.close();
      await toNodes();
    });
    await toNodes(node.place);
    const large = await stranger(t, homes.large);
    const invite = (callId: string, bytes: number): string =>
      options(large.address, callId, `Subject: ${'x'.repeat(bytes)}`)
        .replace(/OPTIONS sip:\S+/, `INVITE sip:${number}@${realm}`)
        .replace('1 OPTIONS', '1 INVITE');
    large.send(invite('large', 7000), edge.sip);
    const refused = await large.received.until((each) => each.status === 513, { what: '513' });
    assert.equal(refused.get('call-id'), 'large');
    const over = invite('larger', 20_000).replace('/UDP', '/TCP');
    const { statuses } = await overTcp(over, edge.sip, { localAddress: large.address, until: 513 });
    assert.deepEqual(statuses, [513]);
    large.send(invite('fits', 5000), edge.sip);
    await node.heard.until((each) => each.callId === 'fits', { what: 'the one that fits' });
    assert.deepEqual(
      node.heard.entries.map((each) => each.callId),
      ['probe-tcp', 'fits'],
    );
  });

  it('what is torn or cannot be read never reaches a node; of slips of grammar five do, which nodes refuse', async (t) => {
    const node = await FakeNode.open();
    t.after(async () => {
      node.close();
      await toNodes();
    });
    await toNodes(node.place);
    const names = readdirSync(tortures);
    const slips = ['badaspec', 'baddn', 'escruri', 'regbadct', 'trws'];
    for (const [n, name] of names.entries()) {
      const bytes = readFileSync(new URL(name, tortures));
      const peer = await stranger(t, `127.44.78.${n + 1}`);
      peer.send(bytes, edge.sip);
      // Torn anywhere, too.
      for (const part of [0.2, 0.5, 0.9]) peer.send(bytes.subarray(0, bytes.length * part), edge.sip);
    }
    const last = await stranger(t, junk);
    for (const bytes of [Buffer.alloc(4000), Buffer.from('\r\n\r\nINVITE'), Buffer.from('GET / HTTP/1.1\r\n\r\n')])
      last.send(bytes, edge.sip);
    last.send(options(last.address, 'sane').replace(`OPTIONS sip:${edge.host}`, `OPTIONS sip:x@${realm}`), edge.sip);
    // The edge has several workers: the last that was sent need not be the last that comes.
    for (const name of [...slips, 'sane'])
      await node.heard.until((each) => each.callId.split('.')[0] === name, { what: `the ${name} that can be read` });
    const came = new Set(node.heard.entries.map(({ callId }) => callId.split('.')[0]));
    assert.deepEqual([...came].toSorted(), [...slips, 'sane'].toSorted());
  });

  it('an answer to nothing is passed on from a node or to one, over UDP; nobody else’s goes anywhere', async (t) => {
    const node = await RawPeer.open('127.0.0.1', [await freePort()]);
    const [near, far] = [await stranger(t, aside), await stranger(t, victim)];
    t.after(async () => {
      node.close();
      await toNodes();
    });
    await edge.reload([`127.0.0.1:${node.port}`]);
    const own = `SIP/2.0/UDP ${edge.host}:${edge.port};branch=z9hG4bKdead.0123456789abcdef0123456789abcdef.0`;
    const answer = (callId: string, to: RawPeer, transport = 'UDP'): string =>
      `${[
        'SIP/2.0 200 OK',
        `Via: ${own}`,
        `Via: SIP/2.0/${transport} 192.0.2.9:5060;branch=z9hG4bK1;received=${to.address};rport=${to.port}`,
        'From: <sip:a@elsewhere.invalid>;tag=1',
        'To: <sip:b@elsewhere.invalid>;tag=2',
        `Call-ID: ${callId}`,
        'CSeq: 1 INVITE',
      ].join('\r\n')}\r\nContent-Length: 0\r\n\r\n`;
    node.send(answer('over TCP', far, 'TCP'), edge.sip);
    near.send(answer('bounced', far), edge.sip);
    near.send(answer('to a node', node), edge.sip);
    node.send(answer('from a node', far), edge.sip);
    await Promise.all([
      node.received.until((each) => each.callId === 'to a node', { what: 'the answer at the node' }),
      far.received.until((each) => each.callId === 'from a node', { what: 'the node’s answer' }),
    ]);
    assert.equal(far.received.entries.length, 1);
  });

  it('a flow that is altered, of another call or of a registration leads nowhere', async (t) => {
    const aim = await RawPeer.open(victim, [5060]);
    t.after(() => aim.close());
    const path = (await registers()).get('path') ?? '';
    const own = /flow=([^;>]+)/.exec(path)?.[1] ?? '';
    assert.match(own, new RegExp(`^udp~${homes.bob}~`));
    const theirs = own.replace(/^udp~[^~]+~\d+/, `udp~${victim}~5060`);
    let last = '';
    for (const flow of [theirs, theirs.replace(/~[^~]*$/, ''), own, () => last]) {
      let seen = '';
      w.phone('bob').onInvite = async (call: IncomingPhoneCall) => {
        seen = alter(call, typeof flow === 'string' ? flow : flow());
        await phones.answersAfter(0)(call);
      };
      w.app.answers(dial([toUser('bob')], { answerOnBridge: true }));
      const call = w.phone('alice').invites(at(number, w.graine.sip), { from: '+15557650001' });
      await call.answered();
      const ended = (await call.hangsUp()).status;
      assert.equal(ended, 200);
      await after(200);
      const rung = w.phone('bob').calls.entries.at(-1);
      assert.equal(rung?.over, false, 'neither ACK nor BYE goes by it');
      last = seen;
    }
    assert.deepEqual(aim.received.entries, []);
    // As it was given, it leads to the device.
    w.phone('bob').onInvite = phones.answersAfter(0);
    const honest = w.phone('alice').invites(at(number, w.graine.sip), { from: '+15557650001' });
    await honest.answered();
    await honest.hangsUp();
    await w.phone('bob').calls.entries.at(-1)?.byed();
  });
});

/** Puts another flow into what the answers of this call will carry; the one that was there. */
function alter({ invite }: IncomingPhoneCall, flow: string): string {
  let seen = '';
  for (const header of invite.headers as [string, string][]) {
    if (header[0].toLowerCase() !== 'record-route') continue;
    header[1] = header[1].replace(/flow=([^;>]+)/g, (_, was: string) => {
      seen = was;
      return `flow=${flow}`;
    });
  }
  return seen;
}

/** Looks like a node to the edge: answers, and keeps what is not a question whether it is there. */
class FakeNode {
  readonly heard = new Journal<Message>();
  readonly #socket = dgram.createSocket('udp4');

  static async open(): Promise<FakeNode> {
    const node = new FakeNode();
    node.#socket.on('message', (bytes, { port, address }) => {
      const message = read(bytes) ?? new Message(bytes, 'unreadable', [], Buffer.alloc(0));
      if (message.get('from')?.includes('edge@graine.invalid') !== true) node.heard.add(message);
      if (message.method === 'ACK' || message.get('via') === undefined) return;
      const kept = message.headers.filter(([name]) => /^(via|from|to|call-id|cseq)$/i.test(name));
      const answer = write(`SIP/2.0 ${message.method === 'OPTIONS' ? 200 : 486} So`, kept);
      node.#socket.send(answer, port, address);
    });
    await new Promise<void>((resolve) => node.#socket.bind(0, '127.0.0.1', resolve));
    return node;
  }

  get place(): string {
    return `127.0.0.1:${this.#socket.address().port}`;
  }

  close(): void {
    this.heard.close('the node closed');
    this.#socket.close();
  }
}
