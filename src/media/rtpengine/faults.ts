import { defineError } from '../../base/index.ts';

export const noAnswer = defineError('rtpengine-no-answer', {
  message: "rtpengine at {address} did not answer '{command}'",
  fix: 'Is it running, with listen-ng at that address? Nothing else may answer there.',
  http: 503,
});
export const refused = defineError('rtpengine-refused', {
  message: "rtpengine at {address} refused '{command}': {why}",
  fix: 'Its own log says more; the calls it knows are shown by rtpengine-ctl list sessions all.',
  http: 503,
});
export const badAnswer = defineError('rtpengine-bad-answer', {
  message: "what rtpengine at {address} answered to '{command}' cannot be read",
  fix: 'Another program may listen there; rtpengine 10.5 and later is understood.',
  http: 503,
});
export const keyNotTaken = defineError('rtpengine-key', {
  message: "rtpengine at {address} does not encrypt with the key it was shown ('{command}')",
  fix: 'A worker encrypts this call instead, and rtpengine passes SRTP on. rtpengine 10.5 takes keys over.',
  http: 503,
});
export const badPlace = defineError('rtpengine-address', {
  message: "'{place}' is no address of an rtpengine",
  fix: 'Write udp://address:port or udp://address:port?weight=3, with an IP address.',
  http: 500,
});
