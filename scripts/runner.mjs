// Runs compiled test files (compile-tests.mjs), each as a process of its own, so many at a time, in the order given. Shows what fails as it fails.
import { spawn } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const reporter = path.join(root, 'scripts', 'reporter.mjs');
/** Of what a file that fails has written to stderr, and of a fault told once more at the end. */
const LAST_LINES = 400;
const FIRST_LINES = 20;
/** More files than these that fail are no accident of a busy machine. */
const MOST_SUSPECTS = 3;
/** How long a file may go on when its tests are over. */
const LINGER_MS = 60_000;
/** How long a file that takes too long has to clear up. */
const GRACE_MS = 5000;

const none = () => ({ tests: 0, pass: 0, fail: 0, cancelled: 0, skipped: 0, todo: 0 });

/** One file, which is compiled at `at`, in one of the slots that run beside each other; resolves with its counts, failures and seconds. */
function runFile(file, { at, slot, timeout, show }) {
  const begun = performance.now();
  const counts = none();
  const failures = [];
  /** The tests that run, from the outermost in. */
  const running = new Map();
  let stderr = '';
  const fails = (name, fault) => {
    failures.push({ file, name, fault });
    show(`not ok ${file}: ${name}\n${fault}`);
  };
  const child = spawn(process.execPath, [`--test-reporter=${reporter}`, at], {
    cwd: root,
    env: { ...process.env, GRAINE_TEST_BUILT: '1', GRAINE_TEST_SLOT: String(slot) },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  child.stdout.resume();
  child.stderr.setEncoding('utf8');
  child.stderr.on('data', (text) => {
    stderr = (stderr + text).slice(-20_000);
  });
  child.on('message', ({ begun: name, passed, failed, nesting, skip, why, fault, count, is }) => {
    if (name !== undefined) running.set(nesting, name);
    else if (count === undefined) running.delete(nesting);
    if (skip !== undefined) show(`skipped ${file}: ${passed}: ${skip}`);
    // Of a suite, only that a part of it has failed, which was told.
    if (failed !== undefined && why !== 'subtestsFailed') fails(failed, fault);
    if (count !== undefined) counts[count] = is;
    rests();
  });
  let late;
  const stop = (why) => {
    late ??= why;
    child.kill('SIGTERM');
    setTimeout(() => child.kill('SIGKILL'), GRACE_MS).unref();
  };
  const timer = setTimeout(() => stop(`not done after ${timeout / 1000} s`), timeout);
  // Something it has opened and not closed keeps it; most often since a story failed.
  let linger;
  const rests = () => {
    clearTimeout(linger);
    if (running.size === 0) linger = setTimeout(() => stop('does not end when its tests are over'), LINGER_MS);
  };
  return new Promise((resolve) => {
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      clearTimeout(linger);
      const end = late ?? `ended with ${signal ?? code}`;
      const ofAll = late !== undefined || (code !== 0 && failures.length === 0);
      if (ofAll) fails('(the file)', `${end}, in: ${[...running.values()].join(' › ')}\n${tail(stderr, FIRST_LINES)}`);
      if (failures.length > counts.fail + counts.cancelled) counts.fail = failures.length - counts.cancelled;
      if (failures.length > 0 && stderr !== '') show(`stderr of ${file}:\n${tail(stderr, LAST_LINES)}`);
      resolve({ file, counts, failures, seconds: (performance.now() - begun) / 1000 });
    });
  });
}

function tail(text, lines) {
  return text.trimEnd().split('\n').slice(-lines).join('\n');
}

/** All files, of which `compiled` says where they are; resolves with the totals, what failed, and how long each took. */
export async function runTests(title, files, { concurrency, timeout, compiled, show = console.log }) {
  show(`\n── ${title} (${files.length} files)`);
  const begun = performance.now();
  const waiting = [...files];
  const results = [];
  const work = async (_, slot) => {
    for (let file = waiting.shift(); file !== undefined; file = waiting.shift())
      results.push(await runFile(file, { at: compiled.get(file), slot, timeout, show }));
  };
  await Promise.all(Array.from({ length: concurrency }, work));
  const counts = none();
  for (const result of results) for (const name of Object.keys(counts)) counts[name] += result.counts[name];
  const failures = results.flatMap((result) => result.failures);
  const longest = results
    .toSorted((a, b) => b.seconds - a.seconds)
    .slice(0, 5)
    .map(({ file, seconds }) => `${path.basename(file)} ${seconds.toFixed(0)} s`);
  const seconds = ((performance.now() - begun) / 1000).toFixed(0);
  show(`${counts.pass} passed, ${counts.fail + counts.cancelled} failed, ${counts.skipped} skipped, in ${seconds} s`);
  show(`longest: ${longest.join(', ')}`);
  return { counts, failures, results };
}

/** Files in which something failed, at most so many, are run once more, one at a time, on a machine that has nothing else to do: a
 * fault that is there then counts, one that is not is told as unsteady (docs/decisions/0030). Resolves with the same as
 * runTests, and `unsteady`: the failures that did not come again. */
export async function runAgain(ran, options) {
  const suspects = ran.results.filter(({ failures }) => failures.length > 0);
  if (suspects.length === 0 || suspects.length > MOST_SUSPECTS) return { ...ran, unsteady: [] };
  const files = suspects.map(({ file }) => file);
  const second = await runTests('what failed, once more and alone', files, { ...options, concurrency: 1 });
  const counts = { ...ran.counts };
  for (const name of Object.keys(counts)) {
    for (const suspect of suspects) counts[name] -= suspect.counts[name];
    counts[name] += second.counts[name];
  }
  const failed = new Set(second.failures.map(({ file }) => file));
  return {
    counts,
    failures: second.failures,
    results: [...ran.results.filter((result) => !suspects.includes(result)), ...second.results],
    unsteady: ran.failures.filter(({ file }) => !failed.has(file)),
  };
}

/** What failed, short: whoever reads a log may have its end only. */
export function failuresAgain(failures) {
  const shown = failures.slice(0, 10).map(({ file, name, fault }) => {
    // Where node:test itself is in the stack says nothing.
    const lines = fault
      .split('\n')
      .filter((line) => !/^\s+at .*\(?node:internal|^\s+at async (?:TestContext|Promise|play)|^\s*$/.test(line));
    const more = lines.length > FIRST_LINES ? `\n… ${lines.length - FIRST_LINES} more lines above` : '';
    return `✗ ${file}: ${name}\n${lines.slice(0, FIRST_LINES).join('\n')}${more}`;
  });
  const left = failures.length > shown.length ? [`… and ${failures.length - shown.length} more`] : [];
  return [...shown, ...left].join('\n');
}
