import { createRequire } from 'node:module';

/** Of package.json: the same file from src/ and from dist/. */
export const version = (createRequire(import.meta.url)('../../package.json') as { version: string }).version;
