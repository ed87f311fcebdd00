/** `graine start`: the server in the foreground, until SIGTERM or Ctrl-C. */
import pc from 'picocolors';
import { type Config, loadConfig, type Server, startServer, version } from '../main.ts';

/** Resolves with the exit code when the server has ended. */
export async function start(file: string | undefined): Promise<number> {
  const config = loadConfig(file);
  const server = await startServer(config);
  console.log(welcome(config, server));
  return new Promise((resolve) => {
    let asked = 0;
    const end = (signal: string): void => {
      asked++;
      if (asked > 2) return;
      const waiting = asked === 1 && signal === 'SIGTERM' && config.shutdown.drain_seconds > 0;
      if (waiting)
        console.log(
          `No new calls; running ones may go on for ${config.shutdown.drain_seconds} s. Signal again to end now.`,
        );
      const drained = waiting ? server.drain() : Promise.resolve();
      // The second signal does not wait for the first one's drain.
      void drained.then(() => server.stop()).then(() => resolve(0));
    };
    process.on('SIGTERM', () => end('SIGTERM'));
    process.on('SIGINT', () => end('SIGINT'));
  });
}

function welcome(config: Config, server: Server): string {
  const portal = `http://${server.http.address}:${server.http.port}`;
  const lines = [
    '',
    `  ${pc.bold('Graine')} ${version}   ${config.source ?? 'built-in demo configuration (no graine.yaml here)'}`,
    '',
    ...server.sip.map((each) => `  SIP      ${each.transport}://${each.address}:${each.port}`),
    `  REST     ${portal}/v1    OpenAPI ${portal}/openapi.json    health ${portal}/readyz`,
  ];
  for (const account of config.accounts) {
    for (const client of account.clients) {
      // The built-in users' passwords are public; a file's are not ours to show.
      const password = config.source === undefined ? client.password : '(password of the file)';
      lines.push(`  user     ${client.username}@${account.sip_realm ?? config.sip.domain}   ${password}`);
    }
  }
  if (server.adminToken !== undefined)
    lines.push('', `  ${pc.bold('Admin token')} (shown this once): ${server.adminToken}`);
  return `${lines.join('\n')}\n`;
}
