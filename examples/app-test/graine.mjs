// Starts Graine with `graine start --config`, as in production, on free ports.
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

const graine = path.join(import.meta.dirname, 'node_modules', '.bin', 'graine');
export const realm = 'voice.example.test';

/** Resolves, once it takes calls, with where SIP is and how to stop it. */
export async function startGraine(callHook) {
  const folder = await mkdtemp(path.join(tmpdir(), 'app-test-'));
  const config = path.join(folder, 'graine.yaml');
  // YAML reads JSON. Port 0 is a free one.
  await writeFile(
    config,
    JSON.stringify({
      sip: { domain: realm, listen: ['udp://127.0.0.1:0'] },
      media: { address: '127.0.0.1', workers: 1 },
      http: { listen: '127.0.0.1:0' },
      store: { url: 'memory:' },
      hooks: { allow_private_addresses: true },
      accounts: [
        {
          name: 'demo',
          sip_realm: realm,
          device_calling_application: 'main',
          clients: ['alice', 'bob'].map((username) => ({ username, password: `secret-${username}` })),
          applications: [{ name: 'main', call_hook: callHook }],
        },
      ],
    }),
  );
  const server = spawn(process.execPath, [graine, 'start', '--config', config], { stdio: ['ignore', 'pipe', 'inherit'] });
  const over = new Promise((resolve) => server.once('exit', resolve));
  const sip = await new Promise((resolve, reject) => {
    let said = '';
    server.stdout.on('data', (text) => {
      said += text;
      const port = /udp:\/\/127\.0\.0\.1:(\d+)/.exec(said)?.[1];
      if (port !== undefined && said.includes('/readyz')) resolve({ host: '127.0.0.1', port: Number(port) });
    });
    over.then((code) => reject(new Error(`graine ended with ${code}:\n${said}`)));
  });
  return {
    sip,
    async stop() {
      server.kill('SIGINT');
      await over;
      await rm(folder, { recursive: true, force: true });
    },
  };
}
