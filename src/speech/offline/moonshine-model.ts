/** Moonshine tiny (English): 16 kHz sound to text, on the ONNX runtime. The encoder hears the whole utterance; the decoder
 * says one token after the other, greedily, keeping what it computed for the tokens before (its cache). */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import type { Heard } from '../stt/utterance-ear.ts';

/** What of the runtime is used. */
type Tensor = { readonly data: Float32Array };
type Tensors = { readonly [name: string]: Tensor };
type Session = { run(feeds: Tensors): Promise<Tensors>; release(): Promise<void> };
type Runtime = {
  readonly Tensor: new (type: string, data: unknown, dims: readonly number[]) => Tensor;
  readonly InferenceSession: { create(file: string, options: object): Promise<Session> };
};

const LAYERS = 6;
const HEADS = 8;
const HEAD_SIZE = 36;
const BEGIN = 1;
const END = 2;
/** Nobody says more; a decoder that repeats itself is stopped by it. */
const TOKENS_A_SECOND = 6.5;
const RATE = 16_000;
/** Less sure, it has heard a tone or noise: those came out at 0.39 at most. Words are mostly above 0.6; a few hard ones are lost. */
const LEAST_SURE = 0.42;

export class MoonshineModel {
  readonly #runtime: Runtime;
  readonly #encoder: Session;
  readonly #decoder: Session;
  readonly #tokens: readonly string[];

  private constructor(runtime: Runtime, encoder: Session, decoder: Session, tokens: readonly string[]) {
    this.#runtime = runtime;
    this.#encoder = encoder;
    this.#decoder = decoder;
    this.#tokens = tokens;
  }

  /** From the folder that scripts/ears.mjs makes. Rejects when something of it is missing. */
  static async load(folder: string): Promise<MoonshineModel> {
    const runtime = createRequire(path.join(folder, 'package.json'))('onnxruntime-node') as Runtime;
    const options = { intraOpNumThreads: 1, interOpNumThreads: 1, executionMode: 'sequential' };
    const open = (file: string) => runtime.InferenceSession.create(path.join(folder, file), options);
    const [encoder, decoder] = [await open('encoder_model.onnx'), await open('decoder_model_merged.onnx')];
    const tokens = JSON.parse(readFileSync(path.join(folder, 'tokens.json'), 'utf8')) as string[];
    return new MoonshineModel(runtime, encoder, decoder, tokens);
  }

  /** @param pcm 16 kHz, -1 to 1. Confidence: the geometric mean of what the decoder gave its tokens. */
  async hear(pcm: Float32Array): Promise<Heard> {
    const { Tensor } = this.#runtime;
    const { last_hidden_state: sound } = await this.#encoder.run({
      input_values: new Tensor('float32', pcm, [1, pcm.length]),
    });
    let cache = this.#emptyCache();
    const said: number[] = [];
    const most = Math.max(8, Math.ceil((pcm.length / RATE) * TOKENS_A_SECOND));
    let likelihood = 0;
    for (let token = BEGIN; said.length < most;) {
      const first = said.length === 0;
      const output = await this.#decoder.run({
        input_ids: new Tensor('int64', BigInt64Array.of(BigInt(token)), [1, 1]),
        encoder_hidden_states: sound!,
        use_cache_branch: new Tensor('bool', [!first], [1]),
        ...cache,
      });
      // There was a voice, so there is a word: an utterance does not begin with its end.
      const best = likeliest(output['logits']!.data, first ? END : -1);
      likelihood += best.log;
      if (best.token === END) break;
      said.push((token = best.token));
      cache = advance(cache, output, first);
    }
    const confidence = Math.exp(likelihood / (said.length + 1));
    return { text: confidence < LEAST_SURE ? '' : this.#text(said), confidence };
  }

  async release(): Promise<void> {
    await this.#encoder.release();
    await this.#decoder.release();
  }

  #emptyCache(): Tensors {
    const { Tensor } = this.#runtime;
    const cache: Record<string, Tensor> = {};
    for (let layer = 0; layer < LAYERS; layer++) {
      for (const part of ['decoder.key', 'decoder.value', 'encoder.key', 'encoder.value'])
        cache[`past_key_values.${layer}.${part}`] = new Tensor('float32', new Float32Array(0), [
          0,
          HEADS,
          1,
          HEAD_SIZE,
        ]);
    }
    return cache;
  }

  /** Pieces begin words with ▁; a byte that is no piece comes as <0xNN>. */
  #text(said: readonly number[]): string {
    const bytes = said.map((token) => {
      const piece = this.#tokens[token] ?? '';
      const byte = /^<0x([0-9A-F]{2})>$/.exec(piece)?.[1];
      return byte === undefined ? Buffer.from(piece.replaceAll('▁', ' ')) : Buffer.from(byte, 'hex');
    });
    return Buffer.concat(bytes).toString('utf8').trim();
  }
}

/** Keys and values of what was said grow with every token; those of the sound are the first step's for good. */
function advance(cache: Tensors, output: Tensors, first: boolean): Tensors {
  const next: Record<string, Tensor> = {};
  for (const name in cache) {
    const fresh = first || name.includes('decoder') ? output[name.replace('past_key_values', 'present')] : undefined;
    next[name] = fresh ?? cache[name]!;
  }
  return next;
}

/** The token with the highest score, never `barred`, and the log of its share (softmax). */
function likeliest(scores: Float32Array, barred: number): { token: number; log: number } {
  let token = barred === 0 ? 1 : 0;
  for (let i = 1; i < scores.length; i++) if (scores[i]! > scores[token]! && i !== barred) token = i;
  let sum = 0;
  for (let i = 0; i < scores.length; i++) sum += Math.exp(scores[i]! - scores[token]!);
  return { token, log: -Math.log(sum) };
}
