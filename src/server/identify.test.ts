import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { SystemClock, SystemRandom, silentLog, withinNetworks } from '../base/index.ts';
import { parseConfig, provisioned } from '../config/index.ts';
import { createRequest } from '../sip/message/index.ts';
import { type OpenDirectory, type OpenStore, openDirectory, openStore } from '../store/index.ts';
import { identify } from './identify.ts';

const config = parseConfig(
  `
sip: { domain: voice.example.test }
accounts:
  - name: one
    clients: [{ username: alice, password: s }]
    applications: [{ name: main, app_json: [{ verb: hangup }] }]
    carriers:
      - name: acme
        application: main
        gateways:
          - { host: 192.0.2.1, port: 5090 }
          - { host: 198.51.100.0, netmask: 24 }
    teams: { sbc_fqdn: sbc.example.test, tenant_fqdn: tenant.example.test }
  - name: asleep
    is_active: false
    sip_realm: asleep.example.test
`,
  { source: undefined, folder: '/' },
);

describe('who a request comes from', () => {
  let store: OpenStore;
  let directory: OpenDirectory;
  before(async () => {
    const clock = new SystemClock();
    store = await openStore('memory:', { clock, log: silentLog });
    directory = await openDirectory(store, { clock, log: silentLog });
    await directory.putAll(provisioned(config, directory, new SystemRandom()).puts);
  });
  after(async () => {
    await directory.close();
    await store.close();
  });

  const who = (from: string, address: string, port: number, method = 'INVITE'): string => {
    const head = { from: `<sip:${from}>;tag=1`, to: `<sip:${method === 'REGISTER' ? from : '1@h'}>` };
    const request = createRequest({ method, uri: 'sip:1@h', callId: 'c', cseq: 1, ...head });
    const source = { transport: 'udp', address, port, localAddress: '192.0.2.9', localPort: 5060 } as const;
    const found = identify({ directory, isTeams: () => false, unproven: () => {} }, request, source);
    return found.kind === 'challenge' ? `challenge ${found.realm}` : found.kind;
  };

  const teams = (to: string, address: string, transport: 'tls' | 'tcp' = 'tls'): string => {
    const request = createRequest({
      method: 'INVITE',
      uri: `sip:+1555@${to}:5061;transport=tls`,
      from: '<sip:+1556@sip.pstnhub.microsoft.com>;tag=1',
      to: `<sip:+1555@${to}>`,
      callId: 'c',
      cseq: 1,
    });
    const source = { transport, address, port: 1234, localAddress: '192.0.2.9', localPort: 5061 } as const;
    const isTeams = withinNetworks(['52.112.0.0/14', '52.120.0.0/14']);
    const found = identify({ directory, isTeams, unproven: () => {} }, request, source);
    if (found.kind === 'teams') return `teams ${found.contactHost}`;
    return found.kind === 'forbidden' ? `forbidden: ${found.why}` : found.kind;
  };

  it('Microsoft’s networks, TLS and the name of a tenant make a call of Teams', () => {
    assert.equal(teams('Tenant.example.test', '52.112.0.1'), 'teams tenant.example.test:5061');
    assert.equal(teams('tenant.example.test', '52.123.255.255'), 'teams tenant.example.test:5061');
    assert.equal(teams('tenant.example.test', '::ffff:52.114.1.2'), 'teams tenant.example.test:5061');
  });
  it('the name alone, from elsewhere or without TLS, makes none', () => {
    assert.equal(teams('tenant.example.test', '52.116.0.1'), 'forbidden: undefined');
    assert.equal(teams('tenant.example.test', '52.111.255.255'), 'forbidden: undefined');
    assert.equal(teams('tenant.example.test', '52.112.0.1', 'tcp'), 'forbidden: undefined');
    assert.equal(teams('tenant.example.test', '192.0.2.1'), 'carrier');
  });
  it('a name that is no tenant’s is told to Microsoft, and to nobody else', () => {
    assert.match(teams('x.test', '52.112.0.1'), /^forbidden: no Microsoft Teams tenant here is named x\.test/);
    assert.equal(teams('x.test', '203.0.113.1'), 'forbidden: undefined');
  });
  it('a gateway’s address and port are its carrier’s, whatever From says', () => {
    assert.equal(who('+1555@anywhere.test', '192.0.2.1', 5090), 'carrier');
    assert.equal(who('alice@voice.example.test', '192.0.2.1', 5090), 'carrier');
  });
  it('a gateway’s address from another port is its carrier’s too', () =>
    assert.equal(who('+1555@x.test', '192.0.2.1', 1234), 'carrier'));
  it('a netmask takes its whole network', () => {
    assert.equal(who('+1555@x.test', '198.51.100.77', 5060), 'carrier');
    assert.equal(who('+1555@x.test', '198.51.101.77', 5060), 'forbidden');
  });
  it('one who names a user of ours at a carrier’s address, but not its port, must prove it', () => {
    assert.equal(who('alice@voice.example.test', '192.0.2.1', 1234), 'challenge voice.example.test');
    assert.equal(who('nobody@voice.example.test', '192.0.2.1', 1234), 'carrier');
  });
  it('a realm of ours is challenged from anywhere, for users that exist and that do not', () => {
    assert.equal(who('alice@voice.example.test', '203.0.113.5', 5060), 'challenge voice.example.test');
    assert.equal(who('nobody@voice.example.test', '203.0.113.5', 5060), 'challenge voice.example.test');
  });
  it('a stranger is nobody', () => assert.equal(who('x@elsewhere.test', '203.0.113.5', 5060), 'forbidden'));
  it('the realm of an account that is not active is no realm', () =>
    assert.equal(who('a@asleep.example.test', '203.0.113.5', 5060), 'forbidden'));
  it('a REGISTER is a user’s even from a carrier’s address', () => {
    assert.equal(who('alice@voice.example.test', '192.0.2.1', 5090, 'REGISTER'), 'challenge voice.example.test');
    assert.equal(who('alice@elsewhere.test', '192.0.2.1', 5090, 'REGISTER'), 'forbidden');
  });
});
