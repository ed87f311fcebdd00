/** `docs/config.md`, made from the schema. `scripts/docs-config.mjs` writes it; a test fails when it is stale. */
import type { Shape } from './reader.ts';
import { schema } from './schema.ts';

const head = `# Configuration

\`npm start\` reads \`./graine.yaml\`; \`--config FILE\` or \`GRAINE_CONFIG\` names another file. Without one a built-in demo
configuration is served. An unknown key or a wrong value stops the start, and every fault is listed with its line. Relative
paths are taken from the file's folder. \`GRAINE_LOG=debug\` sets the log level, \`GRAINE_DEBUG=sip.transaction,media\` makes areas log every move.
\`graine config\` prints the effective values, secrets hidden.

This page is made from the schema by \`node --import tsx scripts/docs-config.mjs\`.
`;

export function configDocument(): string {
  const sections = Object.entries((schema as unknown as Shape).properties ?? {}).map(([name, shape]) => {
    const rows = rowsOf(shape, name, 'required');
    const table = ['| key | value | default | meaning |', '| --- | --- | --- | --- |', ...rows].join('\n');
    return `\n## ${name}\n\n${shape.description ?? ''}.\n\n${table}\n`;
  });
  return head + sections.join('');
}

function rowsOf(shape: Shape, path: string, without: string): string[] {
  if (shape.type === 'array' && shape.items?.properties !== undefined) {
    return childrenOf(shape.items, `${path}[]`);
  }
  if (shape.properties !== undefined) return childrenOf(shape, path);
  const fallback = 'default' in shape ? code(JSON.stringify(shape.default)) : without;
  const secret = shape.secret === true ? ' (secret)' : '';
  const rows = [`| \`${path}\` | ${kindOf(shape)}${secret} | ${fallback} | ${cell(shape.description ?? '')} |`];
  const object = shape.anyOf?.find((each) => each.properties !== undefined);
  return object === undefined ? rows : [...rows, ...childrenOf(object, path)];
}

function childrenOf(shape: Shape, path: string): string[] {
  return Object.entries(shape.properties ?? {}).flatMap(([key, part]) => {
    const without = shape.required?.includes(key) === true ? 'required' : '–';
    return rowsOf(part, `${path}.${key}`, without);
  });
}

function kindOf(shape: Shape): string {
  if (shape.anyOf !== undefined) return 'text, or keys and values';
  if (shape.enum !== undefined) return shape.enum.map(code).join(', ');
  switch (shape.type) {
    case 'string':
      return 'text';
    case 'boolean':
      return 'true, false';
    case 'integer':
      return `${shape.minimum} to ${shape.maximum}`;
    case 'number':
      return `above ${shape.exclusiveMinimum}, to ${shape.maximum}`;
    case 'array':
      return shape.items?.type === 'string' ? 'list of texts' : 'list';
    default:
      return 'keys and values';
  }
}

function code(text: string): string {
  return `\`${cell(text)}\``;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}
