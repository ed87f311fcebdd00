/** What a process tree costs, read from /proc: CPU time, memory, descriptors. */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';

const tickMs = 1000 / Number(execFileSync('getconf', ['CLK_TCK']).toString());

function stat(pid) {
  const text = fs.readFileSync(`/proc/${pid}/stat`, 'latin1');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return { parent: Number(fields[1]), cpuMs: (Number(fields[11]) + Number(fields[12])) * tickMs };
}

/** Every process of the machine; threads are counted in their process. */
function everything() {
  const all = new Map();
  for (const name of fs.readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      all.set(Number(name), stat(name));
    } catch {
      // It ended meanwhile.
    }
  }
  return all;
}

function treeOf(roots, all = everything()) {
  const tree = new Set(roots);
  for (let size = 0; size !== tree.size;) {
    size = tree.size;
    for (const [pid, { parent }] of all) if (tree.has(parent)) tree.add(pid);
  }
  return tree;
}

const sum = (list) => list.reduce((total, each) => total + each, 0);

/** User and system milliseconds so far of these processes and all their children. */
export function cpuOf(roots) {
  const all = everything();
  return sum([...treeOf(roots, all)].map((pid) => all.get(pid)?.cpuMs ?? 0));
}

/** Milliseconds so far of each thread: main first, then the others as they were started. */
export function threadsOf(pid) {
  return fs
    .readdirSync(`/proc/${pid}/task`)
    .map(Number)
    .sort((a, b) => a - b)
    .map((task) => {
      const [ran] = fs.readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'latin1').split(' ');
      return { task, name: fs.readFileSync(`/proc/${pid}/task/${task}/comm`, 'latin1').trim(), ms: Number(ran) / 1e6 };
    });
}

/** KiB: resident, and proportional (a page that n processes share counts 1/n). */
export function memoryOf(roots) {
  let rss = 0;
  let pss = 0;
  for (const pid of treeOf(roots)) {
    try {
      const text = fs.readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1');
      rss += Number(/^Rss:\s+(\d+)/m.exec(text)?.[1] ?? 0);
      pss += Number(/^Pss:\s+(\d+)/m.exec(text)?.[1] ?? 0);
    } catch {
      // It ended meanwhile.
    }
  }
  return { rss, pss };
}

export function descriptorsOf(roots) {
  return sum([...treeOf(roots)].map((pid) => fs.readdirSync(`/proc/${pid}/fd`).length));
}

/** How busy everything that is not ours was meanwhile, in percent of one core: the noise of the run. */
export function noiseMeter() {
  const before = everything();
  const start = performance.now();
  return (ours) => {
    const after = everything();
    const mine = treeOf([process.pid, ...ours], after);
    let others = 0;
    for (const [pid, { cpuMs }] of after) if (!mine.has(pid)) others += cpuMs - (before.get(pid)?.cpuMs ?? 0);
    return Math.round((others / (performance.now() - start)) * 100);
  };
}

/** Waits, for `seconds` at most, until the rest of the machine leaves us most of a core for two seconds. */
export async function calm(seconds, ours) {
  for (let quiet = 0, waited = 0; quiet < 2 && waited < seconds; waited++) {
    const busy = noiseMeter();
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    quiet = busy(ours) < 30 ? quiet + 1 : 0;
  }
}
