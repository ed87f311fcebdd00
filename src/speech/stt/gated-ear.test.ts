import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Emitter } from '../../base/index.ts';
import type { VoiceGate } from '../../ports/index.ts';
import { sound } from '../fixture.ts';
import { type Ear, VendorFault } from '../vendor.ts';
import { GatedEar } from './gated-ear.ts';

const usual: VoiceGate = { voiceMs: 120, silenceMs: 600, padMs: 300, aboveDb: 8, strategy: 'continuous' };

/** A vendor's stream: how much it was sent, and whether it was told to end. */
class Stream implements Ear {
  readonly events: Ear['events'] = new Emitter();
  readonly rate = 16_000;
  seconds = 0;
  state: 'open' | 'ending' | 'ended' = 'open';
  end: () => void = () => {};

  write(pcm: Int16Array): void {
    this.seconds += pcm.length / 16_000;
  }

  finish(): Promise<void> {
    this.state = 'ending';
    return new Promise((resolve) => {
      this.end = () => {
        this.state = 'ended';
        resolve();
      };
    });
  }

  says(transcript: string): void {
    const alternatives = [{ transcript, confidence: 1 }];
    this.events.emit('result', { final: true, alternatives, language: 'en', vendor: 'test' });
  }
}

function gated(gate: Partial<VoiceGate> = {}) {
  const streams: Stream[] = [];
  const ear = new GatedEar(
    () => {
      const stream = new Stream();
      streams.push(stream);
      return stream;
    },
    { ...usual, ...gate },
  );
  const heard: string[] = [];
  ear.events.on('result', ({ alternatives }) => heard.push(alternatives[0]!.transcript));
  const say = (...parts: Int16Array[]): void => {
    for (const part of parts) for (let at = 0; at < part.length; at += 777) ear.write(part.subarray(at, at + 777));
  };
  return { ear, streams, heard, say };
}

test('a quiet room opens nothing; a voice does, and what was before it goes along', () => {
  const { streams, say } = gated();
  say(sound('room', 5));
  assert.equal(streams.length, 0);
  say(sound('voice', 2));
  assert.equal(streams.length, 1);
  assert.ok(streams[0]!.seconds > 2.1 && streams[0]!.seconds < 2.6, `${streams[0]!.seconds} s`);
});

test('a pause ends the stream, and the next voice is a stream of its own; last words are told', async () => {
  const { ear, streams, heard, say } = gated();
  say(sound('room', 1), sound('voice', 1), sound('room', 2));
  assert.equal(streams[0]?.state, 'ending');
  assert.ok(streams[0].seconds < 2.2, `${streams[0].seconds} s`);
  say(sound('voice', 1));
  assert.equal(streams.length, 2);
  streams[0].says('the first');
  streams[0].end();
  const finished = ear.finish();
  streams[1]!.says('the second');
  streams[1]!.end();
  await finished;
  assert.deepEqual(heard, ['the first', 'the second']);
});

test('one-shot: the first voice opens it for good', () => {
  const { streams, say } = gated({ strategy: 'one-shot' });
  say(sound('room', 1), sound('voice', 1), sound('room', 3), sound('voice', 1));
  assert.equal(streams.length, 1);
  assert.ok(streams[0]!.seconds > 5, `${streams[0]!.seconds} s`);
});

test('voiceMs: a shorter sound is no voice', () => {
  const { streams, say } = gated({ voiceMs: 1000 });
  say(sound('room', 1), sound('voice', 0.5), sound('room', 1));
  assert.equal(streams.length, 0);
  say(sound('voice', 1.3));
  assert.equal(streams.length, 1);
});

test('aboveDb: what stands out less is no voice', () => {
  const murmur = sound('voice', 1).map((each) => each / 15);
  const sensitive = gated({ aboveDb: 4 });
  sensitive.say(sound('room', 2), murmur);
  const strict = gated({ aboveDb: 30 });
  strict.say(sound('room', 2), murmur);
  assert.deepEqual([sensitive.streams.length, strict.streams.length], [1, 0]);
});

test('a stream that fails fails the ear, once; one that cannot open too', () => {
  const { ear, streams, say } = gated();
  const faults: string[] = [];
  ear.events.on('failed', ({ message }) => faults.push(message));
  say(sound('room', 1), sound('voice', 1));
  streams[0]!.events.emit('failed', new VendorFault('refused', 'wrong key'));
  say(sound('voice', 1));
  assert.deepEqual([faults, streams.length], [['wrong key'], 1]);
  const broken = new GatedEar(() => {
    throw new VendorFault('unusable', 'not here');
  }, usual);
  broken.events.on('failed', ({ message }) => faults.push(message));
  for (const part of [sound('room', 1), sound('voice', 1)]) broken.write(part);
  assert.deepEqual(faults, ['wrong key', 'not here']);
});
