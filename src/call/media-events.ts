/** The engine speaks of endpoints, call control of legs: this is where one becomes the other. */
import { tellMoved } from './media-moved.ts';
import type { Services } from './services.ts';

/** Returns the function that stops listening. */
export function followMedia(services: Services): () => void {
  const { media, registry, alerts, studio } = services;
  const lost = (endpoint: string, why: string): void => {
    const leg = registry.legOfEndpoint(endpoint);
    if (leg === undefined) return;
    const { accountSid } = leg.identity;
    alerts.raise({ accountSid, type: 'media-failure', message: why, callSid: leg.callSid });
    leg.hangup({ by: 'error', reason: `media lost: ${why}` });
  };
  const off = [
    media.events.on('digit', (endpoint, digit, ms) => registry.legOfEndpoint(endpoint)?.pressed(digit, ms, 'rtp')),
    media.events.on('played', (endpoint, play, error, progress) =>
      registry.legOfEndpoint(endpoint)?.events.emit('played', play, error, progress),
    ),
    studio.studioEvents.on('detected', (endpoint, found) =>
      registry.legOfEndpoint(endpoint)?.events.emit('detected', found),
    ),
    media.events.on('keysSent', (endpoint) => registry.legOfEndpoint(endpoint)?.events.emit('keysSent')),
    studio.studioEvents.on('trackPlayed', (endpoint, track, error) =>
      registry.legOfEndpoint(endpoint)?.events.emit('trackPlayed', track, error),
    ),
    media.events.on('flowing', (endpoint, at) => registry.legOfEndpoint(endpoint)?.note('media.flowing', { at })),
    media.events.on('silent', (endpoint, ms) => registry.legOfEndpoint(endpoint)?.note('media.silent', { ms })),
    media.events.on('gone', (endpoint, why) => {
      const leg = registry.legOfEndpoint(endpoint);
      leg?.note('media.gone', { why });
      leg?.hangup({ by: 'error', reason: `media lost: ${why}` });
    }),
    media.events.on('reached', (endpoint, reached) => {
      const leg = registry.legOfEndpoint(endpoint);
      leg?.media?.reached(reached);
      leg?.renegotiated();
    }),
    media.events.on('recorded', (session, error) => registry.session(session)?.recording.ended(error)),
    media.events.on('lost', (endpoints, why) => {
      for (const endpoint of endpoints) lost(endpoint, why);
    }),
    media.events.on('moved', (endpoint, to) => {
      const leg = registry.legOfEndpoint(endpoint);
      if (leg !== undefined) tellMoved(leg, to, (why) => lost(endpoint, why));
    }),
  ];
  return () => {
    for (const each of off) each();
  };
}
