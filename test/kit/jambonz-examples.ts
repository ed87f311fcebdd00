/** The examples that the jambonz packages publish with their schemas and tests: the input of the compatibility tests. */
import { createRequire } from 'node:module';
import fs from 'node:fs';
import path from 'node:path';

const require = createRequire(import.meta.url);
type Example = { readonly from: string; readonly verb: Record<string, unknown> };

function folderOf(name: string): string {
  return path.dirname(require.resolve(`${name}/package.json`));
}

function readJson(file: string): unknown {
  return JSON.parse(fs.readFileSync(file, 'utf8'));
}

/** `examples` of each verb's schema in @jambonz/schema. */
export function schemaExamples(): Example[] {
  const folder = path.join(path.dirname(require.resolve('@jambonz/schema')), 'verbs');
  return fs.readdirSync(folder).flatMap((file) => {
    const { examples = [] } = readJson(path.join(folder, file)) as { examples?: Record<string, unknown>[] };
    return examples.map((verb, at) => ({ from: `@jambonz/schema ${file} ${at}`, verb }));
  });
}

/** The verbs that the tests of @jambonz/verb-specifications call correct. The test file is run with a `validate` that only
 * listens. */
export function specificationExamples(): Example[] {
  const file = path.join(folderOf('@jambonz/verb-specifications'), 'test/jambonz-verb-test.js');
  const found: Example[] = [];
  const tests: [name: string, run: (t: unknown) => unknown][] = [];
  const stub = (name: string): unknown => {
    if (name === 'tape') return (title: string, run: (t: unknown) => unknown) => tests.push([title, run]);
    if (name === '..') return { validate: (_: unknown, verbs: Record<string, unknown>[]) => collect(verbs) };
    return () => ({});
  };
  const collect = (verbs: Record<string, unknown>[]): void => {
    for (const verb of verbs) found.push({ from: `verb-specifications test ${found.length}`, verb });
  };
  // oxlint-disable-next-line typescript/no-implied-eval, no-new-func -- a file of a package that is pinned, run as it is
  new Function('require', 'verbs', fs.readFileSync(file, 'utf8'))(stub, []);
  const ignored = { ok: () => {}, fail: () => {}, end: () => {} };
  for (const [title, run] of tests) if (title.startsWith('validate correct')) void run(ignored);
  return found;
}

/** The documents that the tests of @jambonz/node-client call good, and those they call bad. */
export function clientDocuments(kind: 'good' | 'bad'): { from: string; document: unknown }[] {
  const folder = path.join(folderOf('@jambonz/node-client'), 'test/data', kind);
  return fs
    .readdirSync(folder)
    .map((file) => ({ from: `node-client ${kind}/${file}`, document: readJson(path.join(folder, file)) }));
}
