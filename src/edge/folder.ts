/** The files of an edge on disk. */
import fs from 'node:fs';
import path from 'node:path';
import { messageOf } from '../base/index.ts';
import type { EdgeInput } from './input.ts';
import { type Edge, type EdgeFile, edgeFiles, renderEdge, renderSecret, secretFile, secretIn } from './settings.ts';

/** What was said when the files were written. */
const saidFile = 'edge.json';

export function writeEdge(folder: string, edge: Edge, said: EdgeInput): void {
  fs.mkdirSync(folder, { recursive: true });
  const files = renderEdge(edge);
  for (const name of edgeFiles) fs.writeFileSync(path.join(folder, name), files[name]);
  fs.writeFileSync(path.join(folder, secretFile), renderSecret(edge), { mode: 0o640 });
  fs.writeFileSync(path.join(folder, saidFile), `${JSON.stringify(said, null, 2)}\n`);
}

/** What flows are signed with, of the files that are there. */
export function secretOf(folder: string): string | undefined {
  const file = path.join(folder, secretFile);
  return fs.existsSync(file) ? secretIn(fs.readFileSync(file, 'utf8')) : undefined;
}

/** Nothing, when nothing was written there. Throws when it cannot be read. */
export function saidOf(folder: string): EdgeInput {
  const file = path.join(folder, saidFile);
  if (!fs.existsSync(file)) return {};
  try {
    const said: unknown = JSON.parse(fs.readFileSync(file, 'utf8'));
    if (typeof said === 'object' && said !== null) return said;
  } catch (fault) {
    throw new Error(`${file} cannot be read (${messageOf(fault)}). Remove it, and name everything anew`, {
      cause: fault,
    });
  }
  throw new Error(`${file} is no JSON object. Remove it, and name everything anew`);
}

export type Difference = { readonly name: EdgeFile | typeof secretFile; readonly what: 'missing' | 'other' };

/** Files that are not what would be written now. */
export function differences(folder: string, files: Readonly<Record<EdgeFile, string>>): Difference[] {
  return edgeFiles.flatMap((name): Difference[] => {
    const file = path.join(folder, name);
    if (!fs.existsSync(file)) return [{ name, what: 'missing' }];
    return fs.readFileSync(file, 'utf8') === files[name] ? [] : [{ name, what: 'other' }];
  });
}

/** The nodes that the files name. */
export function nodesIn(folder: string): string[] {
  const file = path.join(folder, 'dispatcher.list');
  const text = fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : '';
  return [...text.matchAll(/^1 sip:(\S+)/gm)].map(([, node = '']) => node);
}
