/** `graine demo`: one call through the whole server, on real sockets with real audio, measured and shown. */
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { now } from '../testing/index.ts';
import { type Check, type DemoCall, placeCall } from './call.ts';
import { followLive } from './live.ts';
import { stereo } from './recording.ts';
import { Screen } from './screen.ts';
import { openStage, type Stage, type StartServer } from './stage.ts';

export type DemoOptions = {
  /** Folder of what it leaves behind. */
  readonly out: string;
  readonly startServer: StartServer;
  readonly print?: (line: string) => void;
  readonly color?: boolean;
};

/** Runs it; resolves with the exit code: 0 only when everything was really measured. */
export async function runDemo(options: DemoOptions): Promise<number> {
  const print = options.print ?? ((line: string) => console.log(line));
  const color = options.color ?? process.stdout.isTTY === true;
  const screen = new Screen(['caller', 'graine', 'carrier', 'desk', 'bob'], { color, print });
  const began = performance.now();
  screen.title('Graine: a call comes in, the app answers with dial, three phones ring, one wins');
  let stage: Stage | undefined;
  try {
    await mkdir(options.out, { recursive: true });
    stage = await openStage(options.startServer);
    screen.head(now());
    followLive(stage, screen);
    const demo = await placeCall(stage, screen);
    const kept = await keep(stage, demo, options.out);
    const checks = [...demo.checks, ...kept];
    screen.title(`Measured in ${((performance.now() - began) / 1000).toFixed(1)} s`);
    for (const check of checks) screen.check(check.ok, check.what, check.detail);
    const good = checks.every((check) => check.ok);
    screen.title(good ? 'It works: two-way audio through Graine.' : 'Something is wrong: see the marks above.');
    return good ? 0 : 1;
  } catch (fault) {
    screen.title('The demo failed');
    screen.plain(fault instanceof Error ? (fault.stack ?? fault.message) : String(fault));
    return 1;
  } finally {
    await stage?.close();
  }
}

/** Writes demo-out: the ladder page and the timeline from REST, the recording from what both phones received. */
async function keep(stage: Stage, demo: DemoCall, out: string): Promise<Check[]> {
  const sid = String(demo.action['call_sid']);
  const base = `/v1/Accounts/${String(demo.action['account_sid'])}/Calls/${sid}/Trace`;
  const wav = stereo(demo.winner.media?.ears.packets.entries ?? [], demo.call.media?.ears.packets.entries ?? []);
  await writeFile(path.join(out, 'call.wav'), wav);
  const seconds = (wav.length - 44) / 4 / 8000;
  return [
    { ok: seconds > 1, what: 'call.wav: caller left, callee right', detail: `${seconds.toFixed(1)} s` },
    await save(stage, base, path.join(out, 'timeline.json')),
    await save(stage, `${base}?format=html`, path.join(out, 'ladder.html')),
  ];
}

async function save(stage: Stage, url: string, file: string): Promise<Check> {
  const response = await stage.rest(url);
  const text = await response.text();
  const page = file.endsWith('.html');
  const shown = page || !response.ok ? text : JSON.stringify(JSON.parse(text), null, 2);
  if (response.ok) await writeFile(file, shown);
  const detail = response.ok ? `${Math.ceil(shown.length / 1024)} KiB` : `REST answered ${response.status}`;
  const ok = response.ok && shown.includes('INVITE') && shown.includes('BYE');
  return { ok, what: `${path.basename(file)}: ${page ? 'the ladder page' : 'the timeline'} of the server`, detail };
}
