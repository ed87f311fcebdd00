/** The configuration as the server uses it: the file's names, defaults filled in, values parsed, everything frozen. */
import os from 'node:os';
import path from 'node:path';
import type { Raw } from './schema.ts';
import {
  edgesIn,
  isLoopback,
  isWildcard,
  type Listener,
  parseBase,
  parseListener,
  parsePlace,
  parsePorts,
} from './values.ts';

export type Config = {
  /** The file; undefined: the built-in demo configuration. */
  readonly source: string | undefined;
  readonly sip: Omit<Raw['sip'], 'listen' | 'domain' | 'outbound_edge'> & {
    /** In the order to try them. */
    readonly outbound_edge: readonly { readonly address: string; readonly port: number }[];
    readonly listen: readonly Listener[];
    readonly domain: string;
  };
  readonly calls: Raw['calls'];
  readonly media: Omit<Raw['media'], 'ports' | 'address' | 'workers'> & {
    readonly ports: { readonly first: number; readonly last: number };
    readonly address: string;
    readonly workers: number;
  };
  readonly http: Omit<Raw['http'], 'listen'> & { readonly listen: { readonly address: string; readonly port: number } };
  readonly store: Raw['store'];
  readonly live: Raw['live'];
  readonly hooks: Raw['hooks'] & { readonly allow_private_addresses: boolean };
  readonly trace: Raw['trace'];
  readonly speech: Raw['speech'];
  readonly log: Raw['log'];
  readonly shutdown: Raw['shutdown'];
  readonly accounts: Raw['accounts'];
  /** secret: keys that seal the store, when the environment gives them; the first seals, the others still open. */
  readonly secretKeys: readonly string[];
  /** Lines of what the file names; what is not in here is a default. For `printConfig`. */
  readonly lines: ReadonlyMap<string, number>;
};

/** `raw` has passed every check. Relative paths are taken from `folder`. */
export function configOf(
  raw: Raw,
  from: {
    source: string | undefined;
    folder: string;
    lines: ReadonlyMap<string, number>;
    secretKeys: readonly string[];
  },
): Config {
  const listen = raw.sip.listen.flatMap((each) => parseListener(each) ?? []);
  const web = parsePlace(raw.http.listen, 3000) ?? { address: '127.0.0.1', port: 3000 };
  const first = listen[0]?.address ?? '127.0.0.1';
  const own = isWildcard(first) ? (raw.sip.advertise ?? '127.0.0.1') : first;
  const domain = raw.sip.domain ?? raw.sip.advertise ?? own;
  const local = [...listen, web].every((each) => isLoopback(each.address));
  const mediaAddress = raw.media.address ?? first;
  const resolve = (file: string): string => path.resolve(from.folder, file);
  const { tls, outbound_edge: edge, ...sip } = raw.sip;
  const config: Config = {
    ...raw,
    source: from.source,
    lines: from.lines,
    secretKeys: from.secretKeys,
    sip: {
      ...sip,
      outbound_edge: edgesIn(edge).flatMap((each) => parsePlace(each, 5060) ?? []),
      listen,
      domain,
      ...(tls && { tls: certificatePaths(tls, resolve) }),
    },
    media: {
      ...raw.media,
      ports: parsePorts(raw.media.ports) ?? { first: 40_000, last: 49_999 },
      address: mediaAddress,
      workers: raw.media.workers ?? Math.max(1, os.availableParallelism() - 1),
      recordings: resolve(raw.media.recordings),
      ...(raw.media.sounds_dir === undefined ? {} : { sounds_dir: resolve(raw.media.sounds_dir) }),
    },
    http: { ...httpOf(raw.http, web), ...nodeUrl(raw.http.node_url, web, mediaAddress) },
    store: storeOf(raw.store, resolve),
    hooks: { ...raw.hooks, allow_private_addresses: raw.hooks.allow_private_addresses ?? local },
    speech: {
      ...raw.speech,
      ...(raw.speech.ears_folder === undefined ? {} : { ears_folder: resolve(raw.speech.ears_folder) }),
      ...(raw.speech.cache_folder === undefined ? {} : { cache_folder: resolve(raw.speech.cache_folder) }),
    },
    trace: { ...raw.trace, ...(raw.trace.folder === undefined ? {} : { folder: resolve(raw.trace.folder) }) },
    accounts: raw.accounts.map((each) => ({
      ...each,
      sip_realm: each.sip_realm ?? domain,
      carriers: each.carriers.map((carrier) => ({
        ...carrier,
        gateways: carrier.gateways.map((gateway) => withPaths(gateway, resolve)),
      })),
    })),
  };
  return freeze(config);
}

function httpOf(http: Raw['http'], listen: Config['http']['listen']): Config['http'] {
  const { public_url: url } = http;
  return { ...http, listen, ...(url === undefined ? {} : { public_url: parseBase(url) ?? url }) };
}

/** Where other nodes reach REST. A port that is not chosen yet says nothing. */
function nodeUrl(
  given: string | undefined,
  { address, port }: { address: string; port: number },
  mediaAddress: string,
): { node_url?: string } {
  if (given !== undefined || port === 0) return given === undefined ? {} : { node_url: given };
  const host = isWildcard(address) ? mediaAddress : address;
  return { node_url: `http://${host.includes(':') ? `[${host}]` : host}:${port}` };
}

/** A shared database has no folder of its own: its key lies beside the configuration. */
function storeOf(store: Raw['store'], resolve: (file: string) => string): Raw['store'] {
  const url = storeUrl(store.url, resolve);
  const file = store.key_file ?? (url.startsWith('postgres') ? 'secret.key' : undefined);
  return { ...store, url, ...(file === undefined ? {} : { key_file: resolve(file) }) };
}

function storeUrl(url: string, resolve: (file: string) => string): string {
  return url.startsWith('file:') && !url.startsWith('file://') ? `file:${resolve(url.slice(5))}` : url;
}

function freeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  for (const each of Object.values(value)) freeze(each);
  return Object.freeze(value);
}

type RawTls = NonNullable<Raw['sip']['tls']>;

function certificatePaths({ cert, key, ca, client_ca, domains }: RawTls, resolve: (file: string) => string): RawTls {
  const pair = <T extends { cert: string; key: string }>(files: T): T => {
    return { ...files, cert: resolve(files.cert), key: resolve(files.key) };
  };
  return {
    ...pair({ cert, key }),
    ...(ca === undefined ? {} : { ca: resolve(ca) }),
    ...(client_ca === undefined ? {} : { client_ca: resolve(client_ca) }),
    ...(domains === undefined ? {} : { domains: domains.map(pair) }),
  };
}

type RawGateway = Raw['accounts'][number]['carriers'][number]['gateways'][number];

function withPaths(gateway: RawGateway, resolve: (file: string) => string): RawGateway {
  const { tls } = gateway;
  if (tls === undefined) return gateway;
  const { client_cert, client_key, ca } = tls;
  return {
    ...gateway,
    tls: {
      ...tls,
      ...(client_cert === undefined ? {} : { client_cert: resolve(client_cert) }),
      ...(client_key === undefined ? {} : { client_key: resolve(client_key) }),
      ...(ca === undefined ? {} : { ca: resolve(ca) }),
    },
  };
}
