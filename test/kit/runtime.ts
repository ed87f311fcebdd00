/** Which Node.js serves, and its flags: bin/runtime.js, which is not TypeScript. */
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const file = path.join(import.meta.dirname, '..', '..', 'bin', 'runtime.js');

export const { flags, runtime } = (await import(pathToFileURL(file).href)) as {
  readonly flags: readonly string[];
  runtime(this: void): string;
};
