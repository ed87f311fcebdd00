// Prints what bench/amd/fit.mjs finds on all labelled recordings, for src/media/detect/amd-model.ts:
//   node --import tsx bench/amd/train.mjs [folder]
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { readWav } from '../../src/media/files/wav.ts';
import { readCorpus } from './corpus.mjs';
import { fitLikelihood, fitModel } from './fit.mjs';

const folder = process.argv[2] ?? fileURLToPath(new URL('../../../shared/audio/amd', import.meta.url));
const rows = readCorpus(path.resolve(folder), readWav).filter(({ label }) => label === 'human' || label === 'machine');
console.log(JSON.stringify({ ...fitModel(rows), likelihood: fitLikelihood(rows) }, null, 2));
