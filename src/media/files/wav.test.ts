import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SeededRandom } from '../../base/index.ts';
import { encodeG711 } from '../codec/g711.ts';
import { toneSamples } from '../tone/generate.ts';
import { goertzel, levelDb } from '../tone/goertzel.ts';
import { RateChange, resample, toMono } from './resample.ts';
import { readWav, wavHeader, SoundFault, writeWav } from './wav.ts';

function sine(frequency: number, rate: number, seconds = 1): Int16Array {
  return Int16Array.from({ length: rate * seconds }, (_, i) =>
    Math.round(9000 * Math.sin((2 * Math.PI * frequency * i) / rate)),
  );
}

test('a WAV is read as it was written, mono and stereo', () => {
  const left = sine(440, 8000);
  const right = sine(1000, 8000);
  assert.deepEqual(readWav(writeWav({ rate: 8000, channels: [left, right] })), { rate: 8000, channels: [left, right] });
  assert.deepEqual(readWav(writeWav({ rate: 16_000, channels: [left] })).rate, 16_000);
});

for (const [codec, code] of [
  ['PCMU', 7],
  ['PCMA', 6],
] as const) {
  test(`${codec} in a WAV is decoded, with a fact chunk before the sound and an odd one padded`, () => {
    const data = encodeG711(codec, toneSamples([440], 100));
    const file = Buffer.concat([
      wavHeader(8000, 1, data.length).subarray(0, 36),
      Buffer.from('fact\x03\0\0\0abc\0data\0\0\0\0', 'latin1'),
      data,
    ]);
    file.writeUInt16LE(code, 20);
    file.writeUInt16LE(8, 34);
    file.writeUInt32LE(data.length, file.length - data.length - 4);
    assert.ok(goertzel(readWav(file).channels[0]!, 440) > 0.97);
  });
}

/** A WAV of one channel with its own format. */
function written(
  code: number,
  bits: number,
  samples: readonly number[],
  write: (at: number, value: number, into: Buffer) => void,
): Buffer {
  const width = bits / 8;
  const file = Buffer.concat([wavHeader(8000, 1, samples.length * width), Buffer.alloc(samples.length * width)]);
  file.writeUInt16LE(code, 20);
  file.writeUInt16LE(bits, 34);
  for (const [i, value] of samples.entries()) write(44 + i * width, value, file);
  return file;
}

const shape = [0, 0.5, -0.5, 0.25, -1];
for (const [name, code, bits, write] of [
  ['8 bit', 1, 8, (at, value, file) => file.writeUInt8(Math.round(value * 128) + 128, at)],
  ['24 bit', 1, 24, (at, value, file) => file.writeIntLE(Math.round(value * 2 ** 23), at, 3)],
  ['32 bit', 1, 32, (at, value, file) => file.writeInt32LE(Math.round(value * 2 ** 31), at)],
  ['32 bit float', 3, 32, (at, value, file) => file.writeFloatLE(value, at)],
] as [string, number, number, (at: number, value: number, file: Buffer) => void][]) {
  test(`${name} samples become the same 16 bit ones`, () => {
    const read = readWav(written(code, bits, shape, write)).channels[0]!;
    for (const [i, value] of shape.entries())
      assert.ok(Math.abs(read[i]! - value * 32_768) <= 1, `${read[i]} ${value}`);
  });
}

test('float samples that are too loud are cut off, and what is no number is silence', () => {
  const write = (at: number, value: number, file: Buffer) => file.writeFloatLE(value, at);
  const { channels } = readWav(written(3, 32, [2, -7, Number.NaN, Infinity], write));
  assert.deepEqual([...channels[0]!], [32_767, -32_768, 0, 32_767]);
});

test('any number of chunks may stand before the sound, but not any number at all', () => {
  const sound = writeWav({ rate: 8000, channels: [sine(440, 8000)] });
  const list = Buffer.from('LIST\x05\0\0\0INFO \0', 'latin1');
  const chunked = (count: number) =>
    Buffer.concat([sound.subarray(0, 36), ...Array.from({ length: count }, () => list), sound.subarray(36)]);
  assert.equal(readWav(chunked(20)).channels[0]!.length, 8000);
  assert.throws(() => readWav(chunked(1000)), /more than 256 chunks/);
});

test('the sizes of RF64 are elsewhere; what is there counts', () => {
  const file = writeWav({ rate: 8000, channels: [sine(440, 8000)] });
  file.write('RF64', 0, 'latin1');
  file.writeUInt32LE(0xffffffff, 4);
  file.writeUInt32LE(0xffffffff, 40);
  assert.equal(readWav(file).channels[0]!.length, 8000);
});

test('an odd rate is taken as the nearest that needs few filters', () => {
  for (const rate of [8001, 47_999, 12_345]) {
    const low = resample(sine(1000, rate), rate, 8000);
    assert.ok(Math.abs(low.length - 8000) <= 16, `${rate}: ${low.length}`);
    assert.ok(levelDb(low) > levelDb(sine(1000, 8000)) - 0.5);
  }
});

test('a rate is changed in pieces as it is in one', () => {
  const whole = sine(440, 44_100);
  const change = new RateChange(44_100, 8000);
  const pieces: number[] = [];
  for (let at = 0; at < whole.length; at += 1000) pieces.push(...change.push(whole.subarray(at, at + 1000), false));
  pieces.push(...change.push(new Int16Array(0), true));
  assert.deepEqual(Int16Array.from(pieces), resample(whole, 44_100, 8000));
});

test('an extensible header tells its code in the GUID', () => {
  const sound = writeWav({ rate: 8000, channels: [sine(440, 8000)] });
  const format = Buffer.alloc(24);
  format.writeUInt16LE(22, 0);
  format.writeUInt16LE(1, 8);
  const file = Buffer.concat([sound.subarray(0, 36), format, sound.subarray(36)]);
  file.writeUInt32LE(40, 16);
  file.writeUInt16LE(0xfffe, 20);
  assert.ok(goertzel(readWav(file).channels[0]!, 440) > 0.97);
});

test('a recording cut short by a crash (size 0 or too large) is read as far as it goes', () => {
  const file = writeWav({ rate: 8000, channels: [sine(440, 8000)] });
  for (const size of [0, 0xffffff00, 0xffffffff]) {
    file.writeUInt32LE(size, 40);
    assert.equal(readWav(file.subarray(0, 44 + 8000)).channels[0]!.length, 4000);
  }
});

test('malformed files are refused with a reason that says what to mend', () => {
  const good = writeWav({ rate: 8000, channels: [sine(440, 8000)] });
  const edit = (change: (file: Buffer) => void): Buffer => {
    const file = Buffer.from(good);
    change(file);
    return file;
  };
  const bad: [Buffer, RegExp][] = [
    [Buffer.alloc(0), /not a RIFF/],
    [Buffer.from('ID3 and some music that is no WAV at all'), /not a RIFF/],
    [good.subarray(0, 30), /too short/],
    [good.subarray(0, 36), /no data chunk/],
    [good.subarray(0, 44), /no sound/],
    [edit((f) => f.writeUInt16LE(2, 20)), /format 2 is not/],
    [edit((f) => f.writeUInt16LE(12, 34)), /12 bits/],
    [edit((f) => f.writeUInt16LE(6, 22)), /6 channels/],
    [edit((f) => f.writeUInt16LE(0, 22)), /0 channels/],
    [edit((f) => f.writeUInt32LE(0, 24)), /0 Hz/],
    [edit((f) => f.writeUInt32LE(192_000, 24)), /192000 Hz/],
    [edit((f) => f.writeUInt32LE(4, 16)), /too short/],
    [edit((f) => f.writeUInt32LE(0xffffffff, 16)), /too short|no fmt/],
    [edit((f) => f.write('data', 12, 'latin1')), /before the fmt/],
  ];
  for (const [file, reason] of bad)
    assert.throws(
      () => readWav(file),
      (fault) => fault instanceof SoundFault && reason.test(fault.message),
      String(reason),
    );
});

test('noise in a header never does worse than a SoundFault', () => {
  const random = new SeededRandom(3);
  const good = writeWav({ rate: 8000, channels: [sine(440, 8000).subarray(0, 200)] });
  for (let i = 0; i < 3000; i++) {
    const file = Buffer.from(good);
    for (let n = 0; n < 3; n++) file[random.integer(60)] = random.integer(256);
    try {
      readWav(file.subarray(0, random.integer(file.length + 1)));
    } catch (fault) {
      assert.ok(fault instanceof SoundFault, String(fault));
    }
  }
});

for (const rate of [16_000, 44_100, 48_000, 11_025]) {
  test(`${rate} Hz becomes 8000 Hz: speech stays as loud, what is above 4 kHz is gone`, () => {
    const low = resample(sine(1000, rate), rate, 8000);
    assert.ok(Math.abs(low.length - 8000) <= 1);
    assert.ok(goertzel(low, 1000) > 0.99);
    assert.ok(Math.abs(levelDb(low) - levelDb(sine(1000, 8000))) < 0.2);
    const edge = resample(sine(3000, rate), rate, 8000);
    assert.ok(levelDb(edge) - levelDb(sine(3000, 8000)) > -1, String(levelDb(edge)));
    const high = resample(sine(rate > 11_025 ? 5000 : 5200, rate), rate, 8000);
    assert.ok(levelDb(high.subarray(200, -200)) < levelDb(low) - 40, String(levelDb(high)));
  });
}

test('stereo becomes the mean of both', () => {
  const mono = toMono([sine(440, 8000), sine(1000, 8000)], 8000);
  assert.ok(Math.abs(goertzel(mono, 440) - 0.5) < 0.01);
  assert.ok(Math.abs(goertzel(mono, 1000) - 0.5) < 0.01);
});
