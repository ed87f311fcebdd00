/** The jitter buffer and what comes out of it, on a clock of its own: arrivals are made, frames are measured. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SeededRandom } from '../../base/index.ts';
import { encodeG711 } from '../codec/g711.ts';
import { toneSamples } from '../tone/generate.ts';
import { goertzel, levelDb } from '../tone/goertzel.ts';
import type { Arrival } from './jitter-buffer.ts';
import { Said } from './said.ts';

const PCMU = { receive: 0, send: 0, codec: 'PCMU', clockRate: 8000, channels: 1 };
const tone = encodeG711('PCMU', toneSamples([400], 1100, -15));

type Way = {
  packets: number;
  /** ms on top of the fastest way; Infinity loses it. */
  delay: (packet: number) => number;
  ms: number;
  /** How much slower the far clock runs. */
  drift: number;
};

/** Plays `packets` of a tone through; the frames that came out, one every 20 ms. */
function through(options: Partial<Way>) {
  const { packets = 250, delay = () => 0, ms = 20, drift = 0 } = options;
  const size = ms * 8;
  const arrivals = Array.from({ length: packets }, (_, i) => ({ i, at: 1000 + i * ms * (1 + drift) + delay(i) }))
    .filter(({ at }) => at < Infinity)
    .sort((a, b) => a.at - b.at);
  const said = new Said([PCMU], ms, 0, 1);
  const frames: Int16Array[] = [];
  const depths: number[] = [];
  let next = 0;
  for (let cycle = 0; cycle < (packets * ms * (1 + drift)) / 20; cycle++) {
    const now = 1003 + cycle * 20;
    for (; next < arrivals.length && arrivals[next]!.at <= now; next++) {
      const { i, at } = arrivals[next]!;
      const from = (i * size) % 8000;
      const bytes = tone.slice(from, from + size);
      said.buffer.sound(arrival(bytes, 65_500 + i, i * size), at);
    }
    said.pull(cycle, now);
    frames.push(said.frames.samples.slice());
    depths.push(said.waitingFrames);
  }
  return { said, frames, depths };
}

function arrival(bytes: Uint8Array, sequence: number, timestamp: number, ssrc = 7): Arrival {
  return {
    bytes,
    at: 0,
    length: bytes.length,
    sequence: sequence & 0xffff,
    timestamp: (timestamp + 0xfffff000) >>> 0,
    ssrc,
    type: 0,
    clockRate: 8000,
  };
}

const joined = (frames: readonly Int16Array[]): Int16Array => Int16Array.from(frames.flatMap((frame) => [...frame]));
const holes = (frames: readonly Int16Array[]): number => frames.filter((frame) => levelDb(frame) < -25).length;

test('an even stream waits one frame at most and comes out as it went in', () => {
  const { frames, depths } = through({});
  const first = frames.findIndex((frame) => levelDb(frame) > -30);
  assert.ok(first <= 1, `the first frame is number ${first}`);
  assert.ok(depths.slice(5).every((depth) => depth <= 1));
  const audio = joined(frames.slice(5));
  assert.ok(goertzel(audio, 400) > 0.999);
  assert.ok(Math.abs(levelDb(audio) + 15) < 0.2);
});

test('packets that overtake each other are put in order, numbers and timestamps wrapping', () => {
  const { frames, said } = through({ delay: (i) => (i % 10 === 3 ? 25 : 0) });
  assert.ok(goertzel(joined(frames.slice(60)), 400) > 0.99);
  assert.equal(holes(frames.slice(2)), 0);
  assert.ok(said.buffer.dropped <= 3);
});

test('the depth follows the jitter: up when packets come late, down when they are even again', () => {
  const random = new SeededRandom(3);
  const jittery = (i: number): number => (i < 500 ? random.integer(60) : 0);
  const { depths, frames, said } = through({ packets: 3000, delay: jittery });
  const during = Math.max(...depths.slice(200, 500));
  assert.ok(during >= 2 && during <= 5, `${during} frames deep`);
  assert.ok(
    depths.slice(-100).every((depth) => depth <= 1),
    `then ${depths.at(-1)}`,
  );
  // Once the depth is right nothing is late, so nothing is made up.
  assert.ok(goertzel(joined(frames.slice(300, 350)), 400) > 0.97);
  assert.equal(holes(frames.slice(5)), 0);
  assert.ok(said.buffer.dropped < 40, `${said.buffer.dropped} came too late`);
});

test('a lost packet is made up, five and twenty percent of them too', () => {
  for (const [share, silent, purity] of [
    [5, 3, 0.98],
    [20, 15, 0.9],
  ] as const) {
    const random = new SeededRandom(share);
    const { frames } = through({ packets: 1000, delay: () => (random.integer(100) < share ? Infinity : 0) });
    assert.ok(holes(frames.slice(5)) <= silent, `${holes(frames.slice(5))} silent frames at ${share} %`);
    assert.ok(
      goertzel(joined(frames.slice(5)), 400) > purity,
      `${goertzel(joined(frames.slice(5)), 400)} at ${share} %`,
    );
  }
});

test('packets of 10, 30 and 60 ms become frames of 20', () => {
  for (const ms of [10, 30, 60]) {
    const { frames } = through({ ms });
    assert.equal(holes(frames.slice(10)), 0);
    assert.ok(goertzel(joined(frames.slice(10)), 400) > 0.999, `${ms} ms`);
  }
});

test('a far clock that runs 0.02 % slower or faster is followed for ten minutes', () => {
  for (const drift of [2e-4, -2e-4]) {
    const { frames, depths } = through({ packets: 30_000, drift });
    assert.ok(Math.max(...depths.slice(50)) <= 2, `${Math.max(...depths.slice(50))}`);
    assert.ok(holes(frames.slice(50)) <= 2);
  }
});

test('silence is silence: it ends within 100 ms, and sound begins again at once', () => {
  const { frames } = through({ packets: 200, delay: (i) => (i >= 50 && i < 150 ? Infinity : 0) });
  assert.ok(frames.slice(56, 150).every((frame) => levelDb(frame) === Number.NEGATIVE_INFINITY));
  assert.ok(levelDb(frames[153]!) > -20);
});

test('a key among the packets is no loss, comfort noise has its level', () => {
  const said = new Said([PCMU], 20, 0, 1);
  let cycle = 0;
  const beat = (): Int16Array => {
    said.pull(cycle, 1015 + cycle * 20);
    cycle++;
    return said.frames.samples;
  };
  for (let i = 0; i < 40; i++) {
    const packet = arrival(tone.slice((i % 50) * 160, (i % 50) * 160 + 160), i, i * 160);
    if (i >= 20 && i < 23) said.buffer.nothing(packet, 1000 + i * 20);
    else if (i === 30) said.buffer.noise(arrival(Uint8Array.of(40), i, i * 160), 1000 + i * 20);
    else if (i < 30) said.buffer.sound(packet, 1000 + i * 20);
    beat();
  }
  assert.ok(Math.abs(levelDb(beat()) - (-40 + 6.15)) < 2, 'RFC 3389 counts from a square wave of full scale');
});

test('whatever comes, nothing throws and nothing grows', () => {
  const random = new SeededRandom(9);
  const said = new Said(
    [PCMU, { ...PCMU, codec: 'OPUS', clockRate: 48_000 }, { ...PCMU, codec: 'G722' }, { ...PCMU, codec: 'G729' }],
    20,
    0,
    1,
  );
  let sequence = 0;
  for (let cycle = 0; cycle < 5000; cycle++) {
    for (let n = random.integer(4) === 0 ? random.integer(200) : 1; n > 0; n--) {
      const bytes = Uint8Array.from({ length: random.integer(1501) }, () => random.integer(256));
      const wild = random.integer(20);
      sequence = wild === 0 ? random.integer(65_536) : (sequence + random.integer(3)) & 0xffff;
      const packet = arrival(bytes, sequence, random.integer(0x7fffffff), wild === 1 ? random.integer(5) : 7);
      packet.type = random.integer(5);
      packet.clockRate = packet.type === 1 ? 48_000 : 8000;
      const what = random.integer(8);
      if (what === 0) said.buffer.noise(packet, cycle * 20);
      else if (what === 1) said.buffer.nothing(packet, cycle * 20);
      else said.buffer.sound(packet, cycle * 20);
      assert.ok(said.buffer.span <= 32);
    }
    said.pull(cycle, cycle * 20 + random.integer(15));
    assert.equal(said.frames.samples.length, said.frames.rate / 50);
  }
  said.close();
});
