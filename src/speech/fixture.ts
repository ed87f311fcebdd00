/** What the tests of this folder share: a speech service with its alerts in a list, and vendors as real local servers. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { type WebSocket, WebSocketServer } from 'ws';
import { type Clock, FakeClock, type Log, SystemClock, SystemRandom } from '../base/index.ts';
import type { Alerts, Speech, SpeechCredential } from '../ports/index.ts';
import { createSpeech, type SpeechOptions } from './speech.ts';
import { readSpeechWav } from './wav.ts';

export type Raised = Parameters<Alerts['raise']>[0];

const quiet = new Proxy({}, { get: () => () => quiet }) as Log;

export type Rig = {
  readonly speech: Speech;
  readonly alerts: Raised[];
  readonly dir: string;
  readonly clock: Clock;
};

/** A service with a cache of its own; stopped at the end of the test, leaving no timer. */
export function rig(t: TestContext, options: Partial<SpeechOptions> & { account?: SpeechCredential[] } = {}): Rig {
  const alerts: Raised[] = [];
  const clock = options.clock ?? new SystemClock();
  const dir = mkdtempSync(path.join(os.tmpdir(), 'graine-speech-test-'));
  const speech = createSpeech({
    clock,
    random: new SystemRandom(),
    log: quiet,
    alerts: { raise: (alert) => void alerts.push(alert) },
    tts: {},
    stt: {},
    credentialsOf: () => options.account ?? [],
    cache: { dir, maxBytes: 10_000_000, outlives: true },
    timeoutMs: 5000,
    refuse: () => 'a private address',
    earsFolder: path.join(dir, 'none'),
    ...options,
  });
  t.after(async () => {
    const stopping = speech.stop();
    if (clock instanceof FakeClock) clock.advance(60_000);
    await stopping;
    rmSync(dir, { recursive: true, force: true });
  });
  return { speech, alerts, dir, clock };
}

export type Asked = {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
};

/** A vendor over HTTP. Resolves with its origin. */
export async function httpVendor(
  t: TestContext,
  answer: (asked: Asked, response: ServerResponse) => void,
): Promise<string> {
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const { method = '', url = '', headers } = request;
      answer({ method, url, headers, body: Buffer.concat(parts) }, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A vendor over WebSocket. `let in` says with which status a connection is refused. Resolves with its origin. */
export async function socketVendor(
  t: TestContext,
  serve: (socket: WebSocket, request: IncomingMessage) => void,
  refuse: (request: IncomingMessage) => number | undefined = () => undefined,
): Promise<string> {
  const server = createServer();
  const sockets = new WebSocketServer({ noServer: true });
  server.on('upgrade', (request, socket, head) => {
    const status = refuse(request);
    if (status !== undefined) return void socket.end(`HTTP/1.1 ${status} No\r\nContent-Length: 0\r\n\r\n`);
    return sockets.handleUpgrade(request, socket, head, (accepted) => serve(accepted, request));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    for (const socket of sockets.clients) socket.terminate();
    server.closeAllConnections();
    server.close();
  });
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A tone, one second. */
export function tone(rate: number, hz = 440): Int16Array {
  return Int16Array.from({ length: rate }, (_, i) => 8000 * Math.sin((2 * Math.PI * hz * i) / rate));
}

export function bytesOf(pcm: Int16Array): Buffer {
  return Buffer.from(pcm.buffer, pcm.byteOffset, pcm.byteLength);
}

export function soundAt(file: string): { pcm: Int16Array; rate: number } {
  return readSpeechWav(readFileSync(file));
}

/** Waits for what must become true; fails with `what`. */
export async function until(what: string, ready: () => boolean): Promise<void> {
  for (const end = performance.now() + 20_000; !ready(); await delay(5))
    if (performance.now() > end) throw new Error(`never came true: ${what}`);
}

/** Seconds of a voice (a buzz) or of a quiet room. */
export function sound(kind: 'voice' | 'room', seconds: number): Int16Array {
  let seed = 1;
  return Int16Array.from({ length: 16_000 * seconds }, (_, i) => {
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
    const noise = (seed / 2 ** 31 - 0.5) * 40;
    // Syllables: four a second.
    return kind === 'room'
      ? noise
      : noise + 6000 * Math.sin((2 * Math.PI * 180 * i) / 16_000) * Math.sin((Math.PI * 4 * i) / 16_000);
  });
}
