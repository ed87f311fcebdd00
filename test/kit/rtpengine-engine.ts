/** The media engine over rtpengine, in this process, without a server around it. */
import assert from 'node:assert/strict';
import { SystemClock, SystemRandom, silentLog } from '../../src/base/index.ts';
import { testEngine } from '../../src/media/fixture.ts';
import { createRtpengineEngine } from '../../src/media/index.ts';
import { after } from '../../src/testing/index.ts';

export async function rtpengineEngine(...places: readonly string[]) {
  const clock = new SystemClock();
  const workers = await testEngine({ clock });
  const random = new SystemRandom();
  const engine = await createRtpengineEngine({ places, workers, clock, random, log: silentLog, silentMs: 600 });
  return {
    engine,
    workers,
    clock,
    /** Resolves when the audio of this endpoint goes that way. */
    way: async (endpoint: string, wanted: 'direct' | 'worker'): Promise<void> => {
      for (let tries = 0; engine.wayOf(endpoint) !== wanted && tries < 150; tries++) await after(20);
      assert.equal(engine.wayOf(endpoint), wanted);
    },
  };
}
