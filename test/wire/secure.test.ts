// SIP over TLS, WS and WSS: devices, carriers, and what must not hurt. RFC 3261 §26, RFC 5630, RFC 7118, RFC 5626.
import assert from 'node:assert/strict';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after } from 'node:test';
import { connect } from 'node:tls';
import { SystemClock } from '../../src/base/index.ts';
import { run } from '../../src/cli/program.ts';
import {
  certificateFile,
  dial,
  number,
  pem,
  phones,
  realm,
  serverTls,
  stage,
  toPhone,
  toUser,
  trusting,
} from '../kit/index.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'graine-tls-'));
after(() => rmSync(folder, { recursive: true }));
const [cert, key] = [path.join(folder, 'cert.pem'), path.join(folder, 'key.pem')];

function install(name: string): void {
  copyFileSync(certificateFile(`${name}.key`), key);
  copyFileSync(certificateFile(name), cert);
}
install('server');

const listen = ['tls://127.0.0.1:0', 'ws://127.0.0.1:0', 'wss://127.0.0.1:0'];

const story = stage({
  phones: [
    'bob',
    { name: 'browser', transport: 'wss', tls: trusting },
    { name: 'page', transport: 'ws' },
    { name: 'cordless', transport: 'tcp' },
    { name: 'desk', transport: 'tls', tls: trusting, srtp: 'AES_CM_128_HMAC_SHA1_80' },
    {
      name: 'trunk',
      transport: 'tls',
      tls: { cert: pem('server'), key: pem('server.key'), ...trusting },
    },
    { name: 'impostor', transport: 'tls', tls: { cert: pem('strange'), key: pem('strange.key') } },
  ],
  config: { sip: { alsoListen: listen, tls: { ...serverTls, cert, key } } },
  account: (world) => ({
    carriers: [world.origin(), { name: 'secure', gateways: [world.gateway('trunk', { protocol: 'tls' })] }],
  }),
});

for (const device of ['browser', 'page', 'desk'] as const) {
  story(`the ${device} of a user rings beside a UDP device, wins, and each hears the other`, async (w) => {
    await w.register('bob', 'bob');
    await w.register(device, 'bob');
    w.app.answers(dial([toUser('bob')], { answerOnBridge: true }));
    const call = w.calls();
    const [winner, loser] = await Promise.all([w.phone(device).nextCall(), w.phone('bob').nextCall()]);
    winner.rings();
    loser.rings();
    await call.rings();
    await winner.answers();
    winner.speaks(620);
    await Promise.all([call.hears(620), winner.hears(440)]);
    await loser.cancelled();
    await winner.hangsUp();
    await call.gets('BYE');
    for (const each of ['bob', device])
      await w.phone(each).unregister(w.serverFor(each), { ...login, username: 'bob' });
  });

  story(`the ${device} calls, is challenged, and hangs up inside the dialog`, async (w) => {
    await w.register('bob', 'bob');
    w.phone('bob').onInvite = phones.answersAfter(20, { tone: 620 });
    w.app.answers(dial([toUser('bob')], { answerOnBridge: true }));
    const { host, port } = w.serverFor(device);
    const call = w.phone(device).invites(`sip:bob@${host}:${port}`, {
      from: `carol@${realm}`,
      login: { username: 'carol', password: 'secret' },
      tone: 440,
    });
    await call.answered();
    await Promise.all([call.hears(620), (await w.phone('bob').nextCall()).hears(440)]);
    await call.hangsUp();
    await w.phone('bob').unregister(w.graine.sip, { ...login, username: 'bob' });
  });
}

const login = { password: 'secret', realm };

story('graine simulate registers over WSS and over TLS with SRTP, is rung there, and heard', async (w) => {
  const { ports } = w.graine;
  const trust = ['--ca', certificateFile('ca'), '--server-name', 'sip.example.test', '--after', '0', '--for', '4'];
  const lines: string[] = [];
  const io = {
    out: (line: string) => void lines.push(line),
    err: (line: string) => void lines.push(line),
    color: false,
  };
  const simulate = (user: string, over: string, ...more: string[]): Promise<number> => {
    const who = ['--register', `${user}:secret@${realm}`, '--server', `127.0.0.1:${ports[over]}`];
    const args = ['simulate', '--listen', `${over}://127.0.0.1:0`, ...who, ...trust, ...more];
    return run(args, { ...io, clock: new SystemClock() });
  };
  const ended = Promise.all([
    simulate('carol', 'wss', '--tone', '620'),
    simulate('dave', 'tls', '--tone', '880', '--srtp', 'AEAD_AES_128_GCM'),
  ]);
  await w.eventually('both registered', async () => lines.filter((line) => line.includes('registered')).length === 2);
  for (const [user, tone] of [
    ['carol', 620],
    ['dave', 880],
  ] as const) {
    w.app.answers(dial([toUser(user)], { answerOnBridge: true }));
    const call = w.calls();
    await call.hears(tone);
    await call.hangsUp();
  }
  assert.deepEqual(await ended, [0, 0], lines.join('\n'));
});

story('a carrier over TLS is called, and ends the call from its side', async (w) => {
  w.phone('trunk').onInvite = phones.answersAfter(20, { tone: 620 });
  w.app.answers(dial([toPhone({ trunk: 'secure' })], { answerOnBridge: true }));
  const call = w.calls();
  await call.hears(620);
  const rung = await w.phone('trunk').nextCall();
  assert.match(rung.invite.get('via') ?? '', /SIP\/2\.0\/TLS/);
  assert.match(rung.invite.get('contact') ?? '', new RegExp(`:${w.graine.ports['tls']};transport=tls`));
  await rung.hangsUp();
  await call.gets('BYE');
});

story('a device whose connection is gone fails at once, and the others ring on', async (w) => {
  await w.register('bob', 'bob');
  await w.register('browser', 'bob');
  w.app.answers(dial([toUser('bob')], { answerOnBridge: true }));
  const call = w.calls();
  const [device] = await Promise.all([w.phone('browser').nextCall(), w.phone('bob').nextCall()]);
  device.rings();
  await call.rings();
  w.phone('browser').cutConnections();
  const other = await w.phone('bob').nextCall();
  await other.answers();
  await call.answered();
  await call.hangsUp();
  await w.phone('bob').unregister(w.graine.sip, { ...login, username: 'bob', contact: '*' });
});

for (const ringing of [true, false]) {
  story(
    `a user whose only connection went ${ringing ? 'while it rang' : 'before'} is failed with 480, at once`,
    async (w) => {
      await w.register('browser', 'dave');
      w.app.answers(dial([toUser('dave')], { answerOnBridge: true }));
      if (!ringing) w.phone('browser').cutConnections();
      const call = w.calls();
      if (ringing) {
        (await w.phone('browser').nextCall()).rings();
        await call.rings();
        w.phone('browser').cutConnections();
      }
      assert.equal((await call.refused()).status, 480);
      const { body } = await w.next('/action');
      assert.equal(body['dial_sip_status'], 480);
      await w.register('browser', 'dave');
      await w.phone('browser').unregister(w.serverFor('browser'), { ...login, username: 'dave', contact: '*' });
    },
  );
}

story('a page reloaded again and again leaves one device, not one for each time', async (w) => {
  const page = w.phone('browser');
  for (let n = 0; n < 15; n++) {
    const contact = `<sip:x${n}@reload${n}.invalid;transport=ws>`;
    const answer = await page.register(w.serverFor('browser'), { ...login, username: 'dave', contact });
    assert.equal(answer.status, 200);
    await w.eventually('only this one is left', async () => {
      const again = await page.register(w.serverFor('browser'), { ...login, username: 'dave', contact });
      return again.all('contact').length === 1;
    });
    if (n < 14) page.cutConnections();
  }
  await page.unregister(w.serverFor('browser'), { ...login, username: 'dave', contact: '*' });
});

story('a TCP device that closes its connection is called where it listens', async (w) => {
  await w.register('cordless', 'dave');
  w.phone('cordless').cutConnections();
  w.phone('cordless').onInvite = phones.answersAfter(20, { tone: 620 });
  w.app.answers(dial([toUser('dave')], { answerOnBridge: true }));
  const call = w.calls();
  await call.hears(620);
  await call.hangsUp();
  await w.phone('cordless').unregister(w.graine.sip, { ...login, username: 'dave' });
});

story('the flow of the newest registration is used, whatever other connections came since', async (w) => {
  await w.register('browser', 'dave');
  await w.register('page', 'carol');
  await w.register('desk', 'bob');
  w.phone('browser').onInvite = phones.answersAfter(20, { tone: 620 });
  w.app.answers(dial([toUser('dave')], { answerOnBridge: true }));
  const call = w.calls();
  await call.hears(620);
  const rung = await w.phone('browser').nextCall();
  assert.match(rung.invite.get('via') ?? '', /SIP\/2\.0\/WSS/);
  assert.match(rung.invite.get('contact') ?? '', /;transport=ws>/);
  await call.hangsUp();
  for (const [each, username] of [
    ['browser', 'dave'],
    ['page', 'carol'],
    ['desk', 'bob'],
  ] as const)
    await w.phone(each).unregister(w.serverFor(each), { ...login, username });
});

story('targets: a sip URI with transport=tls, and a sips URI, whose dialog is sips on both sides', async (w) => {
  const { port } = w.phone('trunk');
  for (const [at, uri] of [`sip:t@127.0.0.1:${port};transport=tls`, `sips:t@127.0.0.1:${port}`].entries()) {
    w.phone('trunk').onInvite = phones.answersAfter(20, { tone: 620 });
    w.app.answers(dial([{ type: 'sip', sipUri: uri }], { answerOnBridge: true }));
    const call = w.calls();
    await call.hears(620);
    const rung = await w.phone('trunk').nextCall(at);
    assert.match(rung.invite.get('via') ?? '', /SIP\/2\.0\/TLS/);
    if (at === 1) assert.match(rung.invite.get('contact') ?? '', new RegExp(`<sips:[^;]*:${w.graine.ports['tls']}>`));
    await rung.hangsUp();
    await call.gets('BYE');
  }
});

story(
  'a certificate nobody vouches for, and one of another name, are refused: 503, and nothing was said',
  async (w) => {
    for (const [name, uri] of [
      ['impostor', `sips:t@127.0.0.1:${w.phone('impostor').port}`],
      ['trunk', `sips:t@localhost:${w.phone('trunk').port}`],
    ] as const) {
      w.app.answers(dial([{ type: 'sip', sipUri: uri }], { answerOnBridge: true }));
      assert.equal((await w.calls().refused()).status, 503);
      assert.equal(w.phone(name).calls.entries.length, 0);
    }
  },
);

story('a carrier over TLS calls in, its connection is cut, and our BYE finds its Contact over a new one', async (w) => {
  await w.register('bob', 'bob');
  w.phone('bob').onInvite = phones.answersAfter(20, { tone: 620 });
  w.app.answers(dial([toUser('bob')], { answerOnBridge: true }));
  const { host, port } = w.serverFor('trunk');
  const call = w.phone('trunk').invites(`sip:${number}@${host}:${port}`, { from: '+15557650001', tone: 440 });
  await call.hears(620);
  w.phone('trunk').cutConnections();
  // One round trip, so that the server has seen it.
  await w.account('GET', '/Calls');
  await (await w.phone('bob').nextCall()).hangsUp();
  await call.gets('BYE');
  await w.phone('bob').unregister(w.graine.sip, { ...login, username: 'bob' });
});

story('a browser that comes back over a new connection mid-call is hung up over that', async (w) => {
  await w.register('browser', 'dave');
  w.phone('browser').onInvite = phones.answersAfter(20, { tone: 620 });
  w.app.answers(dial([toUser('dave')], { answerOnBridge: true }));
  const call = w.calls();
  await call.hears(620);
  const rung = await w.phone('browser').nextCall();
  w.phone('browser').cutConnections();
  assert.equal((await rung.reInvites()).status, 200);
  await call.hangsUp();
  await rung.gets('BYE');
});

story('new certificates mid-call: the call goes on, and who comes next is shown the new ones', async (w) => {
  await w.register('desk', 'dave');
  w.phone('desk').onInvite = phones.answersAfter(20, { tone: 620 });
  w.app.answers(dial([toUser('dave')], { answerOnBridge: true }));
  const call = w.calls();
  await call.hears(620);
  const rung = await w.phone('desk').nextCall();
  const before = await shownBy(w.graine.ports['tls'] ?? 0);
  install('renewed');
  await w.graine.reload();
  assert.notEqual(await shownBy(w.graine.ports['tls'] ?? 0), before);
  await rung.hangsUp();
  await call.gets('BYE');
});

const named = stage({
  phones: [
    {
      name: 'mutual',
      transport: 'tls',
      tls: { cert: pem('local'), key: pem('local.key'), ca: pem('ca'), requestCert: true },
    },
  ],
  config: { sip: { alsoListen: listen, tls: serverTls } },
  account: (world) => ({
    carriers: [
      world.origin(),
      {
        name: 'mutual',
        register: { realm: 'carrier.example.test', username: 'us', password: 'secret' },
        gateways: [
          world.gateway('mutual', {
            host: 'localhost',
            protocol: 'tls',
            send_options_ping: true,
            tls: { client_cert: certificateFile('client'), client_key: certificateFile('client.key') },
          }),
        ],
      },
    ],
  }),
});

named('a carrier that is a name and wants our certificate is registered at, pinged, called and hung up', async (w) => {
  const { strays } = w.phone('mutual');
  for (const method of ['REGISTER', 'OPTIONS'])
    await strays.until((request) => request.method === method, { what: method, story: () => w.story() });
  w.phone('mutual').onInvite = phones.answersAfter(20, { tone: 620 });
  w.app.answers(dial([toPhone({ trunk: 'mutual' })], { answerOnBridge: true }));
  const call = w.calls();
  await call.hears(620);
  // Its Contact is an address that its certificate does not have: the name it proved is what counts.
  await call.hangsUp();
  await (await w.phone('mutual').nextCall()).gets('BYE');
});

/** The serial number of the certificate a server shows. */
function shownBy(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, ...trusting }, () => {
      resolve(socket.getPeerCertificate().serialNumber);
      socket.destroy();
    }).on('error', reject);
  });
}
