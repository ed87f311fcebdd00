import type { Clock, Log, Random } from '../base/index.ts';
import type { Config } from '../config/index.ts';
import { createEmbeddedEngine, createRtpengineEngine } from '../media/index.ts';
import type { MediaEngine, StudioEngine, WorkerLoad } from '../ports/index.ts';

/** What the media engine is asked for. */
const wires = { auto: true, epoll: 'epoll', dgram: false } as const;

export type MediaParts = {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Ports that calls of an earlier process have. */
  readonly kept: readonly number[];
};

export type OpenedMedia = {
  readonly engine: MediaEngine & StudioEngine;
  /** How hard its workers on this machine have worked since they were last asked. */
  readonly load: () => readonly WorkerLoad[];
};

/** The engine of the configuration. Workers are there in any case: rtpengine only takes the relay from them. */
export async function openMedia(config: Config, parts: MediaParts): Promise<OpenedMedia> {
  const { clock, random, kept } = parts;
  const log = parts.log.child({ area: 'media' });
  const { media, sip } = config;
  const { first, last } = media.ports;
  const silentMs = media.silence_seconds * 1000;
  const workers = await createEmbeddedEngine({
    address: media.address,
    ports: `${first}-${last}`,
    workers: media.workers,
    kept,
    clock,
    random,
    log,
    restMs: media.port_rest_seconds * 1000,
    silentMs,
    preferBatched: wires[media.wire],
    ...(sip.advertise === undefined ? {} : { publicAddress: sip.advertise }),
  });
  const load = () => workers.load();
  if (media.engine === 'embedded') return { engine: workers, load };
  const engine = await createRtpengineEngine({ places: media.rtpengine, workers, clock, random, log, silentMs });
  return { engine, load };
}
