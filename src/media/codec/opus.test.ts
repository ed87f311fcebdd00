import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Application, createEncoder } from 'libopus-wasm';
import { levelDb } from '../tone/goertzel.ts';
import { OpusStream, saveOpusTime } from './opus.ts';
import { opusParameters } from './opus-parameters.ts';

const FRAME = 960;

/** A vowel-like sound that moves, so that a lost frame cannot be guessed from the one before. */
function voice(n: number): Int16Array {
  return Int16Array.from({ length: FRAME }, (_, i) => {
    const t = (n * FRAME + i) / 48_000;
    const phase = 2 * Math.PI * (150 * t + 8 * Math.sin(2 * Math.PI * 2 * t));
    let sum = 0;
    for (let k = 1; k <= 12; k++) sum += Math.sin(k * phase) / k;
    return 5000 * sum * (0.6 + 0.4 * Math.sin(2 * Math.PI * 6 * t));
  });
}

/** Total bytes of two seconds, and the bytes of the last frame. */
function size(fmtp: string, source: (n: number) => Int16Array = voice): { total: number; last: number } {
  const stream = new OpusStream(opusParameters(fmtp));
  const packet = new Uint8Array(1500);
  let total = 0;
  let last = 0;
  for (let n = 0; n < 100; n++) {
    last = stream.encode(source(n), packet, 0);
    total += last;
  }
  stream.close();
  return { total, last };
}

/** Power of the difference to a stream that lost nothing, over the lost frames, dB against the sound. */
function damage(withCopy: boolean, reported = 10, fmtp = 'useinbandfec=1;maxplaybackrate=16000'): number {
  const stream = new OpusStream(opusParameters(fmtp));
  stream.expectLoss(reported);
  const packets = Array.from({ length: 100 }, (_, n) => {
    const packet = new Uint8Array(1500);
    return packet.subarray(0, stream.encode(voice(n), packet, 0));
  });
  const whole = new OpusStream(opusParameters());
  const holed = new OpusStream(opusParameters());
  const good = new Int16Array(FRAME);
  const made = new Int16Array(FRAME);
  let signal = 0;
  let noise = 0;
  for (const [n, packet] of packets.entries()) {
    whole.decode(packet, 0, packet.length, good);
    const next = packets[n + 1];
    if (n % 10 !== 9 || next === undefined) {
      holed.decode(packet, 0, packet.length, made);
      continue;
    }
    if (withCopy) holed.recover(next, 0, next.length, made);
    else holed.conceal(made);
    for (let i = 0; i < FRAME; i++) {
      signal += good[i]! ** 2;
      noise += (good[i]! - made[i]!) ** 2;
    }
  }
  for (const one of [stream, whole, holed]) one.close();
  return 10 * Math.log10(noise / signal);
}

test('RFC 7587 §6.1: the far end’s bitrate is not exceeded, and without one it is 32 kbit/s', () => {
  assert.ok(Math.abs(size('').total * 4 - 32_000) < 4000, String(size('').total * 4));
  assert.ok(size('maxaveragebitrate=12000').total * 4 < 13_500, String(size('maxaveragebitrate=12000').total * 4));
});

test('usedtx=1: silence is a byte or two a frame, and less in all than without it', () => {
  const silence = () => new Int16Array(FRAME);
  const [asked, not] = [size('usedtx=1', silence), size('', silence)];
  assert.ok(asked.last <= 2, String(asked.last));
  assert.ok(asked.total < not.total, `${asked.total} against ${not.total}`);
});

test('useinbandfec=1: a lost frame is recovered from the next better than it is guessed', (t) => {
  const [copy, guess] = [damage(true), damage(false)];
  t.diagnostic(`error of lost frames: FEC ${copy.toFixed(1)} dB, concealed ${guess.toFixed(1)} dB`);
  assert.ok(copy < guess - 3, `${copy} against ${guess}`);
});

test('copies go along only where loss is reported, and only to a far end that can use them', () => {
  const guess = damage(false, 0);
  for (const without of [damage(true, 0), damage(true, 10, 'maxplaybackrate=16000')])
    assert.ok(without > guess - 1, `${without} against ${guess}`);
});

test('a stereo packet of the far end comes out as one channel', async () => {
  const far = await createEncoder({ channels: 2, bitrate: 64_000, application: Application.Audio });
  const stream = new OpusStream(opusParameters('stereo=1'));
  const into = new Int16Array(5760);
  const sent = new Int16Array(50 * FRAME);
  const heard = new Int16Array(50 * FRAME);
  for (let n = 0; n < 50; n++) {
    const left = voice(n);
    const packet = far.encode(Int16Array.from({ length: 2 * FRAME }, (_, i) => (i % 2 === 0 ? left[i >> 1]! : 0)));
    // The s bit of the TOC (RFC 6716 §3.1).
    assert.equal(packet[0]! & 4, 4);
    assert.equal(stream.decode(packet, 0, packet.length, into), FRAME);
    sent.set(left, n * FRAME);
    heard.set(into.subarray(0, FRAME), n * FRAME);
  }
  far.free();
  stream.close();
  // One silent channel and one with the voice: their mean is half the voice.
  const change = levelDb(heard) - levelDb(sent);
  assert.ok(Math.abs(change + 6) < 1, `${change} dB`);
});

test('what is sent has one channel, whatever the far end would take, and an odd frame is not encoded', () => {
  const stream = new OpusStream(opusParameters('stereo=1'));
  const packet = new Uint8Array(1500);
  assert.ok(stream.encode(voice(0), packet, 0) > 0);
  assert.equal(packet[0]! & 4, 0);
  assert.equal(stream.encode(new Int16Array(6000), packet, 0), 0);
  assert.equal(stream.encode(new Int16Array(961), packet, 0), 0);
  stream.close();
});

test('a thread short of time codes rougher, in as many bytes, and finely again when it has time', () => {
  const parameters = opusParameters();
  const encode = (): { bytes: number; level: number } => {
    const [stream, far] = [new OpusStream(parameters), new OpusStream(parameters)];
    const [packet, heard] = [new Uint8Array(1500), new Int16Array(FRAME)];
    let bytes = 0;
    for (let n = 0; n < 100; n++) {
      const size = stream.encode(voice(n), packet, 0);
      bytes += size;
      far.decode(packet, 0, size, heard);
    }
    stream.close();
    far.close();
    return { bytes, level: levelDb(heard) };
  };
  const fine = encode();
  saveOpusTime(true);
  const rough = encode();
  saveOpusTime(false);
  const again = encode();
  assert.deepEqual(again, fine);
  assert.notEqual(rough.bytes, fine.bytes);
  assert.ok(Math.abs(rough.bytes / fine.bytes - 1) < 0.15, `${rough.bytes} and ${fine.bytes} bytes`);
  assert.ok(Math.abs(rough.level - fine.level) < 1, `${rough.level} and ${fine.level} dB`);
});
