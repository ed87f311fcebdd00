// Feeds one recording to the detector, as the media worker does, and then a silent line: a file that ends is not a call that ends.
const FRAME = 160;
const TAIL_MS = 6000;

/** What was found: events, and the first verdict (human, machine, unknown, no-speech, fax or sit) with its time. */
export function listen(Detector, samples, { tailMs = TAIL_MS, options = {} } = {}) {
  const events = [];
  const detector = make(Detector, options, (found) => events.push(found));
  const frame = new Int16Array(FRAME);
  for (let at = 0; at + FRAME <= samples.length; at += FRAME) detector.push(samples.subarray(at, at + FRAME));
  for (let ms = 0; ms < tailMs; ms += 20) {
    for (let i = 0; i < FRAME; i++) frame[i] = ((i * 7919 + ms * 104729) % 17) - 8;
    detector.push(frame);
  }
  const verdict = events.find(({ event }) => event !== 'tone' && event !== 'greeting-end' && event !== 'stopped');
  return {
    events,
    verdict: verdict?.event ?? 'none',
    at: verdict?.atMs,
    reason: verdict?.reason,
    confidence: verdict?.confidence,
  };
}

/** A detector's class, or a function that makes one with a model of its own. */
function make(Detector, options, tell) {
  return Detector.prototype?.push === undefined ? Detector(options, tell) : new Detector(options, tell);
}
