// npm run ears: puts the recogniser that needs no network into ./ears (about 66 MB): the ONNX runtime of this platform and
// Moonshine tiny for English (MIT), both from npm, the model checked by its hash. Run on request only: by whoever wants it,
// and by the tests.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const folder = path.join(root, 'ears');
// 1.24.3: its library sends nothing home. That of 1.30.0 reports its use to Microsoft unless told not to.
const packages = ['onnxruntime-node@1.24.3', 'llama-tokenizer-js@1.2.2'];
const model = '@moonshine-ai/moonshine-js@0.1.29';
const files = {
  'encoder_model.onnx': 'c6fc4b7bc5af75c0591fd157a1f3829b533d18e9769a888fd95a62e470dd4f4a',
  'decoder_model_merged.onnx': 'eed87831c3a6103534aae7d47a5d485025c659a1323901513961c39fe8a1a367',
};

const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
const run = (command, args, cwd) => execFileSync(command, args, { cwd, stdio: ['ignore', 'ignore', 'inherit'] });

/** The whole of it, and of these very versions. */
export function earsInstalled() {
  if (!fs.existsSync(path.join(folder, 'tokens.json'))) return false;
  const made = JSON.parse(fs.readFileSync(path.join(folder, 'package.json'), 'utf8'));
  return JSON.stringify(made.madeOf) === JSON.stringify([...packages, model]);
}

/** Builds aside and moves into place, so that a half-made folder is never taken for a whole one. */
export async function installEars() {
  if (earsInstalled()) return;
  console.log('Installing the offline recogniser into ./ears …');
  const made = `${folder}.${process.pid}`;
  fs.mkdirSync(made, { recursive: true });
  try {
    fs.writeFileSync(
      path.join(made, 'package.json'),
      JSON.stringify({ name: 'graine-ears', private: true, madeOf: [...packages, model] }),
    );
    run(npm, ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error', ...packages], made);
    fetchModel(made);
    prune(path.join(made, 'node_modules/onnxruntime-node/bin/napi-v6'));
    await writeTokens(made);
    // Another process may have been quicker; what it made may be in use.
    if (earsInstalled()) return;
    fs.rmSync(folder, { recursive: true, force: true });
    fs.renameSync(made, folder);
  } finally {
    fs.rmSync(made, { recursive: true, force: true });
  }
}

/** The package alone, without what it depends on (534 MB for browsers). */
function fetchModel(made) {
  run(npm, ['pack', '--ignore-scripts', '--loglevel=error', model], made);
  const archive = fs.readdirSync(made).find((name) => name.endsWith('.tgz'));
  const from = 'package/dist/model/tiny/quantized';
  const wanted = [...Object.keys(files).map((name) => `${from}/${name}`), 'package/LICENSE'];
  run('tar', ['-xzf', archive, ...wanted], made);
  for (const [name, hash] of Object.entries(files)) {
    fs.renameSync(path.join(made, from, name), path.join(made, name));
    const found = createHash('sha256')
      .update(fs.readFileSync(path.join(made, name)))
      .digest('hex');
    if (found !== hash) throw new Error(`${name} of ${model} is not the known one: SHA-256 ${found}`);
  }
  fs.renameSync(path.join(made, 'package/LICENSE'), path.join(made, 'LICENSE.moonshine'));
  for (const name of [archive, 'package']) fs.rmSync(path.join(made, name), { recursive: true });
}

/** Other platforms' libraries go: 33 MB of 200 are left. */
function prune(bin) {
  for (const platform of fs.readdirSync(bin)) {
    for (const arch of fs.readdirSync(path.join(bin, platform)))
      if (platform !== process.platform || arch !== process.arch)
        fs.rmSync(path.join(bin, platform, arch), { recursive: true });
  }
}

/** The model's vocabulary, token by token: all the recogniser needs of the tokenizer. */
async function writeTokens(made) {
  const { default: tokenizer } = await import(
    pathToFileURL(path.join(made, 'node_modules/llama-tokenizer-js/llama-tokenizer.js')).href
  );
  fs.writeFileSync(path.join(made, 'tokens.json'), JSON.stringify(tokenizer.vocabById));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await installEars();
