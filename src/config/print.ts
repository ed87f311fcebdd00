/** The effective configuration as YAML, each default marked, secrets hidden. */
import { Document, isMap, isScalar, isSeq } from 'yaml';
import type { Config } from './config.ts';
import type { Shape } from './reader.ts';
import { schema } from './schema.ts';

const hidden = '********';

/** Safe to show: passwords, tokens and secrets are replaced. */
export function printConfig(config: Config): string {
  const { source, lines, secretKeys: _, ...rest } = config;
  const { outbound_edge: edges } = rest.sip;
  const shown = {
    ...rest,
    sip: {
      ...rest.sip,
      listen: rest.sip.listen.map((each) => `${each.transport}://${place(each)}`),
      outbound_edge: edges.length === 0 ? undefined : edges.map(place).join(','),
    },
    media: { ...rest.media, ports: `${rest.media.ports.first}-${rest.media.ports.last}` },
    http: { ...rest.http, listen: place(rest.http.listen) },
  };
  const from = source === undefined ? 'built in: no file was given, and there is no ./graine.yaml' : source;
  const document = new Document(mask(shown, schema as unknown as Shape), { aliasDuplicateObjects: false });
  markDefaults(document.contents, '', lines);
  return `# ${from}\n${document.toString({ lineWidth: 120 })}`;
}

/** `# default` behind every value that the file does not name. */
function markDefaults(node: unknown, path: string, lines: ReadonlyMap<string, number>): void {
  if (!isMap(node)) return;
  for (const { key, value } of node.items) {
    const name = isScalar(key) ? String(key.value) : '';
    const here = path === '' ? name : `${path}.${name}`;
    if (isScalar(value) && !lines.has(here)) value.comment = ' default';
    else if (isSeq(value) && !lines.has(here)) value.commentBefore = ' default';
    else markDefaults(value, here, lines);
  }
}

function place({ address, port }: { readonly address: string; readonly port: number }): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

function mask(value: unknown, shape: Shape | undefined): unknown {
  if (value === undefined || shape === undefined) return value;
  if (shape.secret === true) return hidden;
  if (shape.url === true && typeof value === 'string') return value.replace(/^(\w+:\/\/[^:/@]*):.*@/, `$1:${hidden}@`);
  if (Array.isArray(value)) return value.map((each) => mask(each, shape.items));
  if (typeof value !== 'object' || value === null) return maskUrl(value);
  const part = shape.anyOf?.find((each) => each.type === 'object') ?? shape;
  const entries = Object.entries(value).filter(([, each]) => each !== undefined);
  return Object.fromEntries(entries.map(([key, each]) => [key, mask(each, part.properties?.[key] ?? {})]));
}

/** A hook may carry its password in the URL. */
function maskUrl(value: unknown): unknown {
  return typeof value === 'string' ? value.replace(/^(\w+:\/\/[^:/@]*):[^/]*@/, `$1:${hidden}@`) : value;
}
