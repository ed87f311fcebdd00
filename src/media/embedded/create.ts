import { messageOf } from '../../base/index.ts';
import { EmbeddedEngine } from './engine.ts';
import type { EmbeddedOptions } from './options.ts';

/** A media engine in worker threads of this process, ready for calls. */
export async function createEmbeddedEngine(options: EmbeddedOptions): Promise<EmbeddedEngine> {
  const engine = new EmbeddedEngine(options);
  try {
    await engine.started();
  } catch (refused) {
    options.log.error({ error: messageOf(refused) }, 'media engine cannot start');
    await engine.close();
    throw refused;
  }
  return engine;
}
