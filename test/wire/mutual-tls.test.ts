// Carriers that must prove themselves when they call, and TLS that cannot be agreed on. RFC 5922, RFC 3261 §26.3.2.2.
import assert from 'node:assert/strict';
import { createHash, X509Certificate } from 'node:crypto';
import { connect } from 'node:tls';
import { certificateFile, dial, number, pem, serverTls, stage, toPhone, trusting, type World } from '../kit/index.ts';

const shows = (name: string) => ({ cert: pem(name), key: pem(`${name}.key`), ...trusting });
const print = createHash('sha256')
  .update(new X509Certificate(pem('strange')).raw)
  .digest('hex');
const asked = { require_certificate: true };
const named = { ...asked, subject: 'Carrier.Example.test' };

/** Each calls from an address of its own, which is how a gateway is known. */
const callers = [
  { name: 'proven', at: 11, tls: shows('client'), wants: named },
  { name: 'pinned', at: 12, tls: shows('strange'), wants: { ...asked, fingerprint: print.toUpperCase() } },
  { name: 'naked', at: 13, tls: trusting, wants: named },
  { name: 'misnamed', at: 14, tls: shows('domain'), wants: named },
  { name: 'strange', at: 15, tls: shows('strange'), wants: named },
  { name: 'stale', at: 16, tls: shows('expired'), wants: named },
  { name: 'other', at: 17, tls: shows('client'), wants: { ...asked, fingerprint: print } },
] as const;
const called = ['impostor', 'wrongname', 'ended'] as const;
const address = (at: number): string => `127.0.0.${at}`;

const story = stage({
  phones: [
    ...callers.map(({ name, at, tls }) => ({ name, address: address(at), transport: 'tls' as const, tls })),
    { name: 'plain', address: address(11), transport: 'tcp' },
    { name: 'impostor', transport: 'tls', tls: shows('strange') },
    { name: 'wrongname', transport: 'tls', tls: shows('domain') },
    { name: 'ended', transport: 'tls', tls: shows('expired') },
  ],
  config: { sip: { alsoListen: ['tls://127.0.0.1:0'], tls: serverTls } },
  account: (world) => ({
    carriers: [
      world.origin(),
      ...callers.map(({ name, at, wants }) => ({
        name,
        application: 'main',
        gateways: [{ host: address(at), protocol: 'tls', inbound: true, outbound: false, tls: wants }],
      })),
      ...called.map((name) => ({
        name,
        gateways: [
          world.gateway(name, {
            host: name === 'wrongname' ? 'localhost' : '127.0.0.1',
            protocol: 'tls',
            ...(name === 'ended' ? { tls: { ca: certificateFile('expired') } } : {}),
          }),
        ],
      })),
    ],
  }),
});

for (const name of ['proven', 'pinned']) {
  story(`a carrier that shows the certificate its gateway asks for calls in (${name})`, async (w) => {
    w.app.answers([{ verb: 'answer' }, { verb: 'pause', length: 5 }]);
    const { host, port } = w.serverFor(name);
    const call = w.phone(name).invites(`sip:${number}@${host}:${port}`, { from: '+15557650001' });
    await call.answered();
    await call.hangsUp();
  });
}

for (const [name, why] of [
  ['naked', /no client certificate was shown/],
  ['misnamed', /for other\.example\.test.*, not for carrier\.example\.test/],
  ['strange', /not believed: (UNABLE_TO|DEPTH_ZERO|SELF_SIGNED)/],
  ['stale', /not believed: (CERT_HAS_EXPIRED|DEPTH_ZERO|SELF_SIGNED)/],
  ['other', /another fingerprint/],
  ['plain', /must call over TLS/],
] as const) {
  story(`a carrier without the right certificate gets 403, and an alert names its gateway (${name})`, async (w) => {
    const { host, port } = w.serverFor(name);
    const call = w.phone(name).invites(`sip:${number}@${host}:${port}`, { from: '+15557650001' });
    const refused = await call.refused();
    assert.equal(refused.status, 403);
    assert.match(refused.get('warning') ?? '', why);
    assert.equal(w.app.all('/call').length, 0, 'no hook is asked');
    const gateway = name === 'plain' ? 'proven' : name;
    const told = new RegExp(`gateway .* of carrier ${gateway}: its call was refused: .*sip\\.tls\\.client_ca`);
    await alert(w, told, why);
  });
}

for (const [name, code, fix] of [
  ['impostor', /SELF_SIGNED|UNABLE_TO/, /gateways\[\]\.tls\.ca/],
  ['wrongname', /ERR_TLS_CERT_ALTNAME_INVALID/, /host of the gateway must be a name/],
  ['ended', /CERT_HAS_EXPIRED/, /must renew its certificate/],
] as const) {
  story(
    `a gateway whose certificate is not believed is never spoken to, and an alert says what mends it (${name})`,
    async (w) => {
      w.app.answers(dial([toPhone({ trunk: name })], { answerOnBridge: true }));
      assert.equal((await w.calls().refused()).status, 503);
      assert.equal(w.phone(name).calls.entries.length, 0);
      await alert(w, new RegExp(`gateway \\S+:${w.phone(name).port} of carrier ${name}: no TLS connection`), code, fix);
    },
  );
}

story('a carrier that cannot agree on TLS with us raises an alert once, however often it tries', async (w) => {
  for (let n = 0; n < 3; n++) await refusedHandshake(w.graine.ports['tls'] ?? 0, address(11));
  await alert(w, /of carrier proven: its TLS connection to us failed/, /TLS 1\.2 or later/);
  const all = (await w.alerts('tls-failure')).filter((each) => /its TLS connection/.test(String(each['message'])));
  assert.equal(all.length, 1);
});

function alert(w: World, ...patterns: RegExp[]): Promise<unknown> {
  return w.eventually(`an alert ${patterns.join(' ')}`, async () =>
    (await w.alerts('tls-failure')).find((each) => patterns.every((one) => one.test(String(each['message'])))),
  );
}

function refusedHandshake(port: number, localAddress: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
    const from = { host: '127.0.0.1', port, localAddress };
    const socket = connect({ ...from, ...trusting, ...old }, () => reject(new Error('agreed')));
    socket.on('error', () => resolve());
  });
}
