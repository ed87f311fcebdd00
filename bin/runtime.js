/** Which Node.js serves calls, and how its V8 is set: docs/decisions/0031-own-runtime.md has the figures. */
import { createRequire } from 'node:module';
import v8 from 'node:v8';

/** Each isolate reads them when it is made, so the first two must be on the command line. */
export const flags = [
  // V8 forgets the shapes of objects that only ended calls had, and throws away the code compiled for them: in idle times by
  // collections that are to save memory, and else after two collections. The next call would run in the interpreter.
  '--no-memory-reducer',
  '--retain-maps-for-n-gc=100000',
  // Collecting young garbage on several threads costs a fifth more CPU a call than on one, and saves no time worth having:
  // a call leaves little behind (0005).
  '--no-parallel-scavenge',
  // What is made at one place may be a transaction's, kept for 32 s, or a call's, gone at once: V8 sees the first and puts
  // both among what lives long, where they keep alive all they name (0022).
  '--no-allocation-site-pretenuring',
  // As Node 20 has it. Node 26 takes more, which is a quarter more memory a standing call and saves nothing.
  '--max-semi-space-size=16',
];

const majorOf = (version) => Number.parseInt(version, 10);

/** The Node.js that came with Graine (runtime/package.json) or was installed beside it, if it is of a later major than this one.
 * @returns {string} the path of its binary */
export function runtime() {
  const name = `node-${process.platform}-${process.arch}`;
  for (const from of [new URL('../runtime/package.json', import.meta.url), import.meta.url]) {
    const require = createRequire(from);
    try {
      const { version } = require(`${name}/package.json`);
      if (majorOf(version) > majorOf(process.versions.node)) return require.resolve(`${name}/bin/node`);
    } catch {
      // Not there.
    }
  }
  return process.execPath;
}

/** Goes on as that Node.js with those flags: the same process, its environment, its standard streams; nothing else is open yet.
 * Returns where it is that already, or cannot be. */
export function serveOnRuntime() {
  if (process.execArgv.includes(flags[0])) return;
  // What may still be set here.
  for (const flag of flags) v8.setFlagsFromString(flag);
  // A channel to the parent (fork, pm2) would be cut.
  if (process.platform !== 'linux' || process.env['GRAINE_RUNTIME'] === 'own' || process.send !== undefined) return;
  try {
    const libc = createRequire(import.meta.url)('koffi').load(null);
    const execv = libc.func('int execv(const char *path, const char **argv)');
    const fcntl = libc.func('int fcntl(int fd, int command, ...)');
    const setDescriptorFlags = 2;
    // Node has set them to be closed.
    for (const standard of [0, 1, 2]) fcntl(standard, setDescriptorFlags, 'int', 0);
    const rest = [...flags, ...process.execArgv, ...process.argv.slice(1), null];
    // Comes back only where it could not: a binary without its loader (musl).
    for (const path of new Set([runtime(), process.execPath])) execv(path, [path, ...rest]);
  } catch {
    // No koffi for this platform: this Node.js serves.
  }
}
