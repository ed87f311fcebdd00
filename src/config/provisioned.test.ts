import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { SeededRandom } from '../base/index.ts';
import type { Entities, Kind } from '../ports/index.ts';
import { parseConfig } from './load.ts';
import { type Existing, type Provisioned, provisioned, sidOf } from './provisioned.ts';

const example = readFileSync(new URL('./testdata/interface.yaml', import.meta.url), 'utf8');
const random = new SeededRandom(1);
const parse = (text: string) => parseConfig(text, { source: undefined, folder: '/' });

function holding(puts: Provisioned['puts']): Existing {
  return {
    all: <K extends Kind>(kind: K, accountSid?: string) =>
      puts
        .filter((each) => each.kind === kind)
        .map((each) => each.entity as Entities[K])
        .filter((each) => accountSid === undefined || (each as { accountSid?: string }).accountSid === accountSid),
  };
}

const nothing = holding([]);

/** The same with look-up by sid, as the directory has it. */
function directoryOf(puts: Provisioned['puts']): Existing {
  return {
    ...holding(puts),
    get: <K extends Kind>(kind: K, sid: string) =>
      puts.find((each) => each.kind === kind && each.entity.sid === sid)?.entity as Entities[K] | undefined,
  };
}

function of<K extends Kind>({ puts }: Provisioned, kind: K): Entities[K][] {
  return holding(puts).all(kind) as Entities[K][];
}

describe('the accounts of the file as entities', () => {
  it('all of the example arrives, each pointing at the right one', () => {
    const made = provisioned(parse(example), nothing, random);
    const [account] = of(made, 'account');
    const [application] = of(made, 'application');
    const [carrier] = of(made, 'carrier');
    const [gateway] = of(made, 'gateway');
    const [number] = of(made, 'phoneNumber');
    assert.equal(account?.deviceCallingApplicationSid, application?.sid);
    assert.equal(account?.webhookSecret, 'whsec_demo');
    assert.equal(account?.sipRealm, 'voice.example.test');
    assert.deepEqual(application?.callHook, {
      url: 'http://127.0.0.1:4000/call',
      method: 'POST',
      username: 'u',
      password: 'p',
    });
    assert.deepEqual(application?.callStatusHook, { url: 'http://127.0.0.1:4000/status' });
    assert.equal(carrier?.applicationSid, application?.sid);
    assert.equal(carrier?.maxCps, 10);
    assert.equal(gateway?.carrierSid, carrier?.sid);
    assert.equal(gateway?.accountSid, account?.sid);
    assert.equal(number?.number, '15551230001');
    assert.equal(number?.carrierSid, carrier?.sid);
    assert.deepEqual(of(made, 'teamsTenant')[0]?.gateways, ['sip.pstnhub.microsoft.com:5061']);
    assert.deepEqual(made.stale, []);
  });

  it('sids are UUIDs and the same at every start, even when nothing was kept', () => {
    const first = provisioned(parse(example), nothing, random);
    const second = provisioned(parse(example), nothing, random);
    assert.deepEqual(
      first.puts.map((each) => each.entity.sid),
      second.puts.map((each) => each.entity.sid),
    );
    for (const { entity } of first.puts) {
      assert.match(entity.sid, /^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    }
    assert.equal(new Set(first.puts.map((each) => each.entity.sid)).size, first.puts.length);
    assert.notEqual(sidOf('client', 'ab', 'c'), sidOf('client', 'a', 'bc'));
  });

  it('what REST created under the same name keeps its sid', () => {
    const before: Provisioned['puts'] = [
      { kind: 'account', entity: { sid: 'A', name: 'demo', webhookSecret: 'kept', isActive: true } },
      { kind: 'application', entity: { sid: 'B', accountSid: 'A', name: 'main' } },
    ];
    const made = provisioned(parse(example.replace('    webhook_secret: whsec_demo\n', '')), holding(before), random);
    assert.equal(of(made, 'account')[0]?.sid, 'A');
    assert.equal(of(made, 'account')[0]?.webhookSecret, 'kept');
    assert.equal(of(made, 'application')[0]?.sid, 'B');
    assert.equal(of(made, 'carrier')[0]?.applicationSid, 'B');
  });

  it('what is there already, word for word, is not put again; what differs is', () => {
    const { puts } = provisioned(parse(example), nothing, random);
    const kept = JSON.parse(JSON.stringify(puts)) as Provisioned['puts'];
    assert.deepEqual(provisioned(parse(example), directoryOf(kept), random), { puts: [], stale: [] });
    const changed = provisioned(
      parse(example.replace('password: secret', 'password: other')),
      directoryOf(kept),
      random,
    );
    assert.deepEqual(
      changed.puts.map((each) => each.kind),
      ['client'],
    );
  });

  it('a webhook secret that nobody gave cannot be guessed from the name', () => {
    const text = 'accounts: [{ name: a }]';
    const [one, two] = [new SeededRandom(1), new SeededRandom(2)].map((seed) => {
      return of(provisioned(parse(text), nothing, seed), 'account')[0]?.webhookSecret;
    });
    assert.match(one ?? '', /^whsec_\w{32}$/);
    assert.notEqual(one, two);
  });

  it('users and gateways that left the file are stale; those of REST are not', () => {
    const old = provisioned(parse(example), nothing, random);
    const byRest: Provisioned['puts'][number] = {
      kind: 'client',
      entity: {
        sid: 'rest',
        accountSid: of(old, 'account')[0]?.sid ?? '',
        username: 'carol',
        password: 'x',
        isActive: true,
        allowDirectAppCalling: true,
        allowDirectQueueCalling: true,
        allowDirectUserCalling: true,
      },
    };
    const text = example.replace('username: alice', 'username: bob').replace('port: 5090', 'port: 5091');
    const made = provisioned(parse(text), holding([...old.puts, byRest]), random);
    assert.deepEqual(made.stale, [
      { kind: 'client', sid: of(old, 'client')[0]?.sid },
      { kind: 'gateway', sid: of(old, 'gateway')[0]?.sid },
    ]);
  });
});
