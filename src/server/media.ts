import type { Clock, Log, Random } from '../base/index.ts';
import type { Config } from '../config/index.ts';
import { createEmbeddedEngine, createRtpengineEngine, type EmbeddedEngine } from '../media/index.ts';
import type { MediaEngine, StudioEngine } from '../ports/index.ts';

/** What the media engine is asked for. */
const wires = { auto: true, epoll: 'epoll', dgram: false } as const;

export type MediaParts = {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Ports that calls of an earlier process have. */
  readonly kept: readonly number[];
};

/** `workers`: the threads of this process, whoever relays. */
export type OpenMedia = { readonly media: MediaEngine & StudioEngine; readonly workers: Pick<EmbeddedEngine, 'load'> };

/** The engine of the configuration. Workers are there in any case: rtpengine only takes the relay from them. */
export async function openMedia(config: Config, parts: MediaParts): Promise<OpenMedia> {
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
    nearCandidates: config.hooks.allow_private_addresses,
    preferBatched: wires[media.wire],
    ...(sip.advertise === undefined ? {} : { publicAddress: sip.advertise }),
  });
  if (media.engine === 'embedded') return { media: workers, workers };
  const rtpengine = await createRtpengineEngine({ places: media.rtpengine, workers, clock, random, log, silentMs });
  return { media: rtpengine, workers };
}
