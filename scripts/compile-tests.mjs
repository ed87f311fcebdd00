// The tests as plain JavaScript in dist-tests/: what 350 processes load need not be compiled 350 times. What tests share is in chunks that
// they share; workers and the portal are those of dist/, which must be there. One file by hand still runs from its sources, with tsx.
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
export const folder = path.join(root, 'dist-tests');
const src = path.join(root, 'src');

/** Where a module believes to be: tests where they are, with their fixtures; the product in dist/, with its workers. */
function placeOf(file) {
  const product = file.startsWith(src + path.sep) && !file.endsWith('.test.ts');
  return product ? path.join(root, 'dist', path.relative(src, file)).replace(/\.ts$/, '.js') : file;
}

const places = {
  name: 'places',
  setup(on) {
    on.onLoad({ filter: /\.ts$/ }, ({ path: file }) => {
      if (file.includes(`${path.sep}node_modules${path.sep}`)) return;
      const place = placeOf(file);
      const known = { url: pathToFileURL(place).href, dirname: path.dirname(place), filename: place };
      const contents = fs
        .readFileSync(file, 'utf8')
        .replaceAll(/\bimport\.meta\.(url|dirname|filename)\b/g, (_, name) => JSON.stringify(known[name]));
      return { contents, loader: 'ts' };
    });
  },
};

/** Resolves with where each of these test files (`src/….test.ts`, from the root) is now. */
export async function compileTests(files) {
  // Not there yet while a bare clone installs it.
  const { build } = await import('esbuild');
  fs.rmSync(folder, { recursive: true, force: true });
  await build({
    absWorkingDir: root,
    entryPoints: files,
    outbase: root,
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    packages: 'external',
    // Read where something fails (reporter.mjs).
    sourcemap: 'external',
    sourcesContent: false,
    logLevel: 'warning',
    plugins: [places],
  });
  return new Map(files.map((file) => [file, path.join(folder, file.replace(/\.ts$/, '.mjs'))]));
}
