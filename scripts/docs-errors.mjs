// Writes docs/errors.md from the registry of error codes, or with --check says what differs. Needs a build (dist/).
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
// The whole server, and what it loads only when it is needed.
for (const module of ['main', 'api/server', 'live/redis', 'live/standing-redis', 'store/postgres'])
  await import(`../dist/${module}.js`);
const { errorRegistry } = await import('../dist/base/index.js');

const cell = (text) => text.replaceAll('|', '\\|').replaceAll('\n', ' ');
const rows = [...errorRegistry()]
  .sort(([a], [b]) => (a < b ? -1 : 1))
  .map(([code, { message, fix, http }]) => `| \`${code}\` | ${http} | ${cell(message)} | ${cell(fix)} |`);
const text = `# Errors

Every error of Graine has a code that is never reused. \`{…}\` stands for the particulars. This page is written by
\`node scripts/docs-errors.mjs\`; a test fails when it is stale.

| code | HTTP | what happened | what to do |
| --- | --- | --- | --- |
${rows.join('\n')}
`;
const file = path.join(root, 'docs', 'errors.md');
if (!process.argv.includes('--check')) fs.writeFileSync(file, text);
else if (!fs.existsSync(file) || fs.readFileSync(file, 'utf8') !== text) {
  console.error('docs/errors.md is stale: node scripts/docs-errors.mjs');
  process.exit(1);
}
process.exit(0);
