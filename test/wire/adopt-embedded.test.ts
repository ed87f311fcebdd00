// kill -9 of one of two nodes that carry the media themselves: the other moves the audio to its own ports. issue 6, item 5.
import assert from 'node:assert/strict';
import { after as afterAll, before, describe, it } from 'node:test';
import { Cluster, removeServers, type Servers, startServers } from '../kit/cluster.ts';
import { after, type Json, type PhoneCall, phones } from '../kit/index.ts';

const certain = /a node is dead for certain/;
const servers = await startServers();

describe('two nodes without rtpengine', { skip: 'missing' in servers ? servers.missing : false }, () => {
  const on = servers as Servers;
  let w: Cluster;
  before(async () => {
    const live = { url: on.redis.url, secret: 'what all nodes of this story know and nobody else' };
    w = await Cluster.start({ servers: on, engine: 'embedded', srtp: 'offer', config: { live } });
    // Nothing is certain of others before they have met, and Redis was there for a while.
    await after(3500);
  });
  afterAll(async () => {
    await w?.close();
    await removeServers(on);
  });

  /** Both ends with keys, each its own. */
  async function encrypted() {
    w.alice.srtp = 'AEAD_AES_256_GCM';
    w.desk.srtp = 'AES_CM_128_HMAC_SHA1_80';
    w.app.answers([{ verb: 'dial', target: [{ type: 'sip', sipUri: w.desk.uri }], srtpEncryption: 'sdes' }]);
    const nth = w.desk.calls.entries.length;
    const call = w.calls(w.nodes[0].sip, 440);
    await call.hears(620);
    w.alice.srtp = undefined;
    w.desk.srtp = undefined;
    w.app.answers(theDial());
    return { call, callee: await w.desk.nextCall(nth) };
  }

  const theDial = (): readonly object[] => [
    { verb: 'dial', target: [{ type: 'sip', sipUri: w.desk.uri }], actionHook: '/dialled' },
    { verb: 'play', url: 'tone_stream://L=-1;%(60000,0,880)' },
  ];

  /** The server's, in all it said. */
  const keysOf = ({ received }: PhoneCall): string[] =>
    received.entries.flatMap(({ body }) => [...String(body).matchAll(/inline:([^\s|]+)/g)].map(([, key]) => key ?? ''));

  it(
    'two who talk hear each other again by the other node, which is certain of the death and does not wait; verbs after the dial run there',
    { timeout: 60_000 },
    async () => {
      const [a, b] = w.nodes;
      w.desk.onInvite = phones.answersAfter(5, { tone: 620 });
      w.app.answers(theDial());
      const call = w.calls(a.sip, 440);
      await call.hears(620);
      const callee = await w.desk.nextCall();
      const secure = await encrypted();
      const music = w.calls(a.sip);
      w.desk.onInvite = phones.declines(486);
      await music.hears(880);
      await after(1200);
      const at = performance.now();
      await a.killed();
      await Promise.all([
        call.hears(620, { since: at + 1000, within: 10_000 }),
        callee.hears(440, { since: at + 1000, within: 10_000 }),
        music.hears(880, { since: at + 1000, within: 10_000 }),
        secure.call.hears(620, { since: at + 1000, within: 10_000 }),
        secure.callee.hears(440, { since: at + 1000, within: 10_000 }),
      ]);
      // One was answered with, five were offered; each has another now.
      assert.equal(new Set(keysOf(secure.call)).size, 2);
      assert.equal(new Set(keysOf(secure.callee)).size, 6);
      assert.equal((secure.call.media?.packetsForged ?? 1) + (secure.callee.media?.packetsForged ?? 1), 0);
      assert.equal((await secure.call.holds()).status, 200);
      await secure.callee.gets(({ method, body }) => method === 'INVITE' && /a=(sendonly|inactive)/.test(String(body)));
      assert.equal((await secure.call.resumes()).status, 200);
      await secure.callee.hears(440, { since: performance.now() });
      const gaps = call.media?.ears.gaps(200, at - 100).map((gap) => gap.ms) ?? [];
      assert.match(b.output, certain);
      console.log(`# silence of ${Math.round(Math.max(...gaps))} ms`);
      await callee.hangsUp();
      assert.equal(((await w.app.next('/dialled')).body as Json)['dial_call_status'], 'busy');
      await call.hears(880, { since: performance.now() });
      await Promise.all([call.hangsUp(), music.hangsUp(), secure.call.hangsUp()]);
      await w.eventually('all legs are told', () => w.finals().length === 6);
    },
  );

  it('a node that only hangs is not dead: the other waits its three seconds', { timeout: 60_000 }, async () => {
    const [a, b] = w.nodes;
    await a.up();
    await after(2000);
    const said = b.output.length;
    w.app.answers([{ verb: 'play', url: 'tone_stream://L=-1;%(60000,0,880)' }]);
    const music = w.calls(a.sip);
    await music.hears(880);
    await after(1200);
    a.pause();
    const at = performance.now();
    await w.eventually('the other has taken it', () => /(?:is|are) carried on by/.test(b.output.slice(said)));
    // Its last beat was up to half a second before.
    assert.ok(performance.now() - at > 2400, `${performance.now() - at} ms`);
    assert.doesNotMatch(b.output.slice(said), certain);
    a.resume();
    await w.eventually('it has let go', () => a.output.includes('have taken its calls'));
    await music.hangsUp();
  });
});
