/** What is particular to one edge, and its files. The rest of the configuration, kamailio.cfg, is the same for every edge. */
import fs from 'node:fs';
import path from 'node:path';
import { scannerNames } from '../sip/transport/index.ts';

export type EdgeTransport = 'udp' | 'tcp' | 'tls' | 'ws' | 'wss';

export type EdgePlace = { readonly transport: EdgeTransport; readonly address: string; readonly port: number };

export type Edge = {
  /** Where the world reaches it. */
  readonly listen: readonly EdgePlace[];
  /** Address the world is told where it is not the listener's own (NAT in front). */
  readonly advertise?: string;
  /** Where nodes reach it, over UDP. One of `listen`, or an address of its own. */
  readonly inside: { readonly address: string; readonly port: number };
  /** Edges that stand in for this one, and it for them: address or address:port of theirs, outside and inside. What they wrote
   * into a Route is taken for this edge's own. */
  readonly peers: readonly string[];
  /** host:port of each node's UDP listener. */
  readonly nodes: readonly string[];
  readonly tls?: { readonly cert: string; readonly key: string };
  /** Web pages whose browsers may connect; none: all. */
  readonly origins: readonly string[];
  /** Addresses and networks that are never banned nor slowed. */
  readonly never: readonly string[];
  readonly banSeconds: number;
  /** Malformed requests within a minute that ban a source. */
  readonly faults: number;
  readonly messageBytes: number;
  /** Requests a second of a source that no node has let in yet. */
  readonly strangerRate: number;
  /** Between two OPTIONS to a node. */
  readonly pingSeconds: number;
  /** So many unanswered or refused in a row take a node out. */
  readonly pingsLost: number;
  /** So long a silent node may keep a request of its own call: longer than a hand-over takes. */
  readonly patienceMs: number;
  /** Processes for UDP, and as many for the streams. */
  readonly workers: number;
  /** Folder of the files where Kamailio runs. */
  readonly folder: string;
  /** Socket of kamcmd. */
  readonly control: string;
  /** What flows are signed with: letters, digits, `-` and `_`. The same for edges that stand in for each other. */
  readonly secret: string;
};

export const edgeFiles = ['kamailio.cfg', 'settings.cfg', 'dispatcher.list', 'tls.cfg'] as const;
export type EdgeFile = (typeof edgeFiles)[number];

/** Beside those, and nobody's business: what it says is not shown where files are compared. */
export const secretFile = 'secret.cfg';

const secure: ReadonlySet<EdgeTransport> = new Set(['tls', 'wss']);
const web: ReadonlySet<EdgeTransport> = new Set(['ws', 'wss']);

/** The text of every file. */
export function renderEdge(edge: Edge): Record<EdgeFile, string> {
  return {
    'kamailio.cfg': fs.readFileSync(path.join(import.meta.dirname, 'kamailio.cfg'), 'utf8'),
    'settings.cfg': settingsOf(edge),
    'dispatcher.list': nodesOf(edge),
    'tls.cfg': tlsOf(edge),
  };
}

/** The text of the file with the secret. */
export function renderSecret({ secret }: Pick<Edge, 'secret'>): string {
  return `# What this edge signs flows with. Written once by \`graine edge\`; keep it, and let Kamailio's user alone read it.\n${value('EDGE_SECRET', secret)}\n`;
}

/** What such a file says; undefined where it says nothing. */
export function secretIn(text: string): string | undefined {
  return /^#!substdef "!EDGE_SECRET!([\w-]{32,128})!g"$/m.exec(text)?.[1];
}

function settingsOf(edge: Edge): string {
  const webPorts = edge.listen.filter((each) => web.has(each.transport)).map(({ port }) => String(port));
  // What another edge had under way over UDP leaves from there.
  const out = edge.listen.find(({ transport }) => transport === 'udp') ?? edge.inside;
  const lines = [
    '# This edge. Written by `graine edge`.',
    `children=${edge.workers}`,
    `tcp_children=${edge.workers}`,
    ...listeners(edge),
    ...edge.peers.map((each) => `alias=${each}`),
    ...(edge.listen.some((each) => secure.has(each.transport)) ? ['#!define WITH_TLS'] : []),
    ...(webPorts.length > 0 ? ['#!define WITH_WS'] : []),
    ...(edge.origins.length > 0 ? ['#!define WITH_WS_ORIGINS'] : []),
    value('EDGE_INSIDE', place(edge.inside)),
    value('EDGE_OWN', [...new Set([...edge.listen, edge.inside].map(place))].map(exactly).join('|')),
    value('EDGE_OUT_ADDRESS', bracketed(out.address)),
    value('EDGE_OUT_PORT', out.port),
    value('EDGE_CONTROL', `unix:${edge.control}`),
    value('EDGE_NODES', path.posix.join(edge.folder, 'dispatcher.list')),
    value('EDGE_TLS', path.posix.join(edge.folder, 'tls.cfg')),
    value('EDGE_PING_SECONDS', edge.pingSeconds),
    value('EDGE_PINGS_LOST', edge.pingsLost),
    value('EDGE_PATIENCE_MS', edge.patienceMs),
    value('EDGE_BAN_SECONDS', edge.banSeconds),
    // pike counts over two seconds.
    value('EDGE_STRANGER_REQUESTS', edge.strangerRate * 2),
    // A list that is empty is none that Kamailio reads; nobody comes from this one.
    value('EDGE_NEVER', edge.never.length === 0 ? '192.0.2.255/32' : edge.never.map(network).join(',')),
    value('EDGE_SCANNERS', scannerNames.join('|')),
    value('EDGE_MESSAGE_BYTES', edge.messageBytes),
    value('EDGE_FAULTS', edge.faults),
    value('EDGE_WS_PORTS', webPorts.join('|')),
    value('EDGE_WS_ORIGINS', edge.origins.map((each) => each.replace(/[^\w:/-]/g, '[$&]')).join('|')),
  ];
  return `${lines.join('\n')}\n`;
}

/** Every socket once: a WebSocket listener is one of TCP or TLS for Kamailio. */
function listeners(edge: Edge): string[] {
  const all = [...edge.listen, { transport: 'udp' as const, ...edge.inside }];
  const inner = `udp:${place(edge.inside)}`;
  const lines = all.map(({ transport, address, port }) => {
    const socket = `${socketOf(transport)}:${place({ address, port })}`;
    const told =
      edge.advertise === undefined || socket === inner ? '' : ` advertise ${bracketed(edge.advertise)}:${port}`;
    return `listen=${socket}${told}`;
  });
  return [...new Set(lines)];
}

function socketOf(transport: EdgeTransport): 'udp' | 'tcp' | 'tls' {
  if (transport === 'udp') return 'udp';
  return secure.has(transport) ? 'tls' : 'tcp';
}

function nodesOf({ nodes }: Edge): string {
  const lines = nodes.map((node) => `1 sip:${node} 0 0`);
  return `# The nodes. Written by \`graine edge\`; \`kamcmd dispatcher.reload\` reads it anew.\n${lines.join('\n')}\n`;
}

function tlsOf({ tls }: Edge): string {
  if (tls === undefined) return '# No listener of this edge needs a certificate.\n';
  return [
    '# Written by `graine edge`. `kamcmd tls.reload` reads new certificates.',
    '[server:default]',
    'method = TLSv1.2+',
    'verify_certificate = no',
    'require_certificate = no',
    `certificate = ${tls.cert}`,
    `private_key = ${tls.key}`,
    '',
    '[client:default]',
    'method = TLSv1.2+',
    'verify_certificate = yes',
    'require_certificate = yes',
    'ca_path = /etc/ssl/certs',
    '',
  ].join('\n');
}

function value(name: string, text: string | number): string {
  return `#!substdef "!${name}!${text}!g"`;
}

function place({ address, port }: { readonly address: string; readonly port: number }): string {
  return `${bracketed(address)}:${port}`;
}

function bracketed(address: string): string {
  return address.includes(':') ? `[${address}]` : address;
}

/** As a regular expression that means this text. */
function exactly(text: string): string {
  return text.replace(/[.[\]]/g, '[$&]');
}

function network(text: string): string {
  if (text.includes('/')) return text;
  return `${text}/${text.includes(':') ? 128 : 32}`;
}
