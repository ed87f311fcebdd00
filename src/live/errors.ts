import { defineError } from '../base/index.ts';

export const liveUrl = defineError('live-url', {
  message: "live.url '{url}' is not understood",
  fix: 'Use memory: or redis://host:6379',
  http: 500,
});

export const liveFull = defineError('live-full', {
  message: '{what}: the limit of {limit} is reached',
  fix: 'Remove old contacts, or raise the limit',
  http: 503,
});
