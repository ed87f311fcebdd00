// Writes docs/config.md from the schema: node --import tsx scripts/docs-config.mjs
import { writeFileSync } from 'node:fs';
import { configDocument } from '../src/config/index.ts';

writeFileSync(new URL('../docs/config.md', import.meta.url), configDocument());
