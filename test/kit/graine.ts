/** The server under test, in this process: the thin adapter to src/main.ts. */
import { freePort, mediaPorts } from './ports.ts';

/** A configuration as graine.yaml has it. */
export type Config = Record<string, unknown>;

export type Leaks = { timers: string[]; dialogs: number; transactions: number; ports: number; hooks: number };

export type Graine = {
  readonly sip: { readonly host: string; readonly port: number };
  readonly http: { readonly url: string; readonly token: string };
  stop(): Promise<void>;
  leaks(): Promise<Leaks>;
};

export const token = 'kit-token';

/** The configuration every wire test starts from: all on loopback, nothing on disk. */
export async function kitConfig(
  overrides: Config = {},
): Promise<{ config: Config; sipPort: number; httpPort: number }> {
  const sipPort = await freePort();
  const httpPort = await freePort();
  const config: Config = {
    sip: {
      domain: 'voice.example.test',
      listen: [`udp://127.0.0.1:${sipPort}`, `tcp://127.0.0.1:${sipPort}`],
      ...(overrides['sip'] as Config | undefined),
    },
    media: {
      engine: 'embedded',
      address: '127.0.0.1',
      ports: mediaPorts(),
      workers: 1,
      ...(overrides['media'] as Config | undefined),
    },
    http: { listen: `127.0.0.1:${httpPort}`, admin_token: token },
    store: { url: 'memory:' },
    live: { url: 'memory:' },
    hooks: { timeout_seconds: 2, allow_private_addresses: true, ...(overrides['hooks'] as Config | undefined) },
    shutdown: { drain_seconds: 0 },
    ...Object.fromEntries(Object.entries(overrides).filter(([key]) => !['sip', 'media', 'hooks'].includes(key))),
  };
  return { config, sipPort, httpPort };
}

export async function startGraine(overrides: Config = {}): Promise<Graine> {
  const { config, sipPort, httpPort } = await kitConfig(overrides);
  const { startServer } = await import('../../src/main.ts');
  const server = await startServer(config);
  return {
    sip: { host: '127.0.0.1', port: sipPort },
    http: { url: `http://127.0.0.1:${httpPort}`, token },
    stop: () => server.stop(),
    leaks: () => server.leaks(),
  };
}
