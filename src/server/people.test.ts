/** The file's users in the store: there after the first start, the same after the next, gone when the file forgets them. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { verifyPassword } from '../access/index.ts';
import { FakeClock, SystemClock, SystemRandom, silentLog } from '../base/index.ts';
import { parseConfig, peopleOf, provisioned } from '../config/index.ts';
import { type OpenDirectory, type OpenStore, openDirectory, openStore } from '../store/index.ts';
import { putPeople } from './people.ts';

const clock = new SystemClock();
const fake = new FakeClock();
let store: OpenStore;
let directory: OpenDirectory;
before(async () => {
  store = await openStore('memory:', { clock, log: silentLog });
  directory = await openDirectory(store, { clock, log: silentLog });
});
after(async () => {
  await directory.close();
  await store.close();
});

async function start(http: string, users: string): Promise<void> {
  const yaml = `http: { users: [${http}] }\naccounts: [{ name: one, users: [${users}] }]\n`;
  const config = parseConfig(yaml, { source: undefined, folder: '/' });
  await directory.putAll(provisioned(config, directory, new SystemRandom()).puts);
  await putPeople(peopleOf(config, directory), directory, fake);
}

const root = '{ name: Root, email: Root@x.test, password: "root has a long one" }';
const ann = (password: string) => `{ name: Ann, email: ann@x.test, password: "${password}", role: read-only }`;
const found = (email: string) => directory.all('user').find((each) => each.email === email);

test('users of the file are there, of the server or of their account, with hashed passwords', async () => {
  await start(root, ann('ann has a long one'));
  const [account] = directory.all('account');
  assert.deepEqual([found('root@x.test')?.role, found('root@x.test')?.accountSid], ['admin', undefined]);
  assert.deepEqual([found('ann@x.test')?.role, found('ann@x.test')?.accountSid], ['read-only', account?.sid]);
  assert.ok(await verifyPassword('ann has a long one', found('ann@x.test')?.passwordHash));
  assert.ok(!(await verifyPassword('ann has a long one', undefined)), 'nobody has any password');
});

test('a start without a change writes nothing, so sessions go on; another password ends them', async () => {
  const before = found('ann@x.test');
  const seq = await store.lastChange();
  fake.advance(1000);
  await start(root, ann('ann has a long one'));
  assert.equal(await store.lastChange(), seq);
  assert.deepEqual(found('ann@x.test'), before);
  await start(root, ann('ann has another one'));
  assert.equal(found('ann@x.test')?.sid, before?.sid);
  assert.ok((found('ann@x.test')?.passwordChangedAt ?? 0) > (before?.passwordChangedAt ?? 0));
});

test('whom the file forgets is gone; whom REST made stays', async () => {
  const made = { name: 'R', email: 'rest@x.test', role: 'admin', isActive: true } as const;
  await directory.put('user', { ...made, sid: 'rest', passwordHash: 'x', passwordChangedAt: 0 });
  await start('', '');
  assert.deepEqual(
    directory.all('user').map(({ email }) => email),
    ['rest@x.test'],
  );
});

test('two people with one address, a short password and no address are refused with their lines', () => {
  const parse = (http: string, users: string) =>
    parseConfig(`http: { users: [${http}] }\naccounts: [{ name: one, users: [${users}] }]`, {
      source: undefined,
      folder: '/',
    });
  assert.throws(() => parse(root, root), /accounts\[0\]\.users\[0\]\.email.*is there already, at http\.users\[0\]/s);
  assert.throws(() => parse('', ann('short')), /password.*at least 10/);
  assert.throws(() => parse('', '{ name: n, email: nobody, password: "a long password" }'), /an e-mail address/);
  assert.throws(
    () => parse('', '{ name: n, email: a@b, password: "a long password", role: admin }'),
    /account, read-only/,
  );
  assert.throws(() => parse('', '{ name: n, email: a@b, passwort: x }'), /did you mean 'password'/);
});
