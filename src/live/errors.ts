import { defineError } from '../base/index.ts';

export const liveUrl = defineError('live-url', {
  message: "live.url '{url}' is not understood",
  fix: 'Use memory:',
  http: 500,
});

export const liveNotBuilt = defineError('live-not-built', {
  message: 'live.url {url}: Redis is not in this version',
  fix: 'Use memory: (one node)',
  http: 500,
});

export const liveFull = defineError('live-full', {
  message: '{what}: the limit of {limit} is reached',
  fix: 'Remove old contacts, or raise the limit',
  http: 503,
});
