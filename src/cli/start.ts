/** `graine start`: the server in the foreground, until a signal ends it. */
import { messageOf } from '../base/index.ts';
import { type Io, painter, visible } from './io.ts';

type Closing = { close(): Promise<void> };
type Running = Awaited<ReturnType<(typeof import('../main.ts'))['startServer']>>;

function place({ address, port }: { readonly address: string; readonly port: number }): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

/** What somebody who just started it wants to know. */
function greet(server: Running, version: string, io: Io): void {
  const paint = painter(io);
  const { config } = server;
  const row = (name: string, value: string) => io.out(`  ${paint.dim(name.padEnd(14))} ${value}`);
  io.out(paint.bold(`Graine ${version}`));
  row('configuration', config.source ?? 'built-in demo (no graine.yaml here)');
  for (const listener of server.sip) row('SIP', `${listener.transport}://${place(listener)}`);
  const http = `http://${place(server.http)}`;
  const outside = config.http.public_url ?? http;
  if (server.portal) row('portal', `${outside}/portal`);
  row('REST', `${outside}/v1  (described at ${outside}/openapi.json)`);
  row('health', `${http}/readyz  ${http}/metrics`);
  if (config.source === undefined) {
    for (const account of config.accounts) {
      for (const { username, password } of account.clients) {
        row('demo user', `sip:${username}@${account.sip_realm}  password ${password}`);
      }
      for (const { email, password } of account.users) row('sign in as', `${email}  password ${password}`);
    }
  }
  if (server.adminToken !== undefined) {
    row('admin token', server.adminToken);
    row('', paint.dim('shown this once; set http.admin_token to choose your own'));
  }
}

/** A fault nobody caught is a bug. It is told, and the other calls go on. */
function survive(io: Io): void {
  const tell = (fault: unknown): void =>
    io.err(`bug: ${visible(fault instanceof Error ? (fault.stack ?? '') : String(fault))}`);
  process.on('uncaughtException', tell);
  process.on('unhandledRejection', tell);
  // Whoever read what is printed may go away (a pipe to `head`, a collector of logs that died). That there is nobody to tell
  // is nothing to tell.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
}

/** SIGTERM lets calls end first, or leaves them to the next start; SIGINT does neither; a second signal does not wait. SIGHUP:
 * certificates anew. */
function untilSignal(server: Running, io: Io): Promise<void> {
  return new Promise((resolve, reject) => {
    let draining = false;
    const stop = (): void => {
      server.stop().then(resolve, reject);
    };
    process.on('SIGINT', stop);
    process.on('SIGHUP', () => void server.reload());
    process.on('SIGTERM', () => {
      if (draining) {
        stop();
        return;
      }
      draining = true;
      if (server.config.shutdown.hand_over) {
        io.err('handing over: no new calls; those that stand go on in the next start');
        server.handOver().then(resolve, reject);
        return;
      }
      io.err(`draining: no new calls; running ones may end within ${server.config.shutdown.drain_seconds} s`);
      server.drain().then(stop, reject);
    });
  });
}

export async function start(options: { readonly config?: string }, io: Io): Promise<number> {
  const { loadConfig, startServer, version } = await import('../main.ts');
  survive(io);
  let server: Running;
  let app: Closing | undefined;
  try {
    let config = loadConfig(options.config);
    if (config.source === undefined) {
      const { EchoApp } = await import('../demo/index.ts');
      const echo = (app = await EchoApp.start());
      config = loadConfig(undefined, { demoApp: echo.url });
    }
    server = await startServer(config);
  } catch (fault) {
    io.err(`graine cannot start: ${messageOf(fault)}`);
    await app?.close();
    return 1;
  }
  greet(server, version, io);
  await untilSignal(server, io);
  await app?.close();
  return 0;
}
