import assert from 'node:assert/strict';
import { test } from 'node:test';
import { goertzel, levelDb } from '../tone/goertzel.ts';
import { type AudioCodec, createCodec } from './audio-codec.ts';

const names = ['PCMU', 'PCMA', 'G722', 'OPUS'];

function make(codec: string, fmtp?: string): AudioCodec {
  const made = createCodec(fmtp === undefined ? { codec } : { codec, fmtp });
  assert.ok(made, codec);
  return made;
}

function tone(codec: AudioCodec, frame: number): Int16Array {
  const at = (i: number) => (2 * Math.PI * 440 * (frame * codec.frame + i)) / codec.rate;
  return Int16Array.from({ length: codec.frame }, (_, i) => 8000 * Math.sin(at(i)));
}

test('a second of tone keeps its pitch and level through every codec, frame by frame', () => {
  for (const name of names) {
    const codec = make(name);
    const bytes = new Uint8Array(1500);
    const all = new Int16Array(codec.rate);
    for (let n = 0; n < 50; n++) {
      const size = codec.encode(tone(codec, n), bytes, 12);
      const frame = all.subarray(n * codec.frame, (n + 1) * codec.frame);
      assert.equal(codec.decode(bytes, 12, size, frame), codec.frame, name);
    }
    const settled = all.subarray(codec.rate / 5);
    assert.ok(goertzel(settled, 440, codec.rate) > 0.99, `${name}: ${goertzel(settled, 440, codec.rate)}`);
    assert.ok(Math.abs(levelDb(settled) - levelDb(tone(codec, 0))) < 1, name);
    codec.close();
  }
});

test('RFC 3551 §4.5.2: G.722 counts 8000 a second though it samples 16000', () => {
  const rates = names.map((name) => [make(name).rate, make(name).clockRate, make(name).frame]);
  assert.deepEqual(rates, [
    [8000, 8000, 160],
    [8000, 8000, 160],
    [16_000, 8000, 320],
    [48_000, 48_000, 960],
  ]);
});

/** Random bytes, the same in every run. */
function junk(length: number, seed: number): Uint8Array {
  let state = seed | 1;
  return Uint8Array.from({ length }, () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state & 0xff;
  });
}

test('E5: random bytes of any length never make a decoder throw, and it still hears a good packet after them', () => {
  for (const name of names) {
    const codec = make(name);
    const other = make(name);
    const into = new Int16Array(5760);
    for (let n = 0; n < 600; n++) {
      const bytes = junk((n * 37) % 1600, n + 1);
      const count =
        n % 3 === 0 ? codec.recover(bytes, 0, bytes.length, into) : codec.decode(bytes, 0, bytes.length, into);
      assert.ok(count >= 0 && count <= into.length, name);
      codec.decode(bytes, bytes.length, 9, into);
      codec.decode(bytes, 0, bytes.length, into.subarray(0, n % 50));
    }
    const packet = new Uint8Array(1500);
    let share = 0;
    for (let n = 0; n < 50; n++) {
      const count = codec.decode(packet, 0, other.encode(tone(other, n), packet, 0), into);
      share = goertzel(into.subarray(0, count), 440, codec.rate);
    }
    assert.ok(share > 0.9, `${name}: ${share}`);
    codec.close();
  }
});

test('E5: a codec we do not have is undefined, and an odd fmtp is no failure', () => {
  for (const codec of ['G729', 'TELEPHONE-EVENT', 'CN', '', '__proto__'])
    assert.equal(createCodec({ codec }), undefined);
  for (const fmtp of ['annexb=yes', ';;;=', 'maxplaybackrate=0;maxaveragebitrate=0', 'x'.repeat(10_000)]) {
    const codec = make('OPUS', fmtp);
    assert.ok(codec.encode(tone(codec, 0), new Uint8Array(1500), 0) > 0);
    codec.close();
  }
});

test('concealing gives 20 ms of a sound that goes on, and a second of it is silent', () => {
  for (const name of names) {
    const codec = make(name);
    const packet = new Uint8Array(1500);
    const into = new Int16Array(codec.frame);
    for (let n = 0; n < 25; n++) codec.decode(packet, 0, codec.encode(tone(codec, n), packet, 0), into);
    assert.equal(codec.conceal(into), codec.frame);
    assert.ok(levelDb(into) > -20, `${name}: ${levelDb(into)}`);
    for (let n = 0; n < 50; n++) codec.conceal(into);
    assert.ok(levelDb(into) < -45, `${name}: ${levelDb(into)}`);
    codec.close();
  }
});

test('after close a codec is harmless, and closing twice is allowed', () => {
  for (const name of names) {
    const codec = make(name);
    codec.close();
    codec.close();
    assert.ok(codec.decode(Uint8Array.of(1, 2), 0, 2, new Int16Array(960)) >= 0);
  }
});
