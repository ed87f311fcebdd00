/** The server under test, in this process: the thin adapter to src/main.ts. */
import { Agent, setGlobalDispatcher } from 'undici';
import { parseConfig, startServer } from '../../src/main.ts';
import { createLog } from '../../src/observe/index.ts';
import { lastWords } from './last-words.ts';
import { freePort, mediaPorts } from './ports.ts';

// A connection of `fetch` is let go of long before a server would: a request on one that is just being closed fails.
setGlobalDispatcher(new Agent({ keepAliveTimeout: 4000, keepAliveMaxTimeout: 4000 }));

/** A configuration as graine.yaml has it. */
export type Config = Record<string, unknown>;

export type Leaks = {
  timers: string[];
  legs: number;
  sessions: number;
  dialogs: number;
  transactions: number;
  ports: number;
  hooks: number;
  streams: number;
};

export type Graine = {
  readonly sip: { readonly host: string; readonly port: number };
  /** Of the last listener of each transport. */
  readonly ports: Readonly<Record<string, number | undefined>>;
  readonly http: { readonly url: string; readonly token: string };
  reload(): Promise<void>;
  stop(): Promise<void>;
  leaks(): Promise<Leaks>;
};

export const token = 'kit-token';

/** The configuration every wire test starts from: all on loopback, nothing on disk. `sip.alsoListen` adds listeners. */
export async function kitConfig(
  overrides: Config = {},
): Promise<{ config: Config; sipPort: number; httpPort: number }> {
  const sipPort = await freePort();
  const httpPort = await freePort();
  const { alsoListen, ...ofSip } = (overrides['sip'] ?? {}) as Config;
  const config: Config = {
    sip: {
      domain: 'voice.example.test',
      listen: [`udp://127.0.0.1:${sipPort}`, `tcp://127.0.0.1:${sipPort}`, ...((alsoListen as string[]) ?? [])],
      // Wrong passwords are part of the stories; hostile sources live at 127.0.0.9.
      ban: { never: ['127.0.0.1'] },
      ...ofSip,
    },
    log: { level: process.env['GRAINE_TEST_LOG'] ?? 'warn' },
    media: {
      engine: 'embedded',
      address: '127.0.0.1',
      ports: await mediaPorts(),
      workers: 1,
      ...(overrides['media'] as Config | undefined),
    },
    http: {
      listen: `127.0.0.1:${httpPort}`,
      admin_token: token,
      ...(overrides['http'] as Config | undefined),
    },
    store: { url: 'memory:' },
    live: { url: 'memory:' },
    // Longer than a busy machine lets a hook wait.
    hooks: { timeout_seconds: 6, allow_private_addresses: true, ...(overrides['hooks'] as Config | undefined) },
    // Nor a text wait for its voice.
    speech: { timeout_seconds: 60, ...(overrides['speech'] as Config | undefined) },
    // A shared machine that is busy with other things is part of the stories of overload.test.ts only.
    calls: { overload: { enabled: false }, ...(overrides['calls'] as Config | undefined) },
    shutdown: { drain_seconds: 0 },
    ...Object.fromEntries(
      Object.entries(overrides).filter(([key]) => !['sip', 'media', 'http', 'hooks', 'speech', 'calls'].includes(key)),
    ),
  };
  return { config, sipPort, httpPort };
}

export async function startGraine(overrides: Config = {}): Promise<Graine> {
  const { config, sipPort, httpPort } = await kitConfig(overrides);
  // YAML reads JSON, so the kit's configuration takes the road a customer's file takes.
  const parsed = parseConfig(JSON.stringify(config), { source: undefined, folder: process.cwd() });
  const { level } = parsed.log;
  const server = await startServer(
    parsed,
    level === 'warn' ? { log: createLog({ level, destination: lastWords }) } : {},
  );
  return {
    sip: { host: '127.0.0.1', port: sipPort },
    ports: Object.fromEntries(server.sip.map(({ transport, port }) => [transport, port])),
    http: { url: `http://127.0.0.1:${httpPort}`, token },
    reload: () => server.reload(),
    stop: () => server.stop(),
    leaks: () => server.leaks(),
  };
}
