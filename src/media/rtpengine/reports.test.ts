// What listeners reported of a far end, by the books of rtpengine 10.5.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nothingCarried } from './anchors.ts';
import { bdecode, bencode } from './bencode.ts';
import { withCarried } from './figures.ts';
import type { NgAnswer } from './ng-client.ts';
import { FarReports, lastHeard, reportedBy } from './reports.ts';

const LISTENER = 1283066645;
const entry = (at: number, loss: number) => ({ MOS: 20, 'packet loss': loss, 'reported at': at });

/** As rtpengine answers `query`. */
function answer({ average = {}, entries = [entry(100, 20)], ssrc = LISTENER }: Record<string, unknown> = {}): NgAnswer {
  const said = { MOS: 20, 'round-trip time': 1300, jitter: 3, 'packet loss': 21, samples: 2, ...(average as object) };
  const book = { 'cumulative loss': 60, 'average MOS': said, 'MOS progression': { interval: 0, entries } };
  const stream = { SSRC: ssrc, 'last packet': 99, stats: { packets: 400, bytes: 68_800 } };
  const tags = { 'far-b': { medias: [{ streams: [stream] }] } };
  return bdecode(Buffer.from(bencode({ SSRC: { [String(ssrc)]: book }, tags } as never))) as NgAnswer;
}

const taken = (...answers: NgAnswer[]): FarReports => {
  const reports = new FarReports();
  for (const each of answers) reports.take(reportedBy(each, 'far-b'));
  return reports;
};

test('the share that the listener missed is the average of its reports, not what rtpengine calls cumulative', () => {
  const reported = reportedBy(answer(), 'far-b');
  assert.deepEqual(
    [reported?.ssrc, reported?.samples, reported?.lossPercent, reported?.jitterMs, reported?.roundTripMs],
    [LISTENER, 2, 21, 3, 1.3],
  );
  assert.equal(taken(answer()).lossPercent, 21);
  assert.equal(lastHeard(answer(), 'far-b'), 99);
});

test('no report, none with a round trip, or figures that cannot be: unknown', () => {
  assert.equal(reportedBy(answer(), 'far-a'), undefined);
  assert.equal(reportedBy({}, 'far-b'), undefined);
  for (const average of [{ samples: 0 }, { 'round-trip time': 0 }, { 'packet loss': 100 }, { 'packet loss': -1 }])
    assert.equal(reportedBy(answer({ average }), 'far-b'), undefined, JSON.stringify(average));
  assert.equal(taken({}).lossPercent, undefined);
});

test('the report after a hole is left out; where no other is listed the share is unknown', () => {
  const entries = [entry(100, 10), entry(105, 12), entry(112, 89), entry(117, 14)];
  const later = answer({ average: { samples: 4, 'packet loss': 31 }, entries });
  const reports = taken(answer({ entries: entries.slice(0, 2) }));
  reports.resumed(200, 107);
  reports.take(reportedBy(later, 'far-b'));
  assert.equal(reports.lossPercent, 12);
  const early = taken(answer({ entries: [entry(112, 89)] }));
  early.resumed(200, 107);
  assert.equal(early.lossPercent, undefined);
});

test('so long a hole is none: the listener begins to count anew', () => {
  const reports = taken(answer());
  reports.resumed(5000, 99);
  assert.equal(reports.lossPercent, 21);
});

test('a listener with another source, and another rtpengine, add to what was reported before', () => {
  const other = answer({ ssrc: 7, average: { samples: 6, 'packet loss': 1 } });
  assert.equal(taken(answer(), other).lossPercent, (2 * 21 + 6 * 1) / 8);
  assert.equal(taken(other, answer({ ssrc: 7, average: { samples: 2, 'packet loss': 9 } })).lossPercent, (6 + 18) / 8);
});

test('a share of the packets that passed: the figures of the whole call say so', () => {
  const carried = nothingCarried();
  carried.received = { packets: 400, bytes: 64_000 };
  carried.reports.take(reportedBy(answer({ average: { 'packet loss': 20 } }), 'far-b'));
  const none = {
    packetsReceived: 0,
    packetsSent: 0,
    packetsLost: 0,
    bytesReceived: 0,
    bytesSent: 0,
    packetsLostPercent: undefined,
    jitterMs: undefined,
    roundTripMs: undefined,
    mos: undefined,
  };
  const whole = withCarried(none as never, carried, undefined);
  assert.deepEqual([whole.packetsReceived, whole.packetsLost, whole.packetsLostPercent], [400, 100, 20]);
  const unheard = nothingCarried();
  unheard.received = carried.received;
  assert.equal(withCarried(none as never, unheard, undefined).packetsLostPercent, undefined);
});
