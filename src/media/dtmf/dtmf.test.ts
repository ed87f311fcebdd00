/* oxlint-disable max-params -- rows of numbers read best as rows */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { goertzel } from '../tone/goertzel.ts';
import { areDigits, digitFrequencies, DIGITS, digitSamples, eventOf } from './digits.ts';
import { DigitReceiver, LOST_END_MS } from './receiver.ts';
import { DigitSender } from './sender.ts';

type Told = [string, number];

function receiver(): {
  told: Told[];
  packet: (event: number, end: boolean, duration: number, timestamp: number, now?: number) => void;
  keys: DigitReceiver;
} {
  const told: Told[] = [];
  const keys = new DigitReceiver((digit, ms) => told.push([digit, ms]));
  const packet = (event: number, end: boolean, duration: number, timestamp: number, now = 0): void => {
    keys.packet(Uint8Array.of(event, end ? 0x8a : 10, duration >> 8, duration & 255), 0, 4, timestamp, now);
  };
  return { told, packet, keys };
}

test('§2.5 a key is told once, at its first end, whatever is repeated', () => {
  const { told, packet } = receiver();
  packet(1, false, 160, 1000);
  packet(1, false, 320, 1000);
  assert.deepEqual(told, []);
  for (let i = 0; i < 3; i++) packet(1, true, 480, 1000);
  assert.deepEqual(told, [['1', 60]]);
});

test('a key of which only the last end packet arrived is told', () => {
  const { told, packet } = receiver();
  packet(11, true, 800, 5000);
  assert.deepEqual(told, [['#', 100]]);
});

test('the same key pressed twice is two keys', () => {
  const { told, packet } = receiver();
  packet(7, true, 400, 1000, 0);
  packet(7, true, 400, 3000, 250);
  assert.deepEqual(
    told.map(([digit]) => digit),
    ['7', '7'],
  );
});

test('a lost end is made up for by the next key, or by time', () => {
  const { told, packet, keys } = receiver();
  packet(1, false, 160, 1000, 0);
  packet(2, false, 160, 2000, 100);
  assert.deepEqual(told, [['1', 20]]);
  keys.tick(100 + LOST_END_MS - 1);
  assert.equal(told.length, 1);
  keys.tick(100 + LOST_END_MS);
  assert.deepEqual(told[1], ['2', 20]);
  packet(2, true, 480, 2000, 400);
  assert.equal(told.length, 2);
});

test('a late packet of an earlier key does not press it again', () => {
  const { told, packet } = receiver();
  packet(1, true, 400, 1000, 0);
  packet(2, true, 400, 2000, 100);
  packet(1, true, 400, 1000, 110);
  assert.equal(told.length, 2);
});

test('events that are no keys, short packets and an event that changes its code are ignored', () => {
  const { told, packet, keys } = receiver();
  packet(16, true, 400, 1000);
  keys.packet(Uint8Array.of(1, 0x8a, 1), 0, 3, 1000, 0);
  packet(3, false, 160, 5000);
  packet(9, true, 400, 5000);
  packet(3, true, 400, 5000);
  assert.deepEqual(told, [['3', 50]]);
});

test('§2.5.1 a sender makes packets that a receiver reads as the digits, each with three ends', () => {
  const { told, keys } = receiver();
  const sender = new DigitSender('1#A', 100);
  const bytes = new Uint8Array(4);
  let timestamp = 0;
  let start = 0;
  let ends = 0;
  for (let frame = 0; !sender.over && frame < 200; frame++, timestamp += 160) {
    if (sender.starts) start = timestamp;
    if (!sender.frame(bytes, 0)) continue;
    if (bytes[1]! >= 0x80) ends++;
    keys.packet(bytes, 0, 4, start, frame * 20);
  }
  assert.deepEqual(told, [
    ['1', 100],
    ['#', 100],
    ['A', 100],
  ]);
  assert.equal(ends, 9);
});

test('Q.23 digits as sound have their two frequencies and a gap between', () => {
  const samples = digitSamples('5D', 100);
  const parts = [samples.subarray(0, 800), samples.subarray(1280, 2080)];
  for (const [i, digit] of ['5', 'D'].entries()) {
    for (const frequency of digitFrequencies(digit)!) assert.ok(goertzel(parts[i]!, frequency) > 0.4, digit);
  }
  assert.ok(samples.subarray(800, 1280).every((sample) => sample === 0));
});

test('§3.2 event codes are those of the table, and nothing else is a digit', () => {
  assert.deepEqual(
    DIGITS.split('').map(eventOf),
    Array.from({ length: 16 }, (_, i) => i),
  );
  assert.equal(eventOf('d'), 15);
  for (const text of ['', 'E', '1 2', '12w', '1'.repeat(65)]) assert.equal(areDigits(text), false, text);
});
