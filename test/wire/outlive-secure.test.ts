// Encrypted calls outlive their process: SRTP with keys in SDP. issue 6, item 5.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, test } from 'node:test';
import {
  accountOf,
  after,
  at,
  GraineProcess,
  HookApp,
  type IncomingPhoneCall,
  type Json,
  type OutgoingPhoneCall,
  Phone,
  type PhoneCall,
  phones,
  type SrtpSuite,
} from '../kit/index.ts';

type Talk = { readonly call: OutgoingPhoneCall; readonly callee: IncomingPhoneCall };
const open: { close(): Promise<void> }[] = [];

/** Alice talks in one suite to the vault, which talks in another or in the clear. */
async function stage(suites: { alice: SrtpSuite; vault?: SrtpSuite }) {
  const app = await HookApp.start();
  const alice = await Phone.listen({ name: 'alice', srtp: suites.alice });
  const vault = await Phone.listen({ name: 'vault', ...(suites.vault && { srtp: suites.vault }) });
  const gateway = { host: '127.0.0.1', port: alice.port, inbound: true, outbound: false, srtp: 'require' };
  const graine = await GraineProcess.start({
    store: { url: 'file:./data' },
    shutdown: { hand_over: true },
    log: { level: 'debug' },
    accounts: [
      accountOf(app, alice, {
        carriers: [
          { name: 'origin', application: 'main', gateways: [gateway] },
          {
            name: 'vault',
            gateways: [{ host: '127.0.0.1', port: vault.port, srtp: suites.vault ? 'require' : 'none' }],
          },
        ],
      }),
    ],
  });
  open.push(graine, app, alice, vault);
  vault.onInvite = phones.answersAfter(5, { tone: 620 });
  const target = [{ type: 'phone', number: '+15557650002', trunk: 'vault' }];
  app.answers([{ verb: 'dial', target, actionHook: '/dialled', answerOnBridge: true }]);
  const call = alice.invites(at('100', graine.sip), { from: '+15557650001', tone: 440 });
  await call.hears(620);
  return { graine, app, call, callee: await vault.nextCall() };
}

/** Its numbers go round twice, as after an hour of talk. */
async function goesRound({ media }: PhoneCall): Promise<void> {
  for (let i = 0; i < 6; i++) {
    media?.numbersFrom(((media.lastSent.readUInt16BE(2) ?? 0) + 25_000) & 0xffff);
    await after(60);
  }
}

async function bothHear({ call, callee }: Talk): Promise<void> {
  const since = performance.now();
  await Promise.all([call.hears(620, { since }), callee.hears(440, { since })]);
}

const ssrcsHeard = ({ media }: PhoneCall): Set<number> =>
  new Set(media?.ears.packets.entries.map(({ ssrc }) => ssrc) ?? []);
const keysIn = (sdp = ''): string[] => [...sdp.matchAll(/inline:([^\s|]+)/g)].map((match) => match[1] ?? '');

afterEach(async () => {
  for (const each of open.splice(0)) await each.close();
});

test(
  'SRTP at both ends: kill -9, then SIGTERM and a start: both go on, no packet of ours has a name it had before, and no key is written in plain',
  { timeout: 120_000 },
  async () => {
    const { graine, app, ...talk } = await stage({ alice: 'AEAD_AES_256_GCM', vault: 'AES_CM_128_HMAC_SHA1_80' });
    const { call, callee } = talk;
    await Promise.all([goesRound(call), goesRound(callee)]);
    await bothHear(talk);
    await after(1000);
    await graine.killed();
    await graine.up();
    await bothHear(talk);
    await after(1000);
    assert.equal(await graine.terminated(), 0);
    await graine.up();
    await bothHear(talk);
    assert.equal(ssrcsHeard(call).size, 3);
    assert.equal(ssrcsHeard(callee).size, 3);
    assert.equal((call.media?.packetsForged ?? 1) + (callee.media?.packetsForged ?? 1), 0);

    // A hold and what comes after it are negotiated with the keys that were.
    assert.equal((await call.holds()).status, 200);
    await callee.gets(({ method, body }) => method === 'INVITE' && /a=(sendonly|inactive)/.test(body.toString()));
    assert.equal((await call.resumes()).status, 200);
    await bothHear(talk);

    const keys = [(await call.answered()).sdp, callee.invite.sdp].flatMap((sdp) => keysIn(sdp));
    assert.ok(keys.length >= 2);
    const folder = path.join(graine.folder, 'data', 'standing');
    const journal = readdirSync(folder).map((name) => readFileSync(path.join(folder, name), 'utf8'));
    for (const text of [graine.output, ...journal]) for (const key of keys) assert.ok(!text.includes(key));

    await callee.hangsUp();
    await call.byed();
    assert.equal(((await app.next('/dialled')).body as Json)['dial_terminated_by'], 'callee');
  },
);

test('SRTP at one end: kill -9, and both go on', { timeout: 120_000 }, async () => {
  const { graine, app: _, ...talk } = await stage({ alice: 'AES_CM_128_HMAC_SHA1_32' });
  await after(1200);
  await graine.killed();
  await graine.up();
  await bothHear(talk);
  await talk.call.hangsUp();
  await talk.callee.byed();
});
