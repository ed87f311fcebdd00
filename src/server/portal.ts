/** What the portal is told of this server. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Listening } from '../sip/transport/index.ts';

/** The built pages, beside the built server; undefined: they were not built. */
export function portalFolder(): string | undefined {
  const folder = fileURLToPath(new URL('../../dist/portal', import.meta.url));
  return existsSync(`${folder}/index.html`) ? folder : undefined;
}

/** Where a browser's softphone reaches us. */
export function portalSip(
  listening: readonly Listening[],
  realm: string,
): { ws: string | undefined; wss: string | undefined; realm: string } {
  const urlOf = (transport: 'ws' | 'wss'): string | undefined => {
    const found = listening.find((each) => each.transport === transport);
    if (found === undefined) return undefined;
    const { advertisedHost: host, advertisedPort: port } = found;
    return `${transport}://${host.includes(':') ? `[${host}]` : host}:${port}`;
  };
  return { ws: urlOf('ws'), wss: urlOf('wss'), realm };
}
