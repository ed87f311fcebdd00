/** The worker's inside without threads or sockets: what comes in is made up, what goes out is caught, time is moved. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock, SeededRandom } from '../../base/index.ts';
import { EVENTS, PCMA, PCMU } from '../fixture.ts';
import { readRtp, writeRtp } from '../rtp/header.ts';
import type { Far, Packet } from '../rtp/packet.ts';
import type { Command, Report } from './protocol.ts';
import { MediaSwitch } from './switch.ts';
import type { Wire, WireEvents } from './wire.ts';

type Sent = { socket: number; bytes: Uint8Array; far: Far };

function bench() {
  const clock = new FakeClock();
  const sent: Sent[] = [];
  const reports: Report[] = [];
  let events: WireEvents | undefined;
  const wire: Wire = {
    kind: 'dgram',
    bind: (slot) => events?.bound(slot, undefined),
    address: String,
    host: (address) => address,
    send: (socket, packet, far) =>
      sent.push({ socket, bytes: Uint8Array.from(packet.bytes.subarray(packet.at, packet.at + packet.length)), far }),
    close: () => {},
  };
  const media = new MediaSwitch({
    wire: (heard) => {
      events = heard;
      return wire;
    },
    clock,
    random: new SeededRandom(1),
    setup: {
      address: '',
      wires: [],
      restMs: 1000,
      restUnusedMs: 100,
      silentMs: 60_000,
      handles: new SharedArrayBuffer(8),
      effort: new SharedArrayBuffer(32),
    },
    report: (report) => reports.push(report),
  });
  const send = (socket: number, bytes: Uint8Array, port = 4000): void => {
    const packet: Packet = { bytes, at: 0, length: bytes.length, host: '192.0.2.1', port };
    events?.packet(socket, packet, clock.monotonic());
  };
  return { clock, sent, reports, media, send };
}

function settings(port: number, payloads = [PCMU, EVENTS]) {
  return { remote: { address: '192.0.2.1', port }, payloads, direction: 'sendrecv', ptime: 20 } as const;
}

function call(payloads = [PCMU, EVENTS]) {
  const made = bench();
  const commands: Command[] = [
    { do: 'bind', ports: [1000, 1002] },
    { do: 'open', id: 1, port: 1000, ssrc: 77 },
    { do: 'open', id: 2, port: 1002, ssrc: 88 },
    { do: 'configure', id: 1, settings: settings(4000) },
    { do: 'configure', id: 2, settings: settings(5000, payloads) },
    { do: 'bridge', a: 1, b: 2 },
  ];
  for (const command of commands) made.media.command(command);
  return made;
}

function rtp(sequence: number, payload: Uint8Array, first = 0x80, extra: Uint8Array = new Uint8Array(0)): Uint8Array {
  const bytes = new Uint8Array(12 + extra.length + payload.length);
  writeRtp(bytes, 0, { payloadType: 0, marker: false, sequence, timestamp: sequence * 160, ssrc: 5 });
  bytes[0] = first;
  bytes.set(extra, 12);
  bytes.set(payload, 12 + extra.length);
  return bytes;
}

test('contributing sources, extension and padding of one end are not passed to the other', () => {
  const { send, sent } = call();
  const payload = Uint8Array.of(1, 2, 3, 4);
  send(0, rtp(1, Uint8Array.of(1, 2, 3, 4, 0, 0, 0, 4), 0xb1, Uint8Array.of(9, 9, 9, 9, 0xbe, 0xde, 0, 1, 7, 7, 7, 7)));
  assert.equal(sent.length, 1);
  const out = readRtp(sent[0]!.bytes)!;
  assert.deepEqual([sent[0]!.bytes[0], [...out.payload], out.ssrc], [0x80, [...payload], 88]);
  assert.deepEqual([sent[0]!.socket, sent[0]!.far.port], [2, 5000]);
});

test('impossible padding and extension are dropped', () => {
  const { send, sent } = call([PCMA]);
  send(0, rtp(1, Uint8Array.of(1, 2, 3, 200), 0xa0));
  send(0, rtp(2, Uint8Array.of(1, 2, 3, 0), 0xa0));
  send(0, rtp(3, new Uint8Array(4), 0x90, Uint8Array.of(0xbe, 0xde, 255, 255)));
  assert.equal(sent.length, 0);
});

test('a tone keeps its beat when the timer is late, and gives frames up rather than sending them in a burst', () => {
  const { clock, media, sent } = call();
  const sound = { kind: 'tone', frequencies: [440], levelDb: -10, cadence: [{ on: 1000, off: 0 }] } as const;
  media.command({ do: 'play', id: 1, play: 'p', sound, loop: Infinity, limitMs: undefined });
  const counts: number[] = [];
  for (const late of [0, 20, 20, 47, 13, 20, 500, 20, 20]) {
    clock.advance(late);
    const before = sent.length;
    media.tick(clock.monotonic());
    counts.push(sent.length - before);
  }
  assert.deepEqual(counts, [1, 1, 1, 2, 1, 1, 0, 1, 1]);
  const stamps = sent.map(({ bytes }) => readRtp(bytes)!);
  const leap = stamps.findIndex((packet, i) => i > 0 && packet.marker);
  assert.ok(leap > 0);
  // The timeline leaps by what was given up; the numbers do not.
  assert.equal((stamps[leap]!.timestamp - stamps[leap - 1]!.timestamp) >>> 0, 4160);
  for (let i = 1; i < stamps.length; i++) assert.equal((stamps[i]!.sequence - stamps[i - 1]!.sequence) & 0xffff, 1);
});

test('noise of all kinds on all sockets, between commands of all kinds, makes no fault', () => {
  const { clock, media, send, reports } = call();
  const random = new SeededRandom(7);
  const sound = { kind: 'tone', frequencies: [440], levelDb: -10, cadence: [{ on: 100, off: 50 }] } as const;
  const commands: Command[] = [
    { do: 'configure', id: 1, settings: settings(4000) },
    { do: 'configure', id: 2, settings: settings(5000, [PCMA]) },
    { do: 'bridge', a: 1, b: 2 },
    { do: 'bridge', a: 1, b: 1 },
    { do: 'unbridge', id: 2 },
    { do: 'play', id: 1, play: 'x', sound, loop: 1, limitMs: 50 },
    { do: 'digits', id: 2, digits: '12', durationMs: 60 },
    { do: 'mute', id: 1, muted: true },
    { do: 'mute', id: 1, muted: false },
    { do: 'record', recording: 1, left: 1, right: 2, maxSeconds: 5 },
    { do: 'stopRecord', recording: 1, ask: 1 },
    { do: 'quality', id: 1, ask: 2, bySecond: false },
    { do: 'release', id: 99, ask: 3, silently: false },
  ];
  for (let i = 0; i < 20_000; i++) {
    const bytes = random.bytes(random.integer(60));
    if (bytes.length > 1 && i % 2 === 0) {
      bytes[0] = 0x80 | (bytes[0]! & 0x3f);
      bytes[1] = [0, 8, 101, 200, 201, 0x80][random.integer(6)]!;
    }
    send(random.integer(4), bytes, 4000 + random.integer(3));
    if (i % 10 === 0) media.command(commands[random.integer(commands.length)]!);
    clock.advance(random.integer(10));
    media.tick(clock.monotonic());
  }
  assert.deepEqual(
    reports.filter((report) => report.say === 'fault'),
    [],
  );
});

test('a pair that ghosts keep busy rests until they are quiet, ten minutes at most', () => {
  const { clock, media, send, reports } = call();
  const rested = (): boolean => reports.some((report) => report.say === 'rested' && report.ports.includes(1000));
  send(0, rtp(1, new Uint8Array(160)));
  media.command({ do: 'release', id: 1, ask: 1, silently: false });
  for (let ms = 0; ms < 5000; ms += 500) {
    send(0, rtp(1, new Uint8Array(160)));
    clock.advance(500);
    media.tick(clock.monotonic());
  }
  assert.equal(rested(), false);
  clock.advance(1100);
  media.tick(clock.monotonic());
  assert.equal(rested(), true);
});
