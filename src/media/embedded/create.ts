import { messageOf } from '../../base/index.ts';
import { EmbeddedEngine, type EmbeddedOptions } from './engine.ts';

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
