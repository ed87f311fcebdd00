/** Runs dist/start/graine.cjs (scripts/bundle.mjs) with what V8 has compiled of it before. */
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import vm from 'node:vm';
import { readableStacks } from './stacks.js';

/** @param {URL} url of graine.cjs */
export function runBundle(url) {
  const file = fileURLToPath(url);
  const beside = (ending) => file.replace(/cjs$/, ending);
  readableStacks(file);
  const script = new vm.Script(fs.readFileSync(file, 'latin1'), {
    filename: file,
    cachedData: read(beside('cache')),
  });
  // Only the build asks for it: the folder is nobody's to write to later.
  if (process.env['GRAINE_KEEP_CODE'] === '1') {
    process.once('exit', () => fs.writeFileSync(beside('cache'), script.createCachedData()));
  }
  const module = { exports: {} };
  const importModule = (specifier) => import(new URL(specifier, url).href);
  script.runInThisContext()(module.exports, createRequire(file), module, file, path.dirname(file), importModule);
}

/** Undefined: it compiles as it goes, which takes longer; so it does when V8 finds that the code is another version's. */
function read(file) {
  try {
    return fs.readFileSync(file);
  } catch {
    return undefined;
  }
}
