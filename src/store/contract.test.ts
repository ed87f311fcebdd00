/** What every store does, shown on each engine: SQLite in memory, SQLite in a file, and a real PostgreSQL. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type Postgres, startPostgres } from '../../test/kit/postgres.ts';
import { GraineError, silentLog, SystemClock } from '../base/index.ts';
import { account, alert, application, carrier, cdr, client, gateway, phoneNumber, secrets } from './fixtures.test.ts';
import { openStore, type OpenStore } from './open.ts';

const postgres = await startPostgres();
const folder = mkdtempSync(path.join(os.tmpdir(), 'graine-store-'));
let files = 0;

const engines: { name: string; url: () => Promise<string>; skip?: string }[] = [
  { name: 'memory:', url: async () => 'memory:' },
  { name: 'file:', url: async () => `file:${path.join(folder, String(++files))}` },
  'missing' in postgres
    ? { name: 'postgres:', url: async () => '', skip: postgres.missing }
    : { name: 'postgres:', url: () => (postgres as Postgres).database() },
];

after(async () => {
  if (!('missing' in postgres)) await postgres.remove();
  rmSync(folder, { recursive: true });
});

function refusal(code: string, details: object = {}): (fault: unknown) => boolean {
  return (fault) => {
    assert.ok(fault instanceof GraineError, String(fault));
    assert.equal(fault.code, code);
    for (const [key, value] of Object.entries(details)) assert.deepEqual(fault.details[key], value);
    return true;
  };
}

for (const engine of engines) {
  describe(`a store at ${engine.name}`, { skip: engine.skip ?? false }, () => {
    // One store for all tests of an engine: each test takes names of its own.
    const clock = new SystemClock();
    let store: OpenStore;
    before(async () => {
      store = await openStore(await engine.url(), { clock, log: silentLog, secrets });
    });
    after(async () => {
      await store.close();
      assert.deepEqual(clock.pending(), []);
    });

    it('gives back what was put, field by field, and forgets what was removed', async () => {
      const given = application('put-app', 'put', {
        appJson: [{ verb: 'say', text: 'quote \' " \\ \u0000 😀' }],
        envVars: { A: 'b' },
        recordAllCalls: true,
      });
      await store.put('account', account('put'));
      await store.put('application', given);
      assert.deepEqual(await store.get('application', 'put-app'), given);
      assert.deepEqual(await store.list('application', 'put'), [given]);
      assert.deepEqual(await store.list('application', 'other'), []);
      await store.put('application', { ...given, name: 'renamed' });
      assert.equal((await store.get('application', 'put-app'))?.name, 'renamed');
      assert.equal(await store.remove('application', 'put-app'), true);
      assert.equal(await store.remove('application', 'put-app'), false);
      assert.equal(await store.get('application', 'put-app'), undefined);
    });

    it('a name taken by another sid of the account is refused; another account may have it', async () => {
      await store.put('account', account('n1'));
      await store.put('account', account('n2'));
      await store.put('application', application('n1a', 'n1', { name: 'main' }));
      await store.put('application', application('n2a', 'n2', { name: 'main' }));
      const again = store.put('application', application('n1b', 'n1', { name: 'main' }));
      await assert.rejects(again, refusal('name-taken', { kind: 'application', name: 'main', sid: 'n1a' }));
      assert.equal(await store.get('application', 'n1b'), undefined);
      await assert.rejects(store.put('account', account('n3', { sipRealm: 'N1.TEST' })), refusal('name-taken'));
      await store.put('client', client('n1c', 'n1', 'alice'));
      await assert.rejects(store.put('client', client('n1d', 'n1', 'alice')), refusal('name-taken', { sid: 'n1c' }));
    });

    it('the name of what was removed or renamed is free again', async () => {
      await store.put('account', account('f'));
      await store.put('application', application('fa', 'f', { name: 'one' }));
      await store.put('application', application('fa', 'f', { name: 'two' }));
      await store.put('application', application('fb', 'f', { name: 'one' }));
      await store.remove('application', 'fb');
      await store.put('application', application('fc', 'f', { name: 'one' }));
    });

    it('two may swap their names in one putAll', async () => {
      await store.put('account', account('s'));
      await store.put('application', application('sa', 's', { name: 'one' }));
      await store.put('application', application('sb', 's', { name: 'two' }));
      await store.putAll([
        { kind: 'application', entity: application('sa', 's', { name: 'two' }) },
        { kind: 'application', entity: application('sb', 's', { name: 'one' }) },
      ]);
      assert.equal((await store.get('application', 'sa'))?.name, 'two');
    });

    it('the same number may come in by several carriers, but only once by each', async () => {
      await store.put('account', account('p'));
      await store.put('carrier', carrier('pc', 'p'));
      await store.put('phoneNumber', phoneNumber('p1', 'p', '1555'));
      await store.put('phoneNumber', phoneNumber('p2', 'p', '1555', 'pc'));
      await assert.rejects(
        store.put('phoneNumber', phoneNumber('p3', 'p', '1555')),
        refusal('name-taken', { sid: 'p1' }),
      );
      await assert.rejects(store.put('phoneNumber', phoneNumber('p4', 'p', '1555', 'pc')), refusal('name-taken'));
    });

    it('what others point at cannot go, and the refusal names them', async () => {
      await store.put('account', account('u'));
      await store.put('application', application('ua', 'u'));
      await store.put('carrier', carrier('uc', 'u', { applicationSid: 'ua' }));
      await store.put('phoneNumber', { ...phoneNumber('un', 'u', '1'), applicationSid: 'ua' });
      const objects = [
        { kind: 'carrier', sid: 'uc' },
        { kind: 'phoneNumber', sid: 'un' },
      ];
      await assert.rejects(store.remove('application', 'ua'), refusal('in-use', { objects }));
      await assert.rejects(store.remove('account', 'u'), refusal('in-use'));
      assert.notEqual(await store.get('application', 'ua'), undefined);
      await store.remove('phoneNumber', 'un');
      await store.put('carrier', carrier('uc', 'u'));
      assert.equal(await store.remove('application', 'ua'), true);
    });

    it('gateways go with their carrier, keys with their account', async () => {
      const owner = carrier('gc', 'g');
      await store.put('account', account('g'));
      await store.put('carrier', owner);
      await store.put('gateway', gateway('gg', owner));
      await store.put('apiKey', { sid: 'gk', accountSid: 'g', tokenHash: 'h', createdAt: 1 });
      assert.equal(await store.remove('carrier', 'gc'), true);
      assert.equal(await store.get('gateway', 'gg'), undefined);
      assert.equal(await store.remove('account', 'g'), true);
      assert.equal(await store.get('apiKey', 'gk'), undefined);
    });

    it('what points at nothing is refused, and putAll is all or nothing', async () => {
      const stray = application('xa', 'nowhere');
      await assert.rejects(store.put('application', stray), refusal('unknown-reference', { target: 'account' }));
      const items = [
        { kind: 'account', entity: account('x') },
        { kind: 'application', entity: application('xb', 'nowhere') },
      ] as const;
      await assert.rejects(store.putAll(items), refusal('unknown-reference'));
      assert.equal(await store.get('account', 'x'), undefined);
    });

    it('in one putAll the order does not matter, even in a circle', async () => {
      await store.putAll([
        { kind: 'account', entity: account('o', { deviceCallingApplicationSid: 'oa' }) },
        { kind: 'application', entity: application('oa', 'o') },
      ]);
      assert.equal((await store.get('account', 'o'))?.deviceCallingApplicationSid, 'oa');
    });

    it('two writers that want the same name at once: one gets it, the other is told', async () => {
      await store.put('account', account('w'));
      const results = await Promise.allSettled(
        Array.from({ length: 8 }, (_, i) => store.put('application', application(`w${i}`, 'w', { name: 'same' }))),
      );
      assert.equal(results.filter((each) => each.status === 'fulfilled').length, 1);
      for (const each of results) if (each.status === 'rejected') refusal('name-taken')(each.reason);
    });

    it('of two entities with one sid in a putAll the later counts', async () => {
      await store.putAll([
        { kind: 'account', entity: account('later', { name: 'first' }) },
        { kind: 'account', entity: account('later', { name: 'second' }) },
      ]);
      assert.equal((await store.get('account', 'later'))?.name, 'second');
    });

    it('NUL in a sid, a name or a query finds nothing and breaks nothing', async () => {
      const nul = 'n\u0000l';
      assert.equal(await store.get('account', nul), undefined);
      assert.equal(await store.remove('account', nul), false);
      assert.deepEqual(await store.list('client', nul), []);
      assert.equal(await store.cdr(nul), undefined);
      assert.equal((await store.cdrs({ accountSid: nul, page: 1, count: 1, trunk: nul, filter: nul })).total, 0);
      await store.put('account', account('nul', { name: nul }));
      assert.equal((await store.get('account', 'nul'))?.name, nul);
    });

    it('settings are kept and replaced', async () => {
      assert.equal(await store.setting('never'), undefined);
      await store.putSetting('token', 'one');
      await store.putSetting('token', 'two');
      assert.equal(await store.setting('token'), 'two');
    });

    it('changes are told in the order of their commits', async () => {
      const from = await store.lastChange();
      await store.put('account', account('c'));
      await store.put('client', client('cc', 'c', 'alice'));
      await store.remove('client', 'cc');
      const { seq, changed } = await store.changes(from);
      assert.deepEqual(changed, [
        { kind: 'account', sid: 'c' },
        { kind: 'client', sid: 'cc' },
        { kind: 'client', sid: 'cc' },
      ]);
      assert.deepEqual(await store.changes(seq), { seq, changed: [] });
    });

    it('a CDR comes back as it was appended', async () => {
      const given = cdr('cdr-1', {
        accountSid: 'R',
        applicationSid: 'app',
        parentCallSid: 'p',
        mos: undefined,
        jitterMs: 1.5,
      });
      store.appendCdr(given);
      await store.flush();
      assert.deepEqual(await store.cdr('cdr-1'), given);
      assert.equal(await store.cdr('cdr-none'), undefined);
    });

    it('CDRs are paged newest first and filtered by each field', async () => {
      for (let i = 0; i < 100; i++) {
        store.appendCdr(
          cdr(`q${i}`, {
            accountSid: 'Q',
            attemptedAt: 1_800_000_000_000 + i,
            direction: i % 2 === 0 ? 'inbound' : 'outbound',
            answered: i % 4 === 0,
            trunk: i < 10 ? 'acme' : 'user',
            to: i === 7 ? '49%_\\X' : '1555',
          }),
        );
      }
      await store.flush();
      const ask = { accountSid: 'Q', page: 1, count: 10 };
      const first = await store.cdrs(ask);
      assert.deepEqual([first.total, first.page, first.batch], [100, 1, 10]);
      assert.deepEqual(
        first.data.map((each) => each.callSid),
        ['q99', 'q98', 'q97', 'q96', 'q95', 'q94', 'q93', 'q92', 'q91', 'q90'],
      );
      assert.equal((await store.cdrs({ ...ask, page: 10 })).data.at(-1)?.callSid, 'q0');
      assert.equal((await store.cdrs({ ...ask, page: 11 })).data.length, 0);
      assert.equal((await store.cdrs({ ...ask, direction: 'outbound' })).total, 50);
      assert.equal((await store.cdrs({ ...ask, answered: true })).total, 25);
      assert.equal((await store.cdrs({ ...ask, answered: false, trunk: 'acme' })).total, 7);
      assert.equal((await store.cdrs({ ...ask, start: 1_800_000_000_050, end: 1_800_000_000_060 })).total, 10);
      assert.deepEqual(
        (await store.cdrs({ ...ask, filter: '49%_\\x' })).data.map((each) => each.callSid),
        ['q7'],
      );
      assert.equal((await store.cdrs({ ...ask, filter: 'Q9@TEST' })).total, 1);
      assert.equal((await store.cdrs({ ...ask, accountSid: 'nobody' })).total, 0);
    });

    it('alerts are paged newest first and filtered by type and time', async () => {
      store.appendAlert(alert('a1', { accountSid: 'L' }));
      store.appendAlert(
        alert('a2', {
          accountSid: 'L',
          time: 1_800_000_000_001,
          type: 'no-carrier',
          detail: 'd',
          status: 404,
          url: 'u',
          callSid: 'c',
        }),
      );
      await store.flush();
      const ask = { accountSid: 'L', page: 1, count: 10 };
      const { total, data } = await store.alerts(ask);
      assert.equal(total, 2);
      assert.deepEqual(
        data[0],
        alert('a2', {
          accountSid: 'L',
          time: 1_800_000_000_001,
          type: 'no-carrier',
          detail: 'd',
          status: 404,
          url: 'u',
          callSid: 'c',
        }),
      );
      assert.deepEqual(data[1], alert('a1', { accountSid: 'L' }));
      assert.equal((await store.alerts({ ...ask, type: 'no-carrier' })).total, 1);
      assert.equal((await store.alerts({ ...ask, end: 1_800_000_000_001 })).total, 1);
    });

    it('sessions of the portal: kept, found by owner, used, ended and pruned', async () => {
      const session = { createdAt: 100, seenAt: 100, expiresAt: 1_000, address: '192.0.2.1' };
      await store.putSession({ ...session, hash: 'h1', userSid: 'U' });
      await store.putSession({ ...session, hash: 'h2', userSid: 'U', expiresAt: 2_000 });
      await store.putSession({ ...session, hash: 'h3', keySid: 'K', seenAt: 50 });
      assert.deepEqual(await store.session('h1'), { ...session, hash: 'h1', userSid: 'U' });
      assert.deepEqual((await store.sessionsOf({ userSid: 'U' })).map(({ hash }) => hash).sort(), ['h1', 'h2']);
      assert.deepEqual(
        (await store.sessionsOf({ keySid: 'K' })).map(({ hash }) => hash),
        ['h3'],
      );
      assert.deepEqual(await store.sessionsOf({ userSid: "' or 1=1 --" }), []);
      await store.touchSession('h1', 500);
      assert.equal((await store.session('h1'))?.seenAt, 500);
      assert.deepEqual([...(await store.pruneSessions(1_000, 60))].sort(), ['h1', 'h3']);
      assert.equal(await store.session('h1'), undefined);
      await store.removeSession('h2');
      assert.deepEqual(await store.sessionsOf({ userSid: 'U' }), []);
    });

    it('the audit log is paged newest first, by account, and pruned by age and number', async () => {
      const who = { userSid: 'U', name: 'Ann', role: 'account' } as const;
      const line = {
        accountSid: 'AU',
        who,
        action: 'change',
        what: 'Clients/1',
        address: '::1',
        detail: { name: 'x' },
      };
      for (let i = 0; i < 30; i++) store.appendAudit({ ...line, sid: `au${i}`, at: 1_000 + i });
      store.appendAudit({
        ...line,
        sid: 'server',
        at: 2_000,
        accountSid: '',
        who: { keySid: 'K', name: '', role: 'admin' },
      });
      await store.flush();
      const page = await store.audit({ accountSid: 'AU', page: 1, count: 10 });
      assert.deepEqual([page.total, page.batch, page.data.length], [30, 10, 10]);
      assert.deepEqual(page.data[0], { ...line, sid: 'au29', at: 1_029 });
      const all = await store.audit({ page: 1, count: 1 });
      assert.deepEqual([all.total, all.data[0]?.who], [31, { keySid: 'K', name: '', role: 'admin' }]);
      assert.equal((await store.audit({ accountSid: 'AU', page: 1, count: 5, start: 1_010, end: 1_020 })).total, 10);
      await store.pruneAudit(1_005, 1_000);
      assert.equal((await store.audit({ accountSid: 'AU', page: 1, count: 1 })).total, 25);
      await store.pruneAudit(0, 11);
      assert.equal((await store.audit({ page: 1, count: 1 })).total, 11);
    });

    it('hostile text in a CDR stops neither itself nor the batch it is in', async () => {
      for (let i = 0; i < 20; i++) store.appendCdr(cdr(`h${i}`, { accountSid: 'H' }));
      const odd = {
        from: 'a\u0000b',
        to: '\ud800',
        sipStatus: Number.NaN,
        duration: 1.6,
        mos: Number.POSITIVE_INFINITY,
      };
      store.appendCdr(cdr('h-odd', { accountSid: 'H', ...odd }));
      // Not even the types can be trusted: a column that refuses the value refuses this row alone.
      store.appendCdr(cdr('h-bad', { accountSid: 'H', traceId: null as unknown as string }));
      for (let i = 20; i < 40; i++) store.appendCdr(cdr(`h${i}`, { accountSid: 'H' }));
      await store.flush();
      assert.equal((await store.cdrs({ accountSid: 'H', page: 1, count: 1 })).total, 41);
      const kept = await store.cdr('h-odd');
      assert.deepEqual([kept?.from, kept?.sipStatus, kept?.duration, kept?.mos], ['ab', 0, 2, undefined]);
      assert.equal(store.stats().cdrs.dropped, 1);
    });

    it('a CDR appended twice is one row', async () => {
      const { dropped } = store.stats().cdrs;
      store.appendCdr(cdr('twice', { accountSid: 'T' }));
      await store.flush();
      store.appendCdr(cdr('twice', { accountSid: 'T' }));
      store.appendCdr(cdr('once', { accountSid: 'T' }));
      await store.flush();
      assert.equal((await store.cdrs({ accountSid: 'T', page: 1, count: 1 })).total, 2);
      assert.equal(store.stats().cdrs.dropped, dropped, 'a batch that is sent again is no fault');
    });

    it('closing commits what was appended; what comes later is refused, not lost in silence', async () => {
      const fresh = await openStore(await engine.url(), { clock, log: silentLog, secrets });
      fresh.appendCdr(cdr('last', { accountSid: 'Z' }));
      await fresh.close();
      await fresh.close();
      fresh.appendCdr(cdr('late', { accountSid: 'Z' }));
      assert.equal(fresh.stats().cdrs.written, 1);
      assert.equal(fresh.stats().cdrs.dropped, 1);
      await assert.rejects(fresh.list('account'));
    });

    it(
      'opening the same tables again, also from several at once, changes nothing',
      { skip: engine.name === 'memory:' && 'a store in memory has no tables to find again' },
      async () => {
        const fresh = await engine.url();
        const opened = await Promise.all([1, 2, 3, 4].map(() => openStore(fresh, { clock, log: silentLog, secrets })));
        await opened[0]?.put('account', account('m'));
        assert.equal((await opened[3]?.get('account', 'm'))?.sid, 'm');
        await Promise.all(opened.map((each) => each.close()));
        const again = await openStore(fresh, { clock, log: silentLog, secrets });
        assert.equal((await again.get('account', 'm'))?.sid, 'm');
        await again.close();
      },
    );
  });
}

describe('a store that cannot be opened', () => {
  const options = { clock: new SystemClock(), log: silentLog, secrets };

  it('says what it wants when the URL is not understood', async () => {
    await assert.rejects(
      openStore('mysql://u:pw@h/d', options),
      refusal('store-url', { url: 'mysql://u:********@h/d' }),
    );
    await assert.rejects(openStore('file:', options), refusal('store-url'));
  });

  it('names the place and the reason, never the password', async () => {
    const away = openStore('postgres://u:topsecret@127.0.0.1:1/d', options);
    await assert.rejects(away, (fault) => refusal('store-unreachable')(fault) && !String(fault).includes('topsecret'));
    const taken = path.join(folder, 'a-file');
    writeFileSync(taken, '');
    await assert.rejects(openStore(`file:${taken}/data`, options), refusal('store-unreachable'));
  });
});
