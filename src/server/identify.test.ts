import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { SystemClock, SystemRandom, silentLog } from '../base/index.ts';
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
    const found = identify({ directory, isTeams: () => false }, request, source);
    return found.kind === 'challenge' ? `challenge ${found.realm}` : found.kind;
  };

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
