// The layers gate: every folder of src/ imports only what scripts/layers.json allows, only through the other
// folder's index.ts, and no files import each other in a circle. Reads imports only; needs no build.
//   node scripts/layers.mjs [root] [rules.json]
import fs from 'node:fs';
import path from 'node:path';

const [root = 'src', rulesFile = new URL('layers.json', import.meta.url)] = process.argv.slice(2);
const rules = JSON.parse(fs.readFileSync(rulesFile, 'utf8'));
const folders = Object.keys(rules).sort((a, b) => b.length - a.length);
const owner = (file) => folders.find((f) => file === f || file.startsWith(`${f}/`));
const isDoor = (file) => /(^|\/)index\.ts$/.test(file);
const importLine = /^\s*(?:import|export)\s(?:[^'"]*?\sfrom\s)?['"](\.[^'"]+)['"]/gm;
const graph = new Map();
let bad = 0;
const complain = (file, line, why) => {
  bad++;
  console.error(`${root}/${file}:${line}: ${why}`);
};

for (const file of fs.readdirSync(root, { recursive: true }).map(String)) {
  if (!file.endsWith('.ts') || file.endsWith('.d.ts')) continue;
  const test = file.endsWith('.test.ts');
  const from = owner(file);
  if (!from) {
    complain(file, 1, 'no layer owns this file');
    continue;
  }
  const text = fs.readFileSync(path.join(root, file), 'utf8');
  const edges = [];
  for (const found of text.matchAll(importLine)) {
    const line = text.slice(0, found.index).split('\n').length;
    const target = path.normalize(path.join(path.dirname(file), found[1]));
    if (target.startsWith('..')) {
      if (!test) complain(file, line, `leaves ${root}/`);
      continue;
    }
    if (!/^(import|export)\s+type\s/.test(found[0].trim())) edges.push(target);
    const to = owner(target);
    if (to === from) {
      if (isDoor(target) && !test) complain(file, line, 'imports its own index');
    } else if (!test && !rules[from].includes(to)) complain(file, line, `${from} must not import ${to ?? target}`);
    else if (!isDoor(target) && to !== target) complain(file, line, `reaches past the index of ${to}`);
  }
  if (!test) graph.set(file, edges);
}

const done = new Set();
function walk(file, trail) {
  const at = trail.indexOf(file);
  if (at >= 0) return complain(file, 1, `import circle: ${[...trail.slice(at), file].join(' > ')}`);
  if (done.has(file)) return undefined;
  for (const next of graph.get(file) ?? []) walk(next, [...trail, file]);
  done.add(file);
  return undefined;
}
for (const file of graph.keys()) walk(file, []);
process.exit(bad ? 1 : 0);
