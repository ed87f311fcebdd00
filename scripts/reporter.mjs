// How a test file that scripts/runner.mjs has started tells it what happens: as messages over the channel between them.
import fs from 'node:fs';
import { SourceMap } from 'node:module';
import path from 'node:path';
import { inspect } from 'node:util';

const maps = new Map();

/** Of a compiled file (compile-tests.mjs); undefined: it has none. */
function mapOf(file) {
  if (!maps.has(file)) {
    const map = `${file}.map`;
    maps.set(file, fs.existsSync(map) ? new SourceMap(JSON.parse(fs.readFileSync(map, 'utf8'))) : undefined);
  }
  return maps.get(file);
}

/** A stack trace as the sources have it. */
function inSources(text) {
  return text.replaceAll(/(?:file:\/\/)?(\/[^\s():]+\.mjs):(\d+):(\d+)/g, (all, file, line, column) => {
    const { originalSource, originalLine } = mapOf(file)?.findEntry(Number(line) - 1, Number(column) - 1) ?? {};
    if (originalSource === undefined) return all;
    return `${path.relative(process.cwd(), path.resolve(path.dirname(file), originalSource))}:${originalLine + 1}`;
  });
}

/** The fault of the test itself, not what node:test has wrapped it in. */
function faultOf({ error }) {
  const fault = error.cause ?? error;
  return inSources(typeof fault === 'string' ? fault : inspect(fault, { depth: 4, maxStringLength: null }));
}

// oxlint-disable-next-line require-yield -- node:test wants a generator; nothing is written
export default async function* report(events) {
  for await (const { type, data } of events) {
    const { name, nesting } = data;
    if (type === 'test:dequeue') process.send({ begun: name, nesting });
    else if (type === 'test:pass') process.send({ passed: name, nesting, skip: data.skip });
    else if (type === 'test:fail')
      process.send({ failed: name, nesting, why: data.details.error.failureType, fault: faultOf(data.details) });
    else if (type === 'test:diagnostic' && nesting === 0) {
      const [, count, is] = /^(tests|pass|fail|cancelled|skipped|todo) (\d+)$/.exec(data.message) ?? [];
      if (count !== undefined) process.send({ count, is: Number(is) });
    }
  }
}
