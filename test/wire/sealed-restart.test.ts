// A server with its data on disk: who is signed in stays so over a restart, and the disk holds no secret of the file.
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { parseConfig, startServer } from '../../src/main.ts';
import { kitConfig } from '../kit/index.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'graine-restart-'));
after(() => rmSync(folder, { recursive: true }));
const ann = { email: 'ann@kit.test', password: 'hidden-person-password' };

async function parsed(env: Record<string, string> = {}) {
  const { config } = await kitConfig({
    store: { url: `file:${folder}` },
    accounts: [
      {
        name: 'kit',
        webhook_secret: 'hidden-webhook',
        clients: [{ username: 'bob', password: 'hidden-client' }],
        carriers: [
          { name: 'c', register: { realm: 'r.test', username: 'u', password: 'hidden-carrier' }, is_active: false },
        ],
        users: [{ name: 'Ann', ...ann }],
      },
    ],
  });
  return parseConfig(JSON.stringify(config), { source: undefined, folder, env });
}

test('a session outlives a restart; the database holds no secret; another key refuses to start', async () => {
  let server = await startServer(await parsed());
  let base = `http://127.0.0.1:${server.http.port}`;
  const answer = await fetch(`${base}/v1/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(ann),
  });
  assert.equal(answer.status, 200);
  const cookie = answer.headers.getSetCookie()[0]?.split(';')[0] ?? '';
  await server.stop();
  const files = readdirSync(folder).filter((name) => name.startsWith('graine.db'));
  const bytes = files.map((name) => readFileSync(path.join(folder, name), 'latin1')).join('');
  assert.match(bytes, /ann@kit\.test/);
  assert.doesNotMatch(bytes, /hidden-/);
  assert.ok(!bytes.includes(cookie.slice('graine_session='.length)), 'nor the token of the cookie');
  assert.equal(statSync(path.join(folder, 'secret.key')).mode & 0o777, 0o600);

  server = await startServer(await parsed());
  base = `http://127.0.0.1:${server.http.port}`;
  const again = await fetch(`${base}/v1/session`, { headers: { cookie } });
  assert.equal(again.status, 200);
  await server.stop();
  assert.deepEqual((await server.leaks()).timers, []);

  const wrong = await parsed({ GRAINE_SECRET_KEY: Buffer.alloc(32, 9).toString('base64') });
  await assert.rejects(startServer(wrong), { code: 'store-key', message: /GRAINE_SECRET_KEY/ });
  const key = readFileSync(path.join(folder, 'secret.key'), 'utf8').trim();
  const rotated = await parsed({ GRAINE_SECRET_KEY: `${Buffer.alloc(32, 9).toString('base64')},${key}` });
  server = await startServer(rotated);
  await server.stop();
  server = await startServer(wrong);
  await server.stop();
});
