// The layers gate: every folder of src/ imports only what scripts/layers.json allows, only through the other
// folder's index.ts, and no files import each other in a circle. Reads imports only; needs no build.
//   node scripts/layers.mjs [root] [rules.json]
import fs from 'node:fs';
import path from 'node:path';

const [root = 'src', rulesFile = new URL('layers.json', import.meta.url)] = process.argv.slice(2);
const rules = JSON.parse(fs.readFileSync(rulesFile, 'utf8'));
const folders = Object.keys(rules).sort((a, b) => b.length - a.length);
const owner = (file) => folders.find((f) => file === f || file.startsWith(`${f}/`));
const isDoor = (file) => /(^|\/)index\.tsx?$/.test(file);
const importLine = /^\s*(?:import|export)\s(?:[^'"]*?\sfrom\s)?['"](\.[^'"]+)['"]/gm;
const graph = new Map();
let bad = 0;
const complain = (file, line, why) => {
  bad++;
  console.error(`${root}/${file}:${line}: ${why}`);
};

/** What is wrong with importing this; undefined when nothing is. Tests may look into every folder, through its door. */
function judge({ from, target, test }) {
  if (target.startsWith('..')) return test ? undefined : `leaves ${root}/`;
  const to = owner(target);
  if (to === from) return isDoor(target) && !test ? 'imports its own index' : undefined;
  if (!test && !rules[from].includes(to)) return `${from} must not import ${to ?? target}`;
  return isDoor(target) || to === target ? undefined : `reaches past the index of ${to}`;
}

for (const file of fs.readdirSync(root, { recursive: true }).map(String)) {
  if (!/\.tsx?$/.test(file) || file.endsWith('.d.ts')) continue;
  const test = file.endsWith('.test.ts');
  const from = owner(file);
  if (!from) {
    complain(file, 1, 'no layer owns this file');
    continue;
  }
  const text = fs.readFileSync(path.join(root, file), 'utf8');
  const edges = [];
  for (const found of text.matchAll(importLine)) {
    if (found[1].endsWith('.css')) continue;
    const line = text.slice(0, found.index).split('\n').length;
    const target = path.normalize(path.join(path.dirname(file), found[1]));
    const fault = judge({ from, target, test });
    if (fault !== undefined) complain(file, line, fault);
    if (!target.startsWith('..') && !/^(import|export)\s+type\s/.test(found[0].trim())) edges.push(target);
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
